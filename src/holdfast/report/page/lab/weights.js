// The weights behind a gate: the largest products of this step. A weight that is clicked is lit at every step, since it is
// one number that all steps share.

const MOST_WEIGHTS = 4;

/** The products weight · source of the gate that is looked at, largest first: {map, from, name, value, source}. */
function productsOf({ now, cell }) {
  const { maps, of_units } = cell();
  const found = [];
  if (!now.weights || !of_units.includes(now.gate)) return found;
  const { units } = now.settings;
  for (const map of maps) {
    const g = map.gates.indexOf(now.gate);
    const values = sourceOf(now, map.name);
    const linear = now.weights.layers[now.layer][map.name];
    if (g < 0 || !values || !linear) continue;
    if (!map.gates.every((gate) => of_units.includes(gate))) continue;
    const columns = map.gates.length * units;
    const one = (from, weight) => found.push({ map: map.name, from, name: map.name === "x" && now.layer === 0 ? now.task.inputNames[from] : `${map.name}${from + 1}`, value: weight, source: values[from] });
    if (map.diagonal) one(now.unit, linear.matrix[g * units + now.unit]);
    else values.forEach((_, from) => one(from, linear.matrix[from * columns + g * units + now.unit]));
  }
  const size = (one) => Math.abs(one.value * one.source);
  return found.sort((a, b) => size(b) - size(a) || Math.abs(b.value) - Math.abs(a.value));
}

/** What a map reads at the step that is looked at: the input, or a state before the step; null for anything else. */
function sourceOf(now, name) {
  const { units } = now.settings;
  const trace = now.traces[now.row];
  const part = (values, t) => (t < 0 ? new Float64Array(units) : values.subarray(t * units, (t + 1) * units));
  if (name === "x" && now.layer === 0) return now.rows[now.row].inputs.subarray(now.step * now.task.inputs, (now.step + 1) * now.task.inputs);
  if (name === "x") return trace.layers[now.layer - 1].states.h ? part(trace.layers[now.layer - 1].states.h, now.step) : null;
  const values = trace.layers[now.layer].states[name];
  return values && values.length === trace.steps * units ? part(values, now.step - 1) : null;
}

/** {element, follow()}: buttons for the largest weights, and a sentence about the one that is lit. */
function weightList(lab) {
  const said = el("p", { class: "note", role: "status" });
  const list = el("div", { class: "weight-list", role: "group", "aria-label": "weights" });
  return { element: el("div", { class: "weights" }, said, list), follow };

  function follow() {
    const { now } = lab;
    const letter = lab.cell().letters[now.gate] || now.gate;
    const target = `${letter}${now.unit + 1}`;
    const products = productsOf(lab);
    const isLit = (one) => Boolean(now.weight) && one.map === now.weight.map && one.from === now.weight.from && now.weight.gate === now.gate && now.weight.unit === now.unit;
    const lit = products.find(isLit);
    if (lit) now.weight.value = lit.value;
    const shown = products.filter((one, n) => n < MOST_WEIGHTS || one === lit).slice(0, MOST_WEIGHTS + 1);
    if (shown.length > MOST_WEIGHTS) shown.splice(MOST_WEIGHTS - 1, 1);
    const fill = (button, one) => {
      if (!button.children.length) button.append(el("span"), el("span"));
      setText(button.children[0], `${one.name} → ${target}`);
      setText(button.children[1], `${signed(one.value)} · ${show(Number(one.source.toPrecision(2)))}`);
      setState(button, "aria-pressed", one === lit);
    };
    buttonsOf(list, shown, { class: "weight" }, fill, (one) => lab.look({ weight: isLit(one) ? null : { map: one.map, from: one.from, gate: now.gate, unit: now.unit, value: one.value } }));
    const sentence = lit
      ? `The weight from ${lit.name} to ${target} is ${signed(lit.value)} at every step: it is the same number.`
      : "Weight · source, largest first. Choose a weight to see it at every step.";
    setText(said, products.length ? sentence : "");
  }
}
