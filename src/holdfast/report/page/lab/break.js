// Weights that were written, not trained: their proved bound, and the means to try to break it.

const TRIES = 500;

function breakPanel(lab) {
  const known = lab.page.constructed;
  const bound = el("p", {});
  const said = el("p", { class: "note", role: "status", id: "broken" });
  const number = el("input", { type: "range", min: -1, max: 1, step: 0.01, id: "input", "aria-label": "number at this step" });
  const label = el("label", { for: "input" });
  const attack = el("button", { type: "button", id: "attack" }, `Try ${TRIES} random sequences`);
  const leave = el("button", { type: "button" }, "Back to training");
  const panel = el("div", { class: "break", id: "break", hidden: true }, bound, el("div", { class: "row" }, label, number, attack, leave), said);
  let worst = 0;
  let tried = 0;

  const width = () => lab.now.task.outputs;
  const judge = (trace, row) => Math.abs(trace.outputs[(trace.steps - 1) * width()] - row.inputs[0]);

  function tell(error) {
    worst = Math.max(worst, error);
    said.textContent = `Largest error of ${count(tried)} sequence${tried === 1 ? "" : "s"}: ${show(worst)}. ${worst > known.error ? "The bound is broken: please report it." : "The bound holds."}`;
    said.classList.toggle("broken", worst > known.error);
  }

  attack.addEventListener("click", () => {
    for (let n = 0; n < TRIES; n++) {
      const steps = 1 + Math.floor(Math.random() * 60);
      const inputs = Float64Array.from({ length: steps }, () => Math.fround(Math.random() < 0.3 ? Math.sign(Math.random() - 0.5) : 2 * Math.random() - 1));
      tried += 1;
      tell(judge(ENGINE.read({ ...lab.now.settings, steps }, lab.now.weights, inputs, steps), { inputs }));
    }
  });
  number.addEventListener("input", everyFrame(() => {
    const { now } = lab;
    const row = now.rows[now.row];
    row.inputs[now.step] = Math.fround(Number(number.value));
    row.symbols[now.step] = Number(number.value).toFixed(2).replace("-", MINUS);
    if (now.step === 0) {
      row.wanted.fill(row.inputs[0]);
      row.answers.fill(row.symbols[0]);
    }
    lab.read();
    tried += 1;
    tell(judge(now.traces[now.row], row));
  }));
  leave.addEventListener("click", () => lab.set(lab.page.settings));
  lab.on("begin", () => {
    panel.hidden = !lab.now.constructed;
    panel.parentElement.classList.toggle("written", Boolean(lab.now.constructed));
    [worst, tried] = [0, 0];
    if (!known) return;
    bound.textContent = `${count(lab.now.settings.units)} units of a ${known.settings.cell} whose weights were written from a program. Error at most ${show(known.error)} for every sequence of numbers from ${MINUS}1 to 1 of up to ${count(known.most_steps)} steps (${known.by}).`;
    said.textContent = "Change a number, or try many sequences.";
  });
  lab.on("view", ({ rows, row, step, constructed }) => {
    if (!constructed) return;
    label.textContent = `Sequence ${row + 1}, number at step ${step + 1}`;
    number.value = rows[row].inputs[step];
  });
  return panel;
}
