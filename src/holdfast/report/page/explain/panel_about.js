// What this network and this file are, and how well the page agrees with holdfast.

function aboutPanel(model) {
  const { page } = model;
  const { network } = page;
  return [
    el("p", {}, network.title),
    el("p", {}, el("span", { class: "mono" }, page.file), page.holdfast ? ` · written by holdfast ${page.holdfast}` : "", " · ", agreement(model)),
    page.memory && page.memory.exchanged_after_step ? el("p", {}, `The share of a unit is the effect on the answers of exchanging its state between two sequences after step ${page.memory.exchanged_after_step}, relative to the effect of exchanging all states. A unit is unused if the answers stay the same with its state kept at 0.`) : null,
    el("p", { class: "hint" }, "This page is one self-contained file. It makes no network requests, and can be saved, copied and sent. Space plays and pauses; the left and right arrow keys move through time, up and down among the units of a layer."),
  ].filter(Boolean);
}

/** A larger difference of outputs is due to the network's own amplification of rounding errors. */
const MAGNIFIED = 1e-3;

/** The difference between the page's and holdfast's outputs on the first sequence. */
function agreement(model) {
  const { check, rows, network } = model.page;
  if (!check || !model.run) return "precomputed values; the page does not run this network.";
  const outputs = model.run(inputsOf(rows, 0), rows.steps, rows.present.subarray(0, rows.steps)).outputs;
  let worst = 0;
  outputs.forEach((value, n) => {
    if (!rows.present[Math.floor(n / network.outputs)]) return;
    const distance = Math.abs(value - check[n]);
    if (Number.isFinite(check[n]) && !(distance <= worst)) worst = distance;
  });
  return `run in this page; on the first sequence the outputs differ from holdfast's by at most ${show(worst)}.${worst > MAGNIFIED ? " That is more than rounding, since this network amplifies small differences from step to step." : ""}`;
}
