// Every gate and state, by unit and time. A click or the keyboard selects the unit whose lines are drawn below.

const MOST_UNITS = 64;

function mapsPanel(model) {
  const { network } = model.page;
  const shown = model.units.slice(0, MOST_UNITS);
  const tables = [
    ...network.states.map((name) => ({ kind: "states", name, title: `${name}: ${stateWords[name] || "state"}`, unit: "" })),
    ...network.gates.map((name) => ({ kind: "gates", name, title: `${network.letters[name] || name}: ${gateWords(network, name)}`, unit: "" })),
  ];
  const holder = el("div", { class: "maps" });
  const lines = el("div", {});
  let maps = [];
  let columns = 0;

  function values(table) {
    return model.now.trace.layers[model.now.layer][table.kind][table.name];
  }

  function grid(table) {
    const limits = limitsOf(network, table, values(table));
    return {
      rows: shown.length,
      columns: model.steps,
      at: (r, c) => values(table)[c * model.units.length + r],
      low: limits[0],
      high: limits[1],
      rowName: (r) => String(shown[r]),
      columnName: (c) => String(c + 1),
      rowLabel: "unit",
      columnLabel: "step",
      unit: table.unit,
      title: table.title,
    };
  }

  function choose(row, column) {
    model.goTo(column);
    model.pick(row);
  }

  function rebuild() {
    const grids = tables.map(grid);
    if (!maps.length || columns !== model.steps) {
      columns = model.steps;
      maps = grids.map((g) => ({ grid: g, map: heatMap(g, choose) }));
      holder.replaceChildren(...maps.map(({ map }) => map.element));
    } else {
      grids.forEach((g, n) => Object.assign(maps[n].grid, { low: g.low, high: g.high }));
      maps.forEach(({ map }) => map.redraw());
    }
    moved();
    traced();
  }

  function moved() {
    for (const { map } of maps) map.moveTo(model.now.step);
  }

  function traced() {
    for (const { map } of maps) map.select(model.now.unit);
    lines.replaceChildren(unitLines(model, tables, values));
  }

  const laterTraced = everyFrame(traced);
  model.on("trace", everyFrame(rebuild));
  model.on("step", moved);
  model.on("unit", laterTraced);
  onTheme(() => maps.forEach(({ map }) => map.redraw()));
  rebuild();
  return [
    el("p", {}, "Each row is one unit; time runs from left to right. Click a point (or move with the arrow keys and press Enter) to plot that unit's gates and states and to show that step in every panel."),
    network.layers > 1 ? el("p", { class: "hint" }, `Layer ${model.now.layer + 1} of ${network.layers}. Choose another layer above.`) : null,
    model.units.length > shown.length ? el("p", { class: "hint" }, `The first ${shown.length} of ${network.units} units are drawn.`) : null,
    holder,
    lines,
  ].filter(Boolean);
}

const stateWords = { h: "hidden state (output of the unit)", c: "cell state (memory of the unit)", t: "step counter" };
const GATES = { input: "share of the candidate that is written", forget: "share of the cell state that is kept", output: "share of the cell state that is output", reset: "share of the hidden state that the candidate reads", update: "share of the hidden state that is kept", candidate: "new value", hidden: "hidden layer inside the step" };

function gateWords(network, name) {
  const kind = ["input", "forget", "output", "reset", "update"].includes(name) ? `${name} gate` : name;
  return GATES[name] ? `${kind}, ${GATES[name]}` : kind;
}

/** The limits of the colour scale: 0 to 1 for gates with this range, otherwise symmetric about 0 and at least [-1, 1]. */
function limitsOf(network, table, values) {
  if (table.kind === "gates" && network.program) {
    const ref = network.program.gates[network.gates.indexOf(table.name)];
    if (isOpening(network, ref)) return [0, 1];
  }
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [-1, 1];
  if (low >= 0) return [0, high || 1];
  const most = Math.max(-low, high);
  return [-most, most];
}

/** The gates and states of the selected unit over time. */
function unitLines(model, tables, values) {
  const width = model.units.length;
  const steps = Array.from({ length: model.steps }, (_, t) => t);
  const x = steps.map((t) => t + 1);
  const line = (table) => ({ name: table.title.split(",")[0], x, y: steps.map((t) => values(table)[t * width + model.now.unit]) });
  const part = (kind, label, title) => ({ lines: tables.filter((t) => t.kind === kind).map(line), x_label: "step", y_label: label, title });
  const name = `Unit ${model.units[model.now.unit]}`;
  const drawn = [];
  if (model.page.network.states.length) drawn.push(curve(part("states", "value", `${name}: states`), { height: 190, width: 560 }));
  drawn.push(curve(part("gates", "gate value", `${name}: gates`), { height: 190, width: 560 }));
  return el("div", { class: "maps" }, drawn);
}
