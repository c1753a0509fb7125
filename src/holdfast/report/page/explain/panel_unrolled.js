// Shared weights: the cell with its loop, the same cell unrolled, and for contrast a network with separate weights for
// every step.

const COPIES = 4;
const COPIES_NARROW = 2;
const BOX = { width: 138, height: 92, gap: 54, top: 46, left: 40, between: 24 };

function unrolledPanel(model) {
  const { network } = model.page;
  const weights = weightNames(network);
  const { step: each, readout } = network.parameters;
  const shared = el("div", {});
  const separate = el("div", {});
  const folded = el("div", { class: "folded" });
  const said = el("p", { class: "hint", role: "status" });
  const chips = el(
    "div",
    { class: "row chips", role: "group", "aria-label": "weights" },
    weights.map(({ key, name, shape }) => chip(key, name, shape)),
  );

  function chip(key, name, shape) {
    const light = (on) => () => lit(key, null, on);
    return el("button", { type: "button", class: "chip", "data-edge": key, onmouseenter: light(true), onmouseleave: light(false), onfocus: light(true), onblur: light(false), onclick: light(true) }, name, el("span", { class: "hint" }, ` ${shape}`));
  }

  /** Highlights a weight: in every copy if weights are shared, otherwise only in the copy that it belongs to. */
  function lit(key, copy, on) {
    for (const edge of [...shared.querySelectorAll("[data-edge]"), ...folded.querySelectorAll("[data-edge]")]) edge.classList.toggle("lit", on && edge.dataset.edge === key);
    for (const edge of separate.querySelectorAll("[data-edge]")) edge.classList.toggle("lit", on && edge.dataset.edge === key && Number(edge.dataset.copy) === (copy ?? 0));
    const found = weights.find((w) => w.key === key);
    said.textContent = on && found ? `${found.name}: ${found.meaning}, ${count(found.numbers)} numbers. Shared weights: the same ones at all ${model.steps} steps. Separate weights: others at each step.` : "";
  }

  const hover = (event) => {
    const edge = event.target.closest("[data-edge]");
    if (edge) lit(edge.dataset.edge, Number(edge.dataset.copy ?? 0), event.type === "pointerover" || event.type === "focusin");
  };
  for (const place of [shared, separate, folded]) for (const kind of ["pointerover", "pointerout", "focusin", "focusout"]) place.addEventListener(kind, hover);

  let drawn = "";
  let narrow = false;
  onWidth(separate, (width) => {
    narrow = width < 480;
    redraw();
  });
  function redraw() {
    const copies = Math.min(model.steps, narrow ? COPIES_NARROW : COPIES);
    const first = Math.max(0, Math.min(model.steps - copies, model.now.step - 1));
    if (drawn !== `${first} ${copies}`) {
      shared.replaceChildren(unrolled(model, weights, first, copies, false));
      separate.replaceChildren(unrolled(model, weights, first, copies, true));
      drawn = `${first} ${copies}`;
    }
    for (const box of [...shared.querySelectorAll(".copy"), ...separate.querySelectorAll(".copy")]) box.classList.toggle("here", Number(box.dataset.step) === model.now.step);
  }

  folded.append(foldedCell(network, weights));
  model.on("step", redraw);
  redraw();
  const sharedWords = `${count(each)} weights in the cell and ${count(readout)} in the read-out, for any number of steps.`;
  const separateWords = `For ${model.steps} steps ${network.steps_with_weights ? "these are" : "that would be"} ${count(each * model.steps)} weights in the cell (${model.steps} × ${count(each)}), and step ${(network.steps_with_weights || model.steps) + 1} has none. What is learned at one step does not apply to another.`;
  const alike = [
    el("div", { class: "card narrow" }, el("h3", {}, "Folded"), folded),
    el("div", { class: "card wide" }, el("h3", {}, "Unrolled: the same weights"), shared, el("p", { class: "hint" }, sharedWords)),
  ];
  return [
    network.steps_with_weights ? el("p", { class: "broken" }, "This network has separate weights for every step, as drawn at the bottom. The first two drawings show the usual case, shared weights.") : null,
    el("p", {}, "A recurrent network is one cell that receives its own state of the previous step. Unrolled in time there is one copy per step, and all copies share their weights. Point at a line, or choose a weight matrix below, to highlight it wherever it is used."),
    el("div", { class: "pair" }, alike),
    chips,
    said,
    el("div", { class: "card" }, el("h3", {}, "For comparison: separate weights for every step"), separate, el("p", { class: "hint" }, separateWords)),
  ].filter(Boolean);
}

