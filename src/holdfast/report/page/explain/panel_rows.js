// The units of every layer over time, those that carry most of the memory first. Units that no answer depends on are
// collapsed. The selected unit has its gates below it.

const SHOWN_AT_FIRST = [8, 3, 2, 1];

function rowsPanel(model, frame) {
  return el("div", { class: "layers" }, Array.from({ length: model.page.network.layers }, (_, depth) => layerRows(model, depth, frame)));
}

/** The rows of a layer as {used, unused}: positions in `model.units`, the largest share first. */
function sortedUnits(model, depth) {
  const { memory } = model.page;
  const all = model.units.map((_, u) => u);
  if (!memory) return { used: all, unused: [] };
  const of = (u) => memory.layers[depth][placeOf(model, u)];
  const used = all.filter((u) => of(u).role !== "unused").sort((a, b) => of(b).share - of(a).share || a - b);
  return { used, unused: all.filter((u) => of(u).role === "unused") };
}

/** The unit or head, from 0, to which a row belongs. */
function placeOf(model, u) {
  const { memory, places } = model.page.network;
  return Math.floor(((model.units[u] - 1) * places) / memory);
}

function unitName(model, u) {
  const { memory, places } = model.page.network;
  const each = memory / places;
  return each === 1 ? String(model.units[u]) : `${placeOf(model, u) + 1}.${((model.units[u] - 1) % each) + 1}`;
}

/** The state that a row shows: the memory, or what else a cell has. */
function rowTable(model) {
  const { network } = model.page;
  const name = network.memory_state || network.states[0];
  return name ? { kind: "states", name } : { kind: "gates", name: network.gates[0] };
}

function layerRows(model, depth, frame) {
  const { network, memory } = model.page;
  const { used, unused } = sortedUnits(model, depth);
  const most = SHOWN_AT_FIRST[Math.min(network.layers, SHOWN_AT_FIRST.length) - 1];
  const first = used.length <= most + 1 ? used.length : most;
  const table = rowTable(model);
  const open = { more: false, unused: false };
  const group = el("div", { role: "radiogroup", "aria-label": `units of layer ${depth + 1}`, onkeydown: arrows });
  const folds = el("div", { class: "folds" });
  const title = network.layers > 1 ? `layer ${depth + 1}: ` : "";
  const head = el("div", { class: "lane-head", "aria-hidden": "true" }, el("span", {}, memory ? `${network.place_name} · share` : network.place_name), el("span", {}, `${title}${stateWords[table.name] ? `${stateWords[table.name].split(" (")[0]} ${table.name}` : table.name}`), el("span", {}, "value"));
  const rowWord = network.memory === network.places ? network.place_name : "component";
  let lanes = [];
  let width = 0;

  const values = (kind, name) => model.now.trace.layers[depth][kind][name];
  const column = (source, u) => Float64Array.from({ length: model.steps }, (_, t) => source[t * model.units.length + u]);
  const there = (t) => Boolean(model.now.present[t]);
  const chosen = () => (model.now.layer === depth ? model.now.unit : -1);

  function visible() {
    const rows = [...used.slice(0, open.more ? used.length : first), ...(open.unused ? unused : [])];
    return chosen() < 0 || rows.includes(chosen()) ? rows : [...rows, chosen()];
  }

  function rebuild() {
    const focused = group.contains(document.activeElement);
    const rows = visible();
    const reachable = rows.includes(chosen()) ? chosen() : rows[0];
    lanes = rows.flatMap((u) => [stateLane(u, u === reachable), ...(u === chosen() ? gateLanes(u) : [])]);
    group.replaceChildren(...lanes.map(({ element }) => element));
    const more = used.length - first;
    folds.replaceChildren(...[
      more > 0 ? fold("more", `${more} more ${rowWord}s`) : null,
      unused.length ? fold("unused", unused.length === 1 ? `1 ${rowWord} is unused` : `${unused.length} ${rowWord}s are unused`) : null,
    ].filter(Boolean));
    if (focused) group.querySelector("[aria-checked=true]")?.focus();
    redraw();
  }

  function fold(key, text) {
    return el("button", { type: "button", class: "fold", "data-fold": key, "aria-expanded": String(open[key]), onclick: () => {
      open[key] = !open[key];
      rebuild();
      folds.querySelector(`[data-fold=${key}]`)?.focus();
    } }, `${open[key] ? "▾" : "▸"} ${text}`);
  }

  /** The share of a unit in words; of a head it stands at its first component. "" for units that are unused, and where no
   * state affects an answer. */
  function shareOf(u) {
    if (!memory || memory.exchanged_after_step === null) return "";
    const first = u === 0 || placeOf(model, u - 1) !== placeOf(model, u);
    const own = memory.layers[depth][placeOf(model, u)];
    return first && own.role !== "unused" ? `${Math.round(100 * own.share) || 0} %`.replace("-", MINUS) : "";
  }

  function stateLane(u, reachable) {
    const share = shareOf(u);
    const checked = u === chosen();
    const button = el("button", { type: "button", role: "radio", class: "lane-name", "aria-checked": String(checked), tabindex: reachable ? 0 : -1, "data-unit": u, "aria-label": `${network.place_name} ${unitName(model, u)}${network.layers > 1 ? ` of layer ${depth + 1}` : ""}${share ? `, ${share} of the memory` : ""}`, onclick: () => model.pick(u, depth) }, el("span", {}, unitName(model, u)), el("span", { class: "share" }, share));
    return lane(button, { ...table, u, height: checked ? LANE.chosen : LANE.state, shade: "--blue", limits: laneScale, kind: "state" });
  }

  function gateLanes(u) {
    return network.gates.filter((name) => table.kind === "states" || name !== table.name).map((name) => {
      const ref = network.program ? network.program.gates[network.gates.indexOf(name)] : -1;
      const limits = network.program && isOpening(network, ref) ? () => [0, 1] : laneScale;
      const label = el("span", { class: "lane-name gate-name", title: gateWords(network, name) }, `${network.letters[name] || ""} ${name}`);
      return lane(label, { kind: "gates", name, u, height: LANE.gate, shade: gateColour(network, name), limits });
    });
  }

  function lane(label, { kind, name, u, height, shade, limits }) {
    const canvas = el("canvas", { "aria-hidden": "true" });
    const value = el("span", { class: "lane-value" });
    const source = () => values(kind === "gates" ? "gates" : table.kind, name);
    const element = el("div", { class: kind === "gates" ? "lane gate" : "lane", "data-row": name, style: `height: ${height}px` }, label, canvas, value);
    return {
      element,
      draw() {
        const own = column(source(), u);
        drawLane(canvas, own, { width, height, shade, there, limits: limits(own) });
      },
      tell: () => (value.textContent = brief(source()[model.now.step * model.units.length + u])),
    };
  }

  function redraw() {
    if (width) for (const one of lanes) one.draw();
    moved();
  }

  function moved() {
    for (const one of lanes) one.tell();
  }

  /** Up and down select the next unit, as in any group of radio buttons; left and right move through time. */
  function arrows(event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const rows = visible();
    const at = rows.indexOf(Number(event.target.dataset.unit));
    model.pick(rows[Math.max(0, Math.min(rows.length - 1, at + by))], depth);
  }

  onWidth(frame, (now) => {
    width = now;
    redraw();
  });
  onTheme(redraw);
  model.on("trace", redraw);
  model.on("unit", rebuild);
  model.on("step", moved);
  rebuild();
  return el("div", { class: "layer", "data-layer": depth + 1 }, head, group, folds);
}
