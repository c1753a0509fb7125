// Gates as valves: a diagram of one unit, with its state as a pipe and the numbers of the selected step.

const PIPE = { leaf: 98, valve: 84, box: 70, join: 58, row: 74, out: 92 };

function valvesPanel(model) {
  const { network } = model.page;
  if (!network.program || !network.states.length) {
    const why = network.states.length ? "The page cannot draw the step of this cell; its gates and states are plotted beside this." : "This cell has no state, so it has no gates.";
    return section("valves", "Gates", el("p", {}, why));
  }
  const names = nodeNames(network);
  const picture = el("div", {});
  const lines = el("tbody", {});
  const head = el("h2", { id: "valves-title" });
  const unit = el("input", { type: "number", min: 1, max: network.memory, step: 1, id: "unit", oninput: () => {
    const place = model.units.indexOf(Number(unit.value));
    if (place >= 0) model.pick(place);
  } });
  const layers = network.layers > 1 ? el("select", { "aria-label": "layer", onchange: (event) => model.pick(model.now.unit, Number(event.target.value)) }, Array.from({ length: network.layers }, (_, n) => el("option", { value: n, selected: n === model.now.layer }, `layer ${n + 1}`))) : null;

  const equations = network.equation.map((line) => {
    const [left, right] = splitOnce(line, " = ");
    const value = el("td", {});
    lines.append(el("tr", {}, el("td", {}, pretty(line.replaceAll("'", "′"))), value));
    return { name: left.replace("'", "′"), right, value };
  });
  const numbers = network.states.map((state, k) => {
    const line = el("p", { class: "mono" });
    return { line, state, ref: network.program.after[k] };
  });

  function redraw() {
    const value = unitValues(model);
    value.most = unitSize(model);
    head.textContent = `Unit ${model.units[model.now.unit]} at step ${model.now.step + 1}`;
    if (layers) layers.value = model.now.layer;
    if (document.activeElement !== unit) unit.value = model.units[model.now.unit];
    picture.replaceChildren(pipes(network, names, value));
    const known = new Map([...names].map(([ref, { text }]) => [text, value(ref)]));
    for (const equation of equations) equation.value.textContent = known.has(equation.name) ? alone(known.get(equation.name)) : "";
    for (const { line, state, ref } of numbers) {
      const inNumbers = written(network, names, ref, (r, named, level) => (level >= 0 && value(r) < 0 ? `(${show(value(r))})` : level < 0 ? alone(value(r)) : show(value(r))));
      const inLetters = written(network, names, ref, (r, named) => named.text);
      line.textContent = inLetters === `${state}′` ? "" : `${state}′ = ${inLetters} = ${inNumbers} = ${show(value(ref))}`;
    }
  }

  const later = everyFrame(redraw);
  for (const what of ["step", "unit", "trace"]) model.on(what, later);
  redraw();
  return el("section", { id: "valves", "aria-labelledby": "valves-title" },
    el("div", { class: "row" }, head, el("label", { for: "unit" }, "unit"), unit, layers),
    picture,
    numbers.map(({ line }) => line),
    el("details", {}, el("summary", {}, "Equations"),
      el("table", { class: "equations" }, lines),
      el("p", { class: "hint" }, "A gate is a number between 0 (closed) and 1 (open), computed at every step from the input and the previous hidden state; it multiplies the value that passes through it. Blue lines carry positive values, striped pink lines negative ones; their width is relative to the largest state of this unit.")));
}

function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

function pipes(network, names, value) {
  const trees = network.states.map((state, k) => ({ state, tree: piping(network, names, network.program.after[k]) }));
  // A state that other states depend on comes first: c' above h'.
  trees.sort((a, b) => usesState(network, names, a, b.state) - usesState(network, names, b, a.state));
  const sized = trees.map(({ state, tree }) => ({ state, tree, size: measure(tree) }));
  const width = Math.max(...sized.map(({ size }) => size.width + PIPE.out));
  const height = sized.reduce((sum, { size }) => sum + size.rows * PIPE.row, 12);
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "valves", style: `max-width: ${Math.round(width * 1.25)}px`, role: "img", "aria-label": `The states of this unit: ${sized.map(({ state, tree }) => `${state} becomes ${show(value(tree.ref))}`).join("; ")}` });
  let top = 0;
  for (const { state, tree, size } of sized) {
    const y = top + PIPE.row / 2 + 8;
    laid(picture, tree, width - PIPE.out, y, names, value);
    pipe(picture, width - PIPE.out, y, width - PIPE.out + 24, y, value(tree.ref), value.most);
    picture.append(draw("text", { x: width - PIPE.out + 30, y: y - 3, class: "name" }, `${state}′`), draw("text", { x: width - PIPE.out + 30, y: y + 13, class: "value" }, show(value(tree.ref))));
    top += size.rows * PIPE.row;
  }
  return picture;
}