/** Every matrix by its name in the equations; W reads the input, U the hidden state. A lower-case letter is a diagonal
 * map: one weight for every unit. */
function weightNames(network) {
  const found = Array.from({ length: network.layers }, (_, layer) => layerWeights(network, layer)).flat();
  const shape = [network.units, ...network.readout_hidden.map((map) => map.matrix.shape[1]), network.outputs].join(" × ");
  const meaning = network.readout_hidden.length ? "from the hidden state to the answer through hidden layers, with their biases" : "from the hidden state to the answer, with its bias";
  return [...found, { key: "readout", map: "readout", layer: network.layers - 1, gate: "", name: "read-out", numbers: network.parameters.readout, shape, meaning }];
}

function layerWeights(network, layer) {
  const several = network.layers > 1;
  const meanings = { x: layer ? "from the layer below to" : "from the input to", h: "from the previous hidden state to", c: "from the cell state to", k: "from the hidden layer inside the step to", constant: "a constant for" };
  const found = [];
  for (const { name: source, letter: matrix, gates, bias, diagonal, rows: inFirst, widths } of network.maps) {
    const rows = source === "x" && layer ? network.units : inFirst;
    const own = source.replace(/\d+$/, ""); // in a stack x2 is the x of its second cell, the output of the first
    const from = own === source ? meanings[source] : own === "x" ? "from the output of the cell below to" : meanings[own]?.replace(" to", ` ${source} to`);
    for (const [n, gate] of gates.entries()) {
      const letter = source === "constant" ? "b" : diagonal ? matrix.toLowerCase() : matrix;
      found.push({
        key: `${several ? `${layer + 1}/` : ""}${source}:${gate}`,
        map: source,
        layer,
        edge: own !== source && own === "x" ? "k" : own,
        gate,
        name: `${letter}_${network.letters[gate] || gate}${several ? ` of layer ${layer + 1}` : ""}`,
        numbers: (rows + (bias ? 1 : 0)) * widths[n],
        shape: diagonal || rows === 0 ? String(widths[n]) : `${rows} × ${widths[n]}`,
        meaning: `${from || `from the ${source.replaceAll("_", " ")} to`} ${gate}${bias ? ", with its bias" : ""}`,
      });
    }
  }
  return found;
}

