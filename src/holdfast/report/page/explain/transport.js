// The time bar at the bottom of the page, which moves all panels through time.

const STEPS_PER_SECOND = 12;
/** Icons as drawings, since fonts differ in the signs of media players. */
const SIGNS = {
  play: "M4 2 L14 8 L4 14 Z",
  pause: "M3 2 h4 v12 h-4 Z M9 2 h4 v12 h-4 Z",
  back: "M11 2 L4 8 L11 14 Z",
  on: "M5 2 L12 8 L5 14 Z",
  first: "M2 2 h2 v12 h-2 Z M14 2 L5 8 L14 14 Z",
  last: "M12 2 h2 v12 h-2 Z M2 2 L11 8 L2 14 Z",
};

function sign(name) {
  return draw("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }, draw("path", { d: SIGNS[name] }));
}

function transport(model) {
  const slider = el("input", { type: "range", min: 1, max: model.steps, value: 1, step: 1, id: "time", "aria-label": "step" });
  const where = el("output", { class: "where", for: "time" });
  const play = el("button", { type: "button", id: "play", "aria-label": "play" }, sign("play"));
  let timer = null;

  function stop() {
    clearInterval(timer);
    timer = null;
    play.replaceChildren(sign("play"));
    play.setAttribute("aria-label", "play");
  }

  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (model.now.step === model.steps - 1) model.goTo(0);
    play.replaceChildren(sign("pause"));
    play.setAttribute("aria-label", "pause");
    timer = setInterval(() => {
      model.goTo(model.now.step + 1);
      if (model.now.step === model.steps - 1) stop();
    }, 1000 / STEPS_PER_SECOND);
  });
  slider.addEventListener("input", everyFrame(() => model.goTo(Number(slider.value) - 1)));
  const go = (by) => () => model.goTo(model.now.step + by);
  const moves = { ArrowLeft: -1, ArrowRight: 1 };
  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input, select, textarea, [role=application], summary");
    if (busy || event.altKey || event.ctrlKey || event.metaKey || !(event.key in moves)) return;
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
    el("button", { type: "button", "aria-label": "first step", onclick: () => model.goTo(0) }, sign("first")),
    el("button", { type: "button", "aria-label": "one step back", onclick: go(-1) }, sign("back")),
    play,
    el("button", { type: "button", "aria-label": "one step forward", onclick: go(1) }, sign("on")),
    el("button", { type: "button", "aria-label": "last step", onclick: () => model.goTo(model.steps - 1) }, sign("last")),
    slider,
    where,
  );
}
