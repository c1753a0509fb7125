// Renders results by their type: paragraphs, tables, curves, heat maps.

const MOST_ROWS = 40;

/** The element for one part of `core/results.py`. */
function drawPart(part) {
  switch (part.part) {
    case "Text":
      return el("div", { class: "text" }, part.title ? el("h4", {}, part.title) : null, el("p", { class: "pre" }, part.text));
    case "Table":
      return table(part);
    case "LinePlot":
      return curve(part);
    case "Heatmap":
      return fixedMap(part);
    default:
      return el("p", { class: "note" }, `A part of kind ${part.part} cannot be drawn here.`);
  }
}

function table(part) {
  const isNumber = (text) => /^[\s\d.,e+\-\u2212]*$/i.test(text);
  const right = part.heads.map((_, c) => part.rows.length > 0 && part.rows.every((row) => isNumber(row[c])));
  const cells = (row, kind) => row.map((text, c) => el(kind, { class: right[c] ? "number" : null, scope: kind === "th" ? "col" : null }, text));
  const hidden = part.rows.slice(MOST_ROWS);
  const whole = el(
    "table",
    {},
    part.title ? el("caption", {}, part.title) : null,
    el("thead", {}, el("tr", {}, cells(part.heads, "th"))),
    el("tbody", {}, part.rows.slice(0, MOST_ROWS).map((row) => el("tr", {}, cells(row, "td")))),
  );
  if (!hidden.length) return el("div", { class: "scroll" }, whole);
  const more = el("button", { type: "button", onclick: () => {
    whole.tBodies[0].append(...hidden.map((row) => el("tr", {}, cells(row, "td"))));
    more.remove();
  } }, `Show ${hidden.length} more rows`);
  return el("div", { class: "scroll" }, whole, more);
}

/** A `Heatmap` of results; with `chosen(row, column)` it can be clicked. */
function fixedMap(part, chosen = null) {
  const numbers = part.values.flat().filter((v) => v !== null);
  if (!numbers.length) return el("p", { class: "note" }, `${part.title || "A heat map"}: no finite numbers to plot.`);
  const grid = {
    rows: part.rows.length,
    columns: part.columns.length,
    at: (r, c) => part.values[r][c] ?? NaN,
    low: numbers.reduce((a, b) => Math.min(a, b)),
    high: numbers.reduce((a, b) => Math.max(a, b)),
    rowName: (r) => part.rows[r],
    columnName: (c) => part.columns[c],
    rowLabel: part.row_label,
    columnLabel: part.column_label,
    unit: part.unit,
    title: part.title || part.unit,
  };
  const map = heatMap(grid, chosen);
  onTheme(map.redraw);
  return map.element;
}
