// Success over the lag. Every cell has its own mark, dashes and colour, the same in all plots; ticks are at the tested lags.

const CHART = { height: 270, left: 52, right: 18, top: 12, bottom: 42, beside: 9, label: 30 };

/** Marks as paths about (0, 0). They differ in shape, so that colour is not needed to tell them apart. */
const MARKS = [
  "M-5 0 A5 5 0 1 1 5 0 A5 5 0 1 1 -5 0 Z",
  "M-4.5 -4.5 H4.5 V4.5 H-4.5 Z",
  "M0 -6 L5.5 4.5 H-5.5 Z",
  "M0 -6 L6 0 L0 6 L-6 0 Z",
  "M0 6 L5.5 -4.5 H-5.5 Z",
  "M-5 -5 L5 5 M5 -5 L-5 5",
  "M0 -6 V6 M-6 0 H6",
  "M0 -6 L5.7 -1.9 L3.5 4.9 H-3.5 L-5.7 -1.9 Z",
];

/** Five, so that marks, dashes and colours come together again only after 280 lines. */
const LINE_DASHES = [...DASHES, "14 3"];

/** The look of every line of all plots by its name: {mark, hollow, dashes, shade}; hollow marks follow the filled ones. */
function lineLooks(parts) {
  const names = [...new Set(parts.flatMap((part) => part.lines.map((line) => line.name)))];
  return new Map(names.map((name, n) => [name, { mark: MARKS[n % MARKS.length], hollow: Math.floor(n / MARKS.length) % 2 === 1, dashes: LINE_DASHES[n % LINE_DASHES.length], shade: lineColour(n) }]));
}

/** The figure of a plot {lines: [{name, x, y, low, high}], x_label, y_label, title}, as wide as there is room. */
function successChart(part, looks) {
  const holder = el("div", { style: `height: ${CHART.height}px` });
  onWidth(holder, (width) => holder.replaceChildren(successPicture(part, looks, width)));
  return el("figure", {}, el("figcaption", {}, el("strong", {}, part.title)), holder, el("ul", { class: "legend" }, part.lines.map((line) => legendItem(line.name, looks.get(line.name)))));
}

function successPicture(part, looks, width) {
  const { height, left, right, top, bottom } = CHART;
  const lags = [...new Set(part.lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  // Marks of one lag stay nearer to it than to the next.
  const closest = lags.slice(1).reduce((least, lag, k) => Math.min(least, Math.log(lag / lags[k])), Infinity) / Math.log(lags[lags.length - 1] / lags[0] || 2);
  const beside = Math.min(CHART.beside, (closest * (width - left - right)) / (part.lines.length + 2));
  const edge = 12 + ((part.lines.length - 1) * beside) / 2; // room for the marks beside the first and the last lag
  const [low, high] = [Math.log(lags[0]), Math.log(lags[lags.length - 1])];
  const x = (lag) => left + edge + ((Math.log(lag) - low) / (high - low || 1)) * (width - left - right - 2 * edge);
  const y = (share) => top + (1 - share) * (height - top - bottom);
  const picture = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "curve success-chart", role: "img", "aria-label": described(part) });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    picture.append(draw("line", { x1: left, x2: width - right, y1: y(share), y2: y(share), class: "grid" }), draw("text", { x: left - 7, y: y(share) + 4, class: "tick end" }, `${100 * share} %`));
  }
  let labelled = -Infinity;
  for (const lag of lags) {
    picture.append(draw("line", { x1: x(lag), x2: x(lag), y1: height - bottom, y2: height - bottom + 5, class: "lag" }));
    if (x(lag) - labelled < CHART.label) continue;
    picture.append(draw("text", { x: x(lag), y: height - bottom + 18, class: "tick middle" }, count(lag)));
    labelled = x(lag);
  }
  part.lines.forEach((line, n) => {
    const look = looks.get(line.name);
    const shift = (n - (part.lines.length - 1) / 2) * beside;
    const at = line.x.map((lag, k) => [x(lag) + shift, line.y[k], line.low[k], line.high[k]]).filter(([, share]) => share !== null);
    const group = draw("g", { class: "series", "data-name": line.name, style: `stroke: ${look.shade}` });
    group.append(draw("polyline", { points: at.map(([px, share]) => `${px.toFixed(1)},${y(share).toFixed(1)}`).join(" "), class: "line", "stroke-dasharray": look.dashes }));
    for (const [px, share, least, most] of at) {
      group.append(draw("path", { d: `M${px} ${y(least)} V${y(most)} M${px - 3} ${y(least)} h6 M${px - 3} ${y(most)} h6`, class: "interval" }), mark(look, px, y(share)));
    }
    picture.append(group);
  });
  const middle = (height - bottom + top) / 2;
  picture.append(draw("text", { x: (left + width - right) / 2, y: height - 6, class: "label middle" }, `${part.x_label}, on a logarithmic scale`));
  picture.append(draw("text", { x: 12, y: middle, class: "label middle", transform: `rotate(-90 12 ${middle})` }, part.y_label));
  return picture;
}

function mark(look, px, py) {
  return draw("path", { d: look.mark, class: "mark", transform: `translate(${px} ${py})`, style: `stroke: ${look.shade}; fill: ${look.hollow ? "var(--sheet)" : look.shade}` });
}

function legendItem(name, look) {
  const sample = draw("svg", { width: 38, height: 16, "aria-hidden": "true" }, draw("line", { x1: 1, x2: 37, y1: 8, y2: 8, class: "line", style: `stroke: ${look.shade}`, "stroke-dasharray": look.dashes }), mark(look, 19, 8));
  return el("li", {}, sample, name);
}
