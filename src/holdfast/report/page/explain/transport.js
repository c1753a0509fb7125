// The time bar at the bottom of the page, which moves all panels through time.

const STEP_MS = 1000;
const WHOLE_RUN_MS = 20_000;
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

/** How long a step is shown: a second; less where the whole sequence would take more than twenty. */
function stepMs(steps) {
  return Math.min(STEP_MS, WHOLE_RUN_MS / steps);
}

/** Controls to which the space key belongs while they have the focus. */
const USES_SPACE = "button, summary, select, textarea, a, input:not([type=range]), [role=application], [contenteditable]";
const USES_ARROWS = "input, select, textarea, [role=application], summary";

function transport(model) {
  const slider = el("input", { type: "range", min: 1, max: model.steps, value: 1, step: 1, id: "time", "aria-label": "step" });
  const where = el("output", { class: "where", for: "time" });
  const play = el("button", { type: "button", id: "play", "aria-label": "play", title: "play (space)" }, sign("play"));
  let playing = null;

  function stop() {
    playing = null;
    play.replaceChildren(sign("play"));
    play.setAttribute("aria-label", "play");
  }

  function begin() {
    if (model.now.step === model.steps - 1) model.goTo(0);
    play.replaceChildren(sign("pause"));
    play.setAttribute("aria-label", "pause");
    playing = { due: performance.now() + stepMs(model.steps) };
    requestAnimationFrame(advance);
  }

  /** Goes to the step that is due by the clock, so that a slow machine skips steps and keeps the time. */
  function advance(now) {
    if (playing === null) return;
    const each = stepMs(model.steps);
    const due = now >= playing.due ? Math.floor((now - playing.due) / each) + 1 : 0;
    playing.due += due * each;
    if (due) model.goTo(model.now.step + due);
    if (model.now.step === model.steps - 1) return stop();
    requestAnimationFrame(advance);
  }

  const toggle = () => (playing === null ? begin() : stop());
  play.addEventListener("click", toggle);
  slider.addEventListener("input", everyFrame(() => model.goTo(Number(slider.value) - 1)));
  const go = (by) => () => model.goTo(model.now.step + by);
  const moves = { ArrowLeft: -1, ArrowRight: 1 };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " " && !event.target.closest(USES_SPACE)) {
      event.preventDefault();
      if (!event.repeat) toggle();
    }
    if (!(event.key in moves) || event.target.closest(USES_ARROWS)) return;
    event.preventDefault();
    model.goTo(model.now.step + moves[event.key]);
  });
  const follow = () => {
    slider.max = model.steps;
    slider.value = model.now.step + 1;
    where.textContent = `step ${model.now.step + 1} of ${model.steps}`;
  };
  model.on("step", follow);
  model.on("trace", follow);
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
