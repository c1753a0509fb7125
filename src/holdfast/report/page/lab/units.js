// Where the memory is: the state of one unit after another is exchanged between the two sequences just before the deciding
// step. What carries the first symbol takes the answer with it.

function unitsPanel(lab) {
  const find = el("button", { type: "button", id: "exchange" }, "Where is the memory?");
  const list = el("div", { class: "unit-list", role: "group", "aria-label": "units" });
  const said = el("p", { class: "note", role: "status", id: "exchanged" });
  const select = el("select", { id: "unit", "aria-label": "unit" });
  const layer = el("select", { id: "layer", "aria-label": "layer" });
  find.addEventListener("click", () => exchange(lab));
  select.addEventListener("change", () => lab.look({ unit: Number(select.value), weight: null }));
  layer.addEventListener("change", () => {
    lab.look({ layer: Number(layer.value), weight: null, shares: null });
  });
  const follow = everyFrame(() => {
    const { now } = lab;
    const options = (control, size, word) => {
      if (control.options.length !== size) control.replaceChildren(...Array.from({ length: size }, (_, n) => el("option", { value: n }, `${word} ${n + 1}`)));
    };
    options(select, now.settings.units, "unit");
    options(layer, now.settings.layers, "layer");
    select.value = now.unit;
    layer.value = now.layer;
    layer.hidden = now.settings.layers < 2;
    find.disabled = !now.traces.length || now.deciding === 0;
    const { shares } = now;
    unitButtons(lab, list, shares);
    setText(said, shares ? shares.sentence : "Exchanges the state of each unit between the two sequences.");
  });
  for (const name of ["view", "begin", "settings"]) lab.on(name, follow);
  return el("div", { class: "units" }, find, select, layer, list, said);
}

const MOST_UNITS = 4;

/** The units that carry most, as buttons. */
function unitButtons(lab, list, known) {
  const order = known ? Array.from(known.shares, (share, unit) => ({ share, unit })).sort((a, b) => b.share - a.share) : [];
  const fill = (button, { share, unit }) => {
    setText(button, `unit ${unit + 1}: ${percent(share)}`);
    setState(button, "aria-pressed", unit === lab.now.unit);
  };
  buttonsOf(list, order.slice(0, MOST_UNITS), { class: "unit" }, fill, ({ unit }) => lab.look({ unit, weight: null }));
}

const percent = (share) => `${share < 0.095 && share > 0 ? Number((100 * share).toPrecision(1)) : Math.round(100 * share)}\u00a0%`;

/** Measures the share of every unit in the memory, and opens the one with the largest. */
function exchange(lab) {
  const { now } = lab;
  const step = now.deciding;
  if (now.rows.length < 2 || !now.weights || step < 1) return;
  const rows = now.rows.map(({ inputs, asked }) => ({ inputs, scored: asked.subarray(0, step + 1) }));
  const shares = ENGINE.exchange(now.settings, now.weights, rows, step);
  const best = shares.indexOf(Math.max(...shares));
  if (!(shares[best] > 0)) {
    return lab.look({ shares: { shares, sentence: "Exchanging all states changes nothing: this network has no memory of what differs." } });
  }
  const sentence = `Exchanged before step ${step + 1}, unit ${best + 1} alone moves the answer ${percent(shares[best])} as far as all units together.`;
  lab.look({ shares: { shares, sentence }, unit: best, weight: null });
}
