// The scrubber: one bar at the foot of the page that moves every panel through time.

const STEPS_PER_SECOND = 12;

function transport(model) {
  const slider = el("input", { type: "range", min: 1, max: model.steps, value: 1, step: 1, id: "time", "aria-label": "step" });
  const where = el("output", { class: "where", for: "time" });
  const play = el("button", { type: "button", id: "play", "aria-label": "play" }, "▶");
  let timer = null;

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶";
    play.setAttribute("aria-label", "play");
  }

  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (model.now.step === model.steps - 1) model.goTo(0);
    play.textContent = "⏸";
    play.setAttribute("aria-label", "pause");
    timer = setInterval(() => {
      model.goTo(model.now.step + 1);
      if (model.now.step === model.steps - 1) stop();
    }, 1000 / STEPS_PER_SECOND);
  });
  slider.addEventListener("input", everyFrame(() => model.goTo(Number(slider.value) - 1)));
  const go = (by) => () => model.goTo(model.now.step + by);
  const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input, select, textarea, [role=application], summary");
    if (busy || event.altKey || event.ctrlKey || event.metaKey || !(event.key in moves)) return;
    if (event.key.startsWith("Page")) return;
    event.preventDefault();
    model.goTo(model.now.step + moves[event.key]);
  });
  const follow = () => {
    slider.value = model.now.step + 1;
    where.textContent = `step ${model.now.step + 1} of ${model.steps}`;
  };
  model.on("step", follow);
  follow();
  return el(
    "div",
    { class: "transport", role: "group", "aria-label": "time" },
    el("button", { type: "button", "aria-label": "first step", onclick: () => model.goTo(0) }, "⏮"),
    el("button", { type: "button", "aria-label": "one step back", onclick: go(-1) }, "◀"),
    play,
    el("button", { type: "button", "aria-label": "one step on", onclick: go(1) }, "▸"),
    el("button", { type: "button", "aria-label": "last step", onclick: () => model.goTo(model.steps - 1) }, "⏭"),
    slider,
    where,
  );
}
