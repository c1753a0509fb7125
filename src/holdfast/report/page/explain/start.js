// The page of a network: its panels, from top to bottom.

function start() {
  const page = readDocument();
  const model = makeModel(page);
  const { network, task } = page;
  model.pick(mostRead(model));
  const root = document.getElementById("page");
  const panels = [taskPanel, unrolledPanel, valvesPanel, mapsPanel, flowPanel, wordsPanel, breakPanel];
  root.append(
    el("header", {},
      el("h1", {}, `Inside a network: ${network.cell} on ${task.name}`),
      el("p", { class: "lead" }, `${network.title} `, `${count(network.units)} units${network.layers > 1 ? ` in each of ${network.layers} layers` : ""}, ${count(network.parameters.step + network.parameters.readout)} weights.`),
      el("p", { class: "hint" }, el("span", { class: "mono" }, page.file), page.holdfast ? ` · written by holdfast ${page.holdfast}` : "", " · ", agreement(model)),
      page.left_out.length ? el("ul", { class: "hint" }, page.left_out.map((line) => el("li", {}, line))) : null),
    ...panels.map((panel) => panel(model)).filter(Boolean),
    el("footer", { class: "hint" }, "This page is one self-contained file. It makes no network requests, and can be saved, copied and sent."),
    transport(model),
  );
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

/** The unit with the largest read-out weights, which is selected first. */
function mostRead(model) {
  const { units, readout_hidden: hidden } = model.page.network;
  const readout = hidden[0] || model.page.network.readout;
  if (!readout || model.page.network.memory !== units) return 0;
  const { trace, layer } = model.now;
  const seen = trace.layers[layer].states.h || Object.values(trace.layers[layer].gates)[0];
  let best = 0;
  let most = -1;
  for (let u = 0; u < units; u++) {
    let weight = 0;
    let size = 0;
    const columns = readout.matrix.length / units;
    for (let n = 0; n < columns; n++) weight = Math.max(weight, Math.abs(readout.matrix[u * columns + n]));
    for (let t = 0; t < model.steps; t++) size = Math.max(size, Math.abs(seen[t * units + u]) || 0);
    if (weight * size > most) [best, most] = [u, weight * size];
  }
  return best;
}

/** A larger difference of outputs is due to the network's own amplification of rounding errors. */
const MAGNIFIED = 1e-3;

/** The difference between the page's and holdfast's outputs on the first sequence. */
function agreement(model) {
  const { check } = model.page;
  if (!check || !model.run) return "precomputed values; the page does not run this network.";
  let worst = 0;
  model.now.trace.outputs.forEach((value, n) => {
    if (!model.now.present[Math.floor(n / model.page.network.outputs)]) return;
    const distance = Math.abs(value - check[n]);
    if (Number.isFinite(check[n]) && !(distance <= worst)) worst = distance;
  });
  return `run in this page; on the first sequence the outputs differ from holdfast's by at most ${show(worst)}.${worst > MAGNIFIED ? " That is more than rounding, since this network amplifies small differences from step to step." : ""}`;
}
