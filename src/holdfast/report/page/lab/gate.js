// One gate of one unit at one step: W·x + U·h + b as bars, then the function that makes it a gate, with numbers.

const LETTERS = { x: "W·x", h: "U·h", constant: "constant" };
const CURVES = {
  sigmoid: { sign: "σ", of: (z) => 1 / (1 + Math.exp(-z)), low: 0, high: 1 },
  tanh: { sign: "tanh", of: Math.tanh, low: -1, high: 1 },
  relu: { sign: "max(0, ·)", of: (z) => Math.max(0, z), low: 0, high: 5 },
};

function gatePanel(lab) {
  const chips = el("div", { class: "chips", role: "group", "aria-label": "gates" });
  const title = el("h3", {});
  const equation = el("p", { class: "note mono" });
  const bars = el("div", { class: "bars" });
  const weights = weightList(lab);
  const redraw = everyFrame(follow);
  for (const name of ["view", "begin", "settings"]) lab.on(name, redraw);
  return el("div", { class: "gate", id: "gate" }, el("div", { class: "gate-head" }, title, equation, chips), el("div", { class: "gate-body" }, bars, weights.element));

  function follow() {
    const { now } = lab;
    const cell = lab.cell();
    if (chips.dataset.cell !== now.settings.cell) {
      chips.dataset.cell = now.settings.cell;
      chips.replaceChildren(...cell.gates.map((gate) => el("button", { type: "button", class: "gate-chip", "data-gate": gate, "data-role": roleOf(cell, gate), onclick: () => lab.look({ gate, weight: null }) }, `${gate} ${cell.letters[gate] || ""}`)));
    }
    for (const chip of chips.children) chip.setAttribute("aria-pressed", chip.dataset.gate === now.gate);
    const trace = now.traces[now.row];
    if (!trace) return;
    const parts = partsOf(lab, trace);
    const letter = cell.letters[now.gate] || now.gate;
    title.textContent = `${now.gate}${isOpening(cell, now.gate) ? " gate" : ""}, unit ${now.unit + 1}, step ${now.step + 1}`;
    equation.textContent = cell.equation.find((line) => line.startsWith(`${letter} = `))?.replace(/\bsigmoid\b/g, "σ") || "";
    const curve = CURVES[cell.words[now.gate]];
    bars.dataset.role = roleOf(cell, now.gate);
    bars.replaceChildren(...(parts ? [barsPicture(parts), curve ? pointOnCurve(curve, parts.sum, parts.value) : el("p", { class: "note" }, `The gate is ${signed(parts.value)}.`)] : [el("p", { class: "note" }, "This gate has no number of its own for every unit: above, every number of it is a square, from purple (negative) to orange (positive).")]));
    weights.follow();
  }
}

/** {value, sum, all: [{name, value}]} of the gate that is looked at, or null where a unit has no number of its own. */
function partsOf({ now, cell }, trace) {
  const { of_units } = cell();
  if (!of_units.includes(now.gate)) return null;
  const layer = trace.layers[now.layer];
  const at = now.step * now.settings.units + now.unit;
  const value = layer.gates[now.gate][at];
  const own = layer.parts[now.gate];
  if (!own || !Number.isFinite(value)) return null;
  const { bias, ...maps } = own;
  const all = Object.entries(maps).filter(([name]) => name !== "constant").map(([name, values]) => ({ name: LETTERS[name] || `U·${name}`, value: values[at] }));
  all.push({ name: "b", value: bias[at] });
  return { value, all, sum: all.reduce((sum, part) => sum + part.value, 0) };
}

function barsPicture({ all, sum }) {
  const rows = [...all, { name: "sum", value: sum }];
  const scale = Math.max(1, ...rows.map(({ value }) => Math.abs(value)));
  const [width, each, left, right] = [230, 19, 46, 54];
  const middle = left + (width - left - right) / 2;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${rows.length * each + 4}`, width, height: rows.length * each + 4, role: "img", "aria-label": rows.map(({ name, value }) => `${name} ${signed(value)}`).join(", ") });
  rows.forEach(({ name, value }, n) => {
    const long = (Math.abs(value) / scale) * ((width - left - right) / 2);
    const y = n * each + 3;
    if (name === "sum") picture.append(draw("line", { x1: 0, x2: width, y1: y - 1, y2: y - 1, class: "sum-line" }));
    picture.append(draw("text", { x: 0, y: y + 13 }, name));
    picture.append(draw("rect", { x: value < 0 ? middle - long : middle, y: y + 3, width: Math.max(0.5, long), height: each - 8, class: value < 0 ? "minus" : "plus" }));
    picture.append(draw("text", { x: width, y: y + 13, class: "end" }, signed(value)));
  });
  picture.append(draw("line", { x1: middle, x2: middle, y1: 0, y2: rows.length * each + 4, class: "grid" }));
  return picture;
}

/** The curve of the gate's function with the point of this step. */
function pointOnCurve({ sign, of, low, high }, sum, value) {
  const [width, height, reach] = [150, 84, Math.max(5, Math.abs(sum) * 1.1)];
  const x = (z) => width / 2 + (z / reach) * (width / 2 - 8);
  const y = (v) => height - 24 - ((v - low) / (high - low)) * (height - 32);
  const points = Array.from({ length: 41 }, (_, n) => (n / 20 - 1) * reach).map((z) => `${x(z).toFixed(1)},${y(Math.min(high, of(z))).toFixed(1)}`);
  const direct = Math.abs(of(sum) - value) < 1e-3;
  return draw(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${sign} of ${signed(sum)} is ${signed(value)}` },
    draw("line", { x1: 4, x2: width - 4, y1: y(0), y2: y(0), class: "grid" }),
    draw("polyline", { points: points.join(" "), class: "line curve-line" }),
    direct ? draw("circle", { cx: x(sum), cy: y(value), r: 4.5, class: "point" }) : null,
    draw("text", { x: 4, y: height - 4 }, direct ? `${sign}(${signed(sum)}) =` : "with another gate:"),
    draw("text", { x: width - 4, y: height - 4, class: "end strong" }, signed(value)),
  );
}