function usesState(network, names, { tree }, state) {
  const inside = (part) => (part.kind === "leaf" ? names.get(part.ref)?.kind === "after" && names.get(part.ref).name === state : [part.part, ...(part.parts || [])].filter(Boolean).some(inside));
  return inside(tree) ? 1 : 0;
}

function measure(tree) {
  if (tree.kind === "leaf") return { width: PIPE.leaf, rows: 1 };
  if (tree.kind === "join") {
    const parts = tree.parts.map(measure);
    return { width: Math.max(...parts.map((p) => p.width)) + PIPE.join, rows: parts.reduce((sum, p) => sum + p.rows, 0) };
  }
  const inner = measure(tree.part);
  return { width: inner.width + PIPE[tree.kind], rows: inner.rows };
}

/** Draws a tree so that it ends at (x, y); its operands are to the left, further ones below. */
function laid(picture, tree, x, y, names, value) {
  if (tree.kind === "leaf") return leaf(picture, tree, x, y, names, value);
  if (tree.kind === "join") {
    let row = y;
    const joint = x - 26;
    for (const part of tree.parts) {
      laid(picture, part, x - PIPE.join, row, names, value);
      const carried = flow(part, value);
      pipe(picture, x - PIPE.join, row, joint, row, carried, value.most);
      if (row !== y) pipe(picture, joint, row, joint, y + 11, carried, value.most);
      row += measure(part).rows * PIPE.row;
    }
    pipe(picture, joint, y, x, y, value(tree.ref), value.most);
    picture.append(draw("circle", { cx: joint, cy: y, r: 11, class: "joint" }), draw("text", { x: joint, y: y + 4.5, class: "middle" }, tree.sign));
    return;
  }
  laid(picture, tree.part, x - PIPE[tree.kind], y, names, value);
  const middle = x - PIPE[tree.kind] / 2;
  pipe(picture, x - PIPE[tree.kind], y, middle, y, flow(tree.part, value), value.most);
  pipe(picture, middle, y, x, y, flow(tree, value), value.most);
  if (tree.kind === "box") {
    picture.append(draw("rect", { x: middle - 20, y: y - 12, width: 40, height: 24, rx: 6, class: "box" }), draw("text", { x: middle, y: y + 4, class: "middle" }, tree.word));
    return;
  }
  const opening = tree.flipped ? 1 - value(tree.gate) : value(tree.gate);
  const letter = names.get(tree.gate).text;
  valve(picture, middle, y, opening, names.get(tree.gate).shade, tree.flipped ? `1 ${MINUS} ${letter}` : letter);
}

function leaf(picture, tree, x, y, names, value) {
  const named = names.get(tree.ref);
  const left = x - PIPE.leaf;
  pipe(picture, x - 20, y, x, y, value(tree.ref), value.most);
  picture.append(draw("text", { x: left + 70, y: y - 2, class: "name end" }, named ? named.text : "sum"), draw("text", { x: left + 70, y: y + 13, class: "value end" }, named ? show(value(tree.ref)) : ""));
}

/** A valve: the height of its window is the value of the gate. */
function valve(picture, x, y, opening, shade, name) {
  const share = Math.max(0, Math.min(1, Number.isFinite(opening) ? opening : 0));
  picture.append(
    draw("path", { d: `M${x - 15} ${y - 13} L${x + 15} ${y + 13} V${y - 13} L${x - 15} ${y + 13} Z`, class: "valve" }),
    draw("rect", { x: x - 4, y: y - 13, width: 8, height: 26, rx: 2, class: "valve" }),
    draw("rect", { x: x - 4, y: y + 13 - 26 * share, width: 8, height: 26 * share, rx: 2, class: "open", style: `fill: var(${shade})` }),
    draw("text", { x, y: y - 19, class: "middle" }, `${name} = ${alone(opening)}`),
  );
}

function flow(tree, value) {
  if (tree.kind !== "valve") return value(tree.ref);
  const opening = tree.flipped ? 1 - value(tree.gate) : value(tree.gate);
  return opening * flow(tree.part, value);
}

/** The largest absolute value of this unit's states in this sequence; the width of pipes is relative to it. */
function unitSize(model) {
  const { trace, layer, unit } = model.now;
  let most = 0;
  for (const table of Object.values(trace.layers[layer].states)) {
    for (let at = unit; at < table.length; at += model.units.length) if (Math.abs(table[at]) > most) most = Math.abs(table[at]);
  }
  return Number.isFinite(most) && most > 0 ? most : 1;
}

function pipe(picture, x1, y1, x2, y2, carried, most) {
  const size = Number.isFinite(carried) ? Math.min(1, Math.abs(carried) / most) : 0;
  picture.append(draw("line", { x1, y1, x2, y2, class: "pipe", style: `stroke: var(${carried < 0 ? "--pink" : "--blue"}); stroke-width: ${1 + 5 * size}; opacity: ${0.35 + 0.65 * size}`, "stroke-dasharray": carried < 0 ? "5 5" : null }));
}
