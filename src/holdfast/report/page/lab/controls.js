// The bar at the top: train, pause, one update, one epoch, begin again, how fast; and how far the training is.

function trainingControls(lab) {
  const play = el("button", { type: "button", id: "train", class: "primary" });
  const button = (id, text, label, act) => el("button", { type: "button", id, "aria-label": label, title: label, onclick: act }, text);
  const update = button("update", "+1 update", "train by one update", () => lab.advance("update", 1));
  const epoch = button("epoch", "+1 epoch", "train by one epoch", () => lab.advance("epoch", 1));
  const reset = button("reset", "Reset", "begin again with first weights", () => lab.reset());
  const speed = el("select", { id: "speed", "aria-label": "speed of the training" }, Object.keys(SPEEDS).map((name) => el("option", { value: name }, name)));
  const said = el("output", { class: "epoch", id: "epochs" });
  speed.value = Object.keys(SPEEDS).find((name) => SPEEDS[name] === lab.now.speed);
  speed.addEventListener("change", () => lab.speed(SPEEDS[speed.value]));
  play.addEventListener("click", () => (lab.now.playing ? lab.pause() : lab.play()));
  function follow() {
    const { playing, constructed, problem } = lab.now;
    const stopped = Boolean(constructed || problem.blocks);
    play.textContent = playing ? "Pause" : "Train";
    play.setAttribute("aria-pressed", playing);
    for (const one of [play, update, epoch]) one.disabled = stopped;
    reset.disabled = stopped;
  }
  function tell() {
    const { state } = lab.now;
    said.textContent = state ? `epoch ${count(state.epoch)}, ${count(state.updates)} update${state.updates === 1 ? "" : "s"}` : "";
  }
  for (const name of ["playing", "begin", "problem"]) lab.on(name, follow);
  for (const name of ["progress", "begin"]) lab.on(name, tell);
  follow();
  tell();
  return el("div", { class: "controls", role: "group", "aria-label": "training" }, play, update, epoch, reset, speed, said);
}
