// The page of a network: panels in the order in which they are read.

function start() {
  const page = readDocument();
  const model = makeModel(page);
  const { network, task } = page;
  const root = document.getElementById("page");
  const panels = [taskPanel, unrolledPanel, valvesPanel, mapsPanel, flowPanel, wordsPanel, breakPanel];
  root.append(
    el("header", {},
      el("h1", {}, `What ${/^[aeiou]/.test(network.cell) ? "an" : "a"} ${network.cell} network does with ${task.name}`),
      el("p", { class: "lead" }, `${network.title} `, `${count(network.units)} units${network.layers > 1 ? ` in each of ${network.layers} layers` : ""}, ${count(network.parameters.step + network.parameters.readout)} numbers.`),
      el("p", { class: "hint" }, el("span", { class: "mono" }, page.file), ` · written by holdfast ${page.holdfast} · `, agreement(model)),
      page.left_out.length ? el("ul", { class: "hint" }, page.left_out.map((line) => el("li", {}, line))) : null),
    ...panels.map((panel) => panel(model)).filter(Boolean),
    transport(model),
  );
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

/** How far this page's arithmetic is from holdfast's, on the first sequence. */
function agreement(model) {
  const { check } = model.page;
  if (!check || !model.run) return "shown as it was computed before; the network is not run in this page.";
  let worst = 0;
  model.now.trace.outputs.forEach((value, n) => {
    const distance = Math.abs(value - check[n]);
    if (Number.isFinite(check[n]) && !(distance <= worst)) worst = distance;
  });
  return `run in this page: on the first sequence its outputs differ from holdfast's by at most ${show(worst)}.`;
}
