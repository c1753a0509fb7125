// The network along time: inputs above, the units of every layer below them, answers at the bottom, on one time axis.

const STRIP = { left: 76, right: 58, inputs: 66, outputs: 100, axis: 20 };

function taskPanel(model) {
  const { page, now } = model;
  const { task, network } = page;
  const canEdit = network.weights !== null;
  const reads = el("canvas", { class: "strip reads", "aria-hidden": "true" });
  const answers = el("canvas", { class: "strip", "aria-hidden": "true" });
  const cursor = el("div", { class: "cursor", hidden: true });
  const ending = el("div", { class: "ending", hidden: true });
  const along = el("div", { class: "along" });
  const verdict = el("p", { class: "verdict", role: "status" });
  const rows = el("select", { "aria-label": "sequence", id: "sequence", onchange: (event) => model.load(Number(event.target.value)) });
  for (let r = 0; r < model.rowCount; r++) rows.append(el("option", { value: r }, `sequence ${r + 1}`));
  const again = el("button", { type: "button", onclick: () => model.load(now.row) }, "Reset");
  const random = model.judge && canEdit ? el("button", { type: "button", onclick: () => model.replace(fittingWalk(model)) }, "Random sequence") : null;
  const further = canEdit ? el("button", { type: "button", id: "further", onclick: () => {
    const from = model.steps;
    model.readOn();
    model.goTo(from);
  } }) : null;
  let width = 0;

  function redraw() {
    again.disabled = !now.edited && model.steps === model.given;
    if (further) {
      further.disabled = model.furtherSteps === 0;
      further.textContent = further.disabled ? "No further steps" : `Read ${count(model.furtherSteps)} more steps`;
    }
    drawReads(model, reads, width);
    drawAnswers(model, answers, width);
    moved();
    verdict.textContent = inWords(model) + (now.further ? ` After step ${model.given} it reads ${now.further}.` : "");
  }

  function moved() {
    if (!width) return;
    along.width = width;
    placeCursor(cursor, along, now.step, model.steps);
    ending.hidden = model.steps === model.given;
    ending.style.transform = `translateX(${STRIP.left + (model.given / model.steps) * (width - STRIP.left - STRIP.right)}px)`;
  }

  along.append(reads, rowsPanel(model, along), answers, ending, cursor);
  dragStrip(model, along, canEdit ? reads : null);
  onWidth(along, (now) => {
    width = now;
    redraw();
  });
  onTheme(redraw);
  model.on("trace", redraw);
  model.on("step", moved);
  return section(
    "task",
    "The network along time",
    el("div", { class: "row" }, rows, random, further, again),
    el("div", { class: "card" }, along),
    verdict,
    task.why_not ? el("p", { class: "hint" }, `${task.why_not} Therefore the targets are known for the given sequences only.`) : null,
  );
}

function symbolicInputs(model) {
  return model.page.rows.inputs.kind === "symbols";
}

/** The range in which a feature is drawn and dragged. */
function featureRange(model, feature) {
  if (model.judge) return model.page.task.scenario.features[feature];
  const { size, values, kind } = model.page.rows.inputs;
  if (kind === "symbols") return { low: 0, high: 1, points: [0, 1] };
  let [low, high] = [Infinity, -Infinity];
  for (let i = feature; i < values.length; i += size) [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
  return { low, high, points: [] };
}

function inputWords(model, step) {
  const { size, labels } = model.page.rows.inputs;
  const x = Array.from(model.now.inputs.subarray(step * size, (step + 1) * size));
  if (!model.now.present[step]) return "none (after the end of the sequence)";
  return symbolicInputs(model) ? labels[largest(x)] : x.map(signed).join("  ");
}

/** The number of right answers, in a sentence. */
function inWords(model) {
  const { now, steps, page } = model;
  const scored = (t) => (now.edited ? now.told[t].asked : t >= page.rows.steps || page.rows.scored[now.row * steps + t]) && now.told[t].asked;
  const asked = Array.from({ length: steps }, (_, t) => t).filter(scored);
  const outside = now.told.findIndex((told, t) => !told.allowed && now.present[t]);
  if (outside >= 0) return `From step ${outside + 1} on this is not a sequence of the task, so it has no target.`;
  if (!asked.length) return "No step of this sequence is scored.";
  const errors = asked.map((t) => errorAt(model, now.trace, now.told, t));
  if (symbolic(model)) {
    const right = errors.filter((e) => e < 0).length;
    if (asked.length === 1) return `The answer is ${right ? "right" : "wrong"}.`;
    return right === asked.length ? `All ${right} answers are right.` : `${right} of ${asked.length} answers are right.`;
  }
  const last = asked[asked.length - 1];
  return `The error of the answer at step ${last + 1} is ${show(errorAt(model, now.trace, now.told, last))}.`;
}

/** A random row that fits here and has an answer. */
function fittingWalk(model) {
  for (let tries = 0; tries < 400; tries++) {
    const made = model.judge.walk(model.steps);
    const told = model.judge.follow(made.inputs, made.steps);
    if (told.some((step) => step.asked)) return made.inputs;
  }
  return inputsOf(model.page.rows, model.now.row);
}