function unrolled(model, weights, first, copies, separate) {
  const width = BOX.left * 2 + copies * BOX.width + (copies - 1) * BOX.gap;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${unrolledHeight(model.page.network)}`, class: "unrolled", role: "img", "aria-label": separate ? "a network with separate weights at every step" : "the cell unrolled in time, with shared weights" });
  for (let n = 0; n < copies; n++) {
    const left = BOX.left + n * (BOX.width + BOX.gap);
    picture.append(copy(model.page.network, weights, left, first + n, separate ? n : null, { before: n > 0 || first > 0, after: first + n < model.steps - 1 }));
  }
  for (let layer = 0; layer < model.page.network.layers; layer++) {
    const y = BOX.top + layer * (BOX.height + BOX.between) + 30;
    if (first > 0) picture.append(draw("text", { x: 8, y, class: "dots" }, "…"));
    if (first + copies < model.steps) picture.append(draw("text", { x: width - 22, y, class: "dots" }, "…"));
  }
  return picture;
}

function unrolledHeight(network) {
  return BOX.top + network.layers * BOX.height + (network.layers - 1) * BOX.between + 58;
}

/** One copy of the network, its layers above each other; `own` is its number if it has separate weights, otherwise null. */
function copy(network, weights, left, step, own, sides) {
  const group = draw("g", { class: "copy", "data-step": step });
  for (let layer = 0; layer < network.layers; layer++) {
    const top = BOX.top + (network.layers - 1 - layer) * (BOX.height + BOX.between);
    cellBox(group, network, weights.filter((weight) => weight.layer === layer), left, top, layer, step, own, sides);
  }
  const middle = left + BOX.width / 2;
  group.append(draw("text", { x: middle, y: unrolledHeight(network) - 20, class: "middle" }, `x at ${step + 1}`), draw("text", { x: middle, y: BOX.top - 28, class: "middle" }, `y at ${step + 1}`));
  return group;
}

/** The cell of one layer with its edges. */
function cellBox(group, network, weights, left, top, layer, step, own, { before, after }) {
  const gates = [...new Set(weights.filter((w) => w.gate).map((w) => w.gate))];
  const bottom = top + BOX.height;
  const middle = left + BOX.width / 2;
  const stroke = own === null ? null : lineColour(own);
  group.append(draw("rect", { x: left, y: top, width: BOX.width, height: BOX.height, rx: 10, class: "cell", style: stroke ? `stroke: ${stroke}; stroke-dasharray: ${DASHES[own % 4].replaceAll(" ", ",") || "none"}` : null }));
  // A hidden layer inside the step reads the state too; its own map starts there.
  const hidden = gates.find((gate) => gate === "hidden") || gates[0];
  const place = (gate) => left + (BOX.width * (gates.indexOf(gate) + 1)) / (gates.length + 1);
  for (const weight of weights) {
    const path =
      weight.map === "readout" ? `M${middle} ${top} V${top - 22}`
      : weight.edge === "x" ? `M${middle} ${bottom + 22} L${place(weight.gate)} ${bottom - 16}`
      : weight.edge === "k" ? `M${place(hidden)} ${bottom - 38} Q${(place(hidden) + place(weight.gate)) / 2} ${bottom - 62} ${place(weight.gate)} ${bottom - 38}`
      : weight.edge === "c" ? `M${left} ${top + 24} L${place(weight.gate)} ${bottom - 38}`
      : `M${left - (before ? BOX.gap : 14)} ${top + 34} H${left} L${place(weight.gate) - 9} ${bottom - 32}`;
    const line = draw("path", { d: path, class: "edge", style: stroke ? `stroke: ${stroke}` : null, "data-edge": weight.key, "data-copy": own ?? 0 }, draw("title", {}, own === null ? `${weight.name}, the same in every copy` : `${weight.name} of step ${step + 1} only`));
    group.append(draw("path", { d: path, class: "reach", "data-edge": weight.key, "data-copy": own ?? 0 }), line);
  }
  for (const gate of gates) {
    group.append(draw("circle", { cx: place(gate), cy: bottom - 26, r: 12, class: "gate" }), draw("text", { x: place(gate), y: bottom - 22, class: "middle" }, network.letters[gate] || gate.slice(0, 2)));
  }
  if (after) group.append(draw("path", { d: `M${left + BOX.width} ${top + 34} h14`, class: "carry" }));
  const title = network.layers === 1 ? `step ${step + 1}${own === null ? "" : ` (weights ${step + 1})`}` : `layer ${layer + 1}, ${own === null ? "step" : "weights"} ${step + 1}`;
  group.append(draw("text", { x: middle, y: top + 22, class: "middle" }, title));
}

function foldedCell(network, weights) {
  const width = BOX.width + 2 * BOX.left;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${unrolledHeight(network)}`, class: "unrolled", role: "img", "aria-label": "the cell, with a loop from its output back to itself" });
  const group = copy(network, weights, BOX.left, 0, null, { before: false, after: false });
  for (const text of group.querySelectorAll("text")) text.textContent = text.textContent.replace(/step 1$/, "at every step").replace(/ at 1$/, "");
  const right = BOX.left + BOX.width;
  for (let layer = 0; layer < network.layers; layer++) {
    const y = BOX.top + (network.layers - 1 - layer) * (BOX.height + BOX.between) + 34;
    const below = y - 34 + BOX.height + (layer ? 2 : 40);
    picture.append(draw("path", { d: `M${right} ${y} h18 q10 0 10 10 V${below} q0 10 -10 10 H22 q-10 0 -10 -10 V${y + 10} q0 -10 10 -10 h6`, class: "carry loop" }));
  }
  picture.append(group);
  return picture;
}
