// Heat maps on a canvas, drawn once. The cursor is a separate element, which moves without redrawing.

/**
 * `grid`: {rows, columns, at(row, column), low, high, rowName(row), columnName(column), rowLabel, columnLabel, unit, title}.
 * `chosen(row, column)` is called on a click and on Enter; arrow keys move a cell's cursor. Returns {element, redraw(),
 * moveTo(column), select(row)}.
 */
function heatMap(grid, chosen = null) {
  const canvas = el("canvas", {
    class: "raster",
    role: chosen ? "application" : "img",
    tabindex: chosen ? 0 : null,
    "aria-label": `${grid.title}: ${grid.rows} rows (${grid.rowLabel}) by ${grid.columns} columns (${grid.columnLabel})${chosen ? ". Arrow keys move, Enter chooses." : ""}`,
  });
  const cursor = el("div", { class: "cursor", hidden: true });
  const frame = el("div", { class: "frame" }, canvas, cursor);
  const said = el("output", { class: "said" });
  const names = el("div", { class: "row-names", "aria-hidden": "true" });
  const scale = el("canvas", { class: "scale", "aria-hidden": "true", width: 256, height: 1 });
  const ends = el("span", { class: "ends" });
  const foot = el("div", { class: "foot" }, el("span", {}, grid.columnName(0)), el("span", {}, grid.columnLabel), el("span", {}, grid.columnName(grid.columns - 1)));
  const element = el(
    "figure",
    { class: "map" },
    el("figcaption", {}, el("strong", {}, grid.title), " ", el("span", { class: "key" }, ends, scale)),
    el("div", { class: "map-body" }, names, el("div", { class: "map-main" }, frame, foot)),
    said,
  );
  const height = Math.max(5, Math.min(18, Math.floor(220 / grid.rows)));
  frame.style.height = `${height * grid.rows}px`;
  names.style.height = frame.style.height;
  let row = 0;
  let column = 0;
  let shown = 0;
  let width = 0; // known from the last layout: asking again while something moves would force a new one

  function redraw() {
    const signedMap = grid.low < 0;
    const largest = Math.max(Math.abs(grid.low), Math.abs(grid.high)) || 1;
    const table = shades(signedMap);
    const image = new ImageData(grid.columns, grid.rows);
    for (let r = 0; r < grid.rows; r++) {
      for (let c = 0; c < grid.columns; c++) {
        const value = grid.at(r, c);
        const at = (r * grid.columns + c) * 4;
        if (!Number.isFinite(value) || value === null) {
          image.data.set([128, 128, 128, 90], at);
          continue;
        }
        const share = signedMap ? (value / largest + 1) / 2 : value / largest;
        const shade = Math.max(0, Math.min(255, Math.round(share * 255))) * 3;
        image.data[at] = table[shade];
        image.data[at + 1] = table[shade + 1];
        image.data[at + 2] = table[shade + 2];
        image.data[at + 3] = 255;
      }
    }
    canvas.width = grid.columns;
    canvas.height = grid.rows;
    canvas.getContext("2d").putImageData(image, 0, 0);
    const bar = new ImageData(256, 1);
    for (let i = 0; i < 256; i++) bar.data.set([table[i * 3], table[i * 3 + 1], table[i * 3 + 2], 255], i * 4);
    scale.getContext("2d").putImageData(bar, 0, 0);
    ends.textContent = `${show(signedMap ? -largest : 0)} to ${show(largest)}${grid.unit ? ` (${grid.unit})` : ""} `;
    if (names.childElementCount === 0) {
      const every = Math.ceil(grid.rows / Math.max(1, Math.floor((height * grid.rows) / 13)));
      for (let r = 0; r < grid.rows; r += every) {
        const name = el("span", {}, grid.rowName(r));
        name.style.top = `${(r + 0.5) * height}px`;
        names.append(name);
      }
      names.style.width = `${Math.min(180, Math.max(28, ...[...names.children].map((n) => n.textContent.length * 7 + 8)))}px`;
    }
  }

  function moveTo(where) {
    shown = where;
    putCursor(cursor, where, grid.columns, width);
  }

  function tell(r, c) {
    said.textContent = `${grid.rowLabel} ${grid.rowName(r)}, ${grid.columnLabel} ${grid.columnName(c)}: ${show(grid.at(r, c))}`;
  }

  function placed(event) {
    const box = canvas.getBoundingClientRect();
    const within = (share, count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    return [within((event.clientY - box.top) / box.height, grid.rows), within((event.clientX - box.left) / box.width, grid.columns)];
  }

  canvas.addEventListener("pointermove", (event) => tell(...placed(event)));
  canvas.addEventListener("pointerleave", () => (said.textContent = ""));
  if (chosen) {
    canvas.addEventListener("click", (event) => {
      [row, column] = placed(event);
      chosen(row, column);
    });
    canvas.addEventListener("focus", () => {
      column = shown;
      tell(row, column);
    });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [0, 0], " ": [0, 0] };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      row = Math.max(0, Math.min(grid.rows - 1, row + move[0]));
      column = Math.max(0, Math.min(grid.columns - 1, (move[1] ? column : shown) + move[1]));
      tell(row, column);
      chosen(row, column);
    });
  }
  onWidth(frame, (now) => {
    width = now;
    if (!cursor.hidden) moveTo(shown);
  });
  redraw();
  return { element, redraw, moveTo, select: (r) => (row = r) };
}
