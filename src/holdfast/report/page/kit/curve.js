// Line plots as SVG. Lines differ by colour and by dashes.

const CURVE = { width: 640, height: 250, left: 62, right: 14, top: 12, bottom: 40 };

/** A `LinePlot` of results: {lines: [{name, x, y, low, high}], x_label, y_label, title, x_log, y_log}, as wide as there is room. */
function curve(part, size = {}) {
  const layout = { ...CURVE, ...size };
  if (!curvePicture(part, layout)) return el("p", { class: "note" }, `${part.title || "A curve"}: no finite numbers to plot.`);
  const holder = el("div", { style: `height: ${layout.height}px` });
  onWidth(holder, (width) => holder.replaceChildren(curvePicture(part, { ...layout, width })));
  return el("figure", {}, part.title ? el("figcaption", {}, el("strong", {}, part.title)) : null, holder, legend(part.lines));
}

function curvePicture(part, { width, height, left, right, top, bottom }) {
  const x = axis(part.lines.flatMap((line) => line.x), part.x_log, left, width - right);
  const all = part.lines.flatMap((line) => [...line.y, ...(line.low || []), ...(line.high || [])]);
  const y = axis(all, part.y_log, height - bottom, top);
  if (!x || !y) return null;
  const picture = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "curve", role: "img", "aria-label": described(part) });
  for (const { value, text } of y.ticks) {
    picture.append(draw("line", { x1: left, x2: width - right, y1: y.at(value), y2: y.at(value), class: "grid" }));
    picture.append(draw("text", { x: left - 7, y: y.at(value) + 4, class: "tick end" }, text));
  }
  for (const { value, text } of x.ticks) picture.append(draw("text", { x: x.at(value), y: height - bottom + 17, class: "tick middle" }, text));
  part.lines.forEach((line, number) => {
    const look = { stroke: lineColour(number), "stroke-dasharray": DASHES[number % DASHES.length], class: "line" };
    if (line.low && line.low.length) picture.append(band(line, x, y, number));
    for (const piece of pieces(line, x, y)) {
      picture.append(piece.length > 1 ? draw("polyline", { points: piece.join(" "), ...look }) : dot(piece[0], number));
    }
  });
  picture.append(draw("text", { x: (left + width - right) / 2, y: height - 5, class: "label middle" }, part.x_label + (part.x_log ? " (logarithmic)" : "")));
  const middle = (height - bottom + top) / 2;
  picture.append(draw("text", { x: 13, y: middle, class: "label middle", transform: `rotate(-90 13 ${middle})` }, part.y_label + (part.y_log ? " (log)" : "")));
  return picture;
}

function described(part) {
  const names = part.lines.map((line) => line.name).filter(Boolean);
  return `${part.title || "Curve"}: ${part.y_label} over ${part.x_label}${names.length ? `; lines: ${names.join(", ")}` : ""}`;
}

/** {at(value), ticks} of an axis from pixel `from` to pixel `to`, or null if no value can be drawn on it. */
function axis(values, log, from, to) {
  const known = values.filter((v) => v !== null && Number.isFinite(v) && (!log || v > 0)).map((v) => (log ? Math.log10(v) : v));
  if (!known.length) return null;
  let low = Infinity;
  let high = -Infinity;
  for (const v of known) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low === high) [low, high] = [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
  const at = (value) => from + (((log ? Math.log10(value) : value) - low) / (high - low)) * (to - from);
  return { at, low, high, log, ticks: marks(low, high, log, known.every(Number.isInteger)) };
}

/** The tick positions and labels of an axis, no two of them alike; only whole numbers if all data are whole. */
function marks(low, high, log, whole) {
  if (log && high - low < 1) return labelled(ticks(10 ** low, 10 ** high, 4));
  const places = ticks(low, high, 5).filter((t) => !(log || whole) || Number.isInteger(t));
  return log ? places.map((t) => ({ value: 10 ** t, text: power(t) })) : labelled(places);
}

function labelled(places) {
  const values = [...new Set(places)];
  const texts = tickTexts(values);
  return values.map((value, n) => ({ value, text: texts[n] }));
}

function power(exponent) {
  if (!Number.isInteger(exponent)) return show(10 ** exponent);
  const raised = [...String(exponent)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("");
  return Math.abs(exponent) <= 3 ? show(10 ** exponent) : `10${raised}`;
}

function drawable(axis, value) {
  return value !== null && Number.isFinite(value) && (!axis.log || value > 0);
}

/** The line as runs of points without missing values. */
function pieces(line, x, y) {
  const found = [[]];
  line.x.forEach((at, n) => {
    if (drawable(x, at) && drawable(y, line.y[n])) found[found.length - 1].push(`${x.at(at).toFixed(1)},${y.at(line.y[n]).toFixed(1)}`);
    else if (found[found.length - 1].length) found.push([]);
  });
  return found.filter((piece) => piece.length);
}

function dot(point, number) {
  const [cx, cy] = point.split(",");
  return draw("circle", { cx, cy, r: 3, fill: lineColour(number) });
}

function band(line, x, y, number) {
  const there = line.x.map((_, n) => n).filter((n) => drawable(x, line.x[n]) && drawable(y, line.low[n]) && drawable(y, line.high[n]));
  const upper = there.map((n) => `${x.at(line.x[n])},${y.at(line.high[n])}`);
  const lower = there.map((n) => `${x.at(line.x[n])},${y.at(line.low[n])}`).reverse();
  return draw("polygon", { points: [...upper, ...lower].join(" "), fill: lineColour(number), class: "band" });
}

function legend(lines) {
  if (!lines.some((line) => line.name)) return null;
  return el(
    "ul",
    { class: "legend" },
    lines.map((line, n) => {
      const sample = draw("line", { x1: 0, x2: 26, y1: 5, y2: 5, stroke: lineColour(n), "stroke-dasharray": DASHES[n % DASHES.length], class: "line" });
      return el("li", {}, draw("svg", { width: 26, height: 10, "aria-hidden": "true" }, sample), line.name);
    }),
  );
}
