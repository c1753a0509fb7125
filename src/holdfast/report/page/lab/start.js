// The laboratory: one screen with settings, the network along time, what was learned, and time.

function start() {
  const lab = makeLab(readDocument());
  const panes = [
    pane("settings", "Settings", settingsPanel(lab)),
    pane("network", "Network", stagePanel(lab), unitsPanel(lab), gatePanel(lab), breakPanel(lab)),
    pane("learning", "Learning", lossPanel(lab), networksPanel(lab), gradientPanel(lab)),
  ];
  const root = document.getElementById("page");
  root.classList.add("lab");
  const tour = tourPanel(lab);
  root.append(
    el("header", { class: "top" }, el("h1", {}, "holdfast lab"), trainingControls(lab), el("div", { class: "more" }, tour.open, linkButton())),
    tour.bar,
    tabs(root, panes),
    el("div", { class: "panes" }, panes),
    timePanel(lab),
  );
  keyboard(lab);
  lab.begin("address", lab.now.problem.text);
  lab.changed("settings");
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) lab.play();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

function pane(id, title, ...children) {
  return el("section", { id, class: "pane", "aria-label": title }, el("h2", { class: "hidden" }, title), ...children);
}

/** On narrow screens one pane is shown at a time. */
function tabs(root, panes) {
  const buttons = panes.map((one) => el("button", { type: "button", onclick: () => show(one) }, one.getAttribute("aria-label")));
  function show(shown) {
    panes.forEach((one, n) => {
      one.classList.toggle("shown", one === shown);
      buttons[n].setAttribute("aria-pressed", one === shown);
    });
  }
  show(panes[1]);
  return el("nav", { class: "tabs", "aria-label": "Panels" }, buttons);
}

function linkButton() {
  const button = el("button", { type: "button", title: "The address holds every setting" }, "Copy link");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copy the address";
    }
    setTimeout(() => (button.textContent = "Copy link"), 2000);
  });
  return button;
}

/** Space trains or pauses; arrow keys move through time. */
function keyboard(lab) {
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea, button, summary") || event.altKey || event.ctrlKey || event.metaKey) return;
    const acts = { " ": () => (lab.now.playing ? lab.pause() : lab.play()), ArrowLeft: () => lab.go(lab.now.step - 1), ArrowRight: () => lab.go(lab.now.step + 1) };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}
