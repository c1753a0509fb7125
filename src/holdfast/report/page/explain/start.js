// The page of a network: along time, with the selected unit and step beside it, on one screen; details are folded below.

function start() {
  const page = readDocument();
  const model = makeModel(page);
  const { network, task } = page;
  model.pick(...firstUnit(model));
  const layers = network.layers > 1 ? `${network.layers} layers of ` : "";
  document.getElementById("page").append(
    el("header", {},
      el("h1", {}, `Inside a network: ${network.cell} on ${task.name}`),
      page.memory ? el("p", { class: "lead" }, page.memory.sentence) : null,
      el("p", { class: "hint" }, `${task.sentence} `, `${layers}${count(network.units)} units, ${count(network.parameters.step + network.parameters.readout)} weights.`),
      page.left_out.length ? el("ul", { class: "hint" }, page.left_out.map((line) => el("li", {}, line))) : null),
    el("div", { class: "stage" },
      taskPanel(model),
      el("div", { class: "beside" }, stepPanel(model), valvesPanel(model))),
    el("div", { class: "drawers" },
      drawer(model, "unrolled", "Unrolled in time: one set of weights", unrolledPanel),
      drawer(model, "maps", "Every unit at every step", mapsPanel),
      drawer(model, "flow", "Gradient flow from the answer to earlier steps", flowPanel),
      page.words.length || page.findings.length ? drawer(model, "words", "What each unit does, and the diagnostics", wordsPanel) : null,
      page.band ? drawer(model, "break", "Search for a violation of the bound", breakPanel) : null,
      drawer(model, "about", "About this network and this file", aboutPanel)),
    transport(model),
  );
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

/** A panel that is folded at first; its contents are made when it is first opened. `panel(model)` gives its elements. */
function drawer(model, id, title, panel) {
  const body = el("section", { id, "aria-label": title });
  const whole = el("details", { class: "drawer", "data-panel": id }, el("summary", {}, el("h2", {}, title)), body);
  whole.addEventListener("toggle", () => {
    if (whole.open && !body.childElementCount) body.append(...panel(model));
  });
  return whole;
}
