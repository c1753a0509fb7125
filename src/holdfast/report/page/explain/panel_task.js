// The task: the inputs and answers at every step, and an editor for the user's own rows.

const STRIP = { left: 64, right: 12, inputs: 84, gap: 26, outputs: 120, bottom: 22 };
const MOST_TYPED = 60;

function taskPanel(model) {
  const { page, now } = model;
  const { task, network } = page;
  const canvas = el("canvas", { class: "strip", "aria-hidden": "true" });
  const cursor = el("div", { class: "cursor", hidden: true });
  const strip = el("div", { class: "strip-frame" }, canvas, cursor);
  const canEdit = network.weights !== null;
  const editor = canEdit ? stepEditor(model) : null;
  const typed = canEdit && model.steps <= MOST_TYPED ? typedRow(model) : null;
  const verdict = el("p", { class: "verdict", role: "status" });
  const heads = ["step", "input", "expected", "predicted"].map((name) => el("dt", {}, name));
  const values = heads.map(() => el("dd", {}));
  const rows = el("select", { "aria-label": "sequence", id: "sequence", onchange: (event) => model.load(Number(event.target.value)) });
  for (let r = 0; r < model.rowCount; r++) rows.append(el("option", { value: r }, `sequence ${r + 1}`));
  const again = el("button", { type: "button", onclick: () => model.load(now.row) }, "Reset");
  const random = model.judge && canEdit ? el("button", { type: "button", onclick: () => model.replace(fittingWalk(model)) }, "Random sequence") : null;

  function redraw() {
    again.disabled = !now.edited;
    drawStrip(model, canvas, strip.clientWidth);
    moved();
    verdict.textContent = inWords(model);
  }

  function moved() {
    const t = now.step;
    placeCursor(cursor, strip, t, model.steps);
    [String(t + 1), inputWords(model, t), expectedWords(model, t) || "not scored", predictedWords(model, t)].forEach((text, n) => (values[n].textContent = text));
  }

  dragStrip(model, strip, canEdit);
  onWidth(strip, redraw);
  onTheme(redraw);
  model.on("trace", redraw);
  model.on("step", moved);
  return section(
    "task",
    "The task: change the inputs",
    el("p", {}, task.sentence),
    el("div", { class: "row" }, el("label", { for: "sequence" }, "Read"), rows, random, again),
    el("div", { class: "card" }, strip, el("dl", { class: "facts" }, heads.map((head, n) => el("div", {}, head, values[n]))), editor, typed, verdict),
    canEdit
      ? el("p", { class: "hint" }, symbolicInputs(model)
          ? "Click a step and choose another symbol for it. The page runs the network again after every change."
          : "Drag an input up or down, or type a value. The page runs the network again after every change.")
      : el("p", { class: "hint" }, page.network.why_not),
    page.task.why_not ? el("p", { class: "hint" }, `${page.task.why_not} Therefore the targets are known for the given sequences only.`) : null,
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
  const scored = (t) => (now.edited ? now.told[t].asked : page.rows.scored[now.row * steps + t]) && now.told[t].asked;
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

/** A field for every input at the cursor: a slider with a number, or the symbols to choose from. */
function stepEditor(model) {
  const { size, labels } = model.page.rows.inputs;
  const name = (n) => (size > 1 ? `input ${labels[n]}` : "input");
  if (symbolicInputs(model)) {
    const choice = el("select", { id: "symbol", onchange: () => model.edit(model.now.step, labels.map((_, n) => Number(n === Number(choice.value)))) });
    labels.forEach((label, n) => choice.append(el("option", { value: n }, label)));
    const follow = () => (choice.value = largest(model.now.inputs.subarray(model.now.step * size, (model.now.step + 1) * size)));
    model.on("step", follow);
    model.on("trace", follow);
    follow();
    return el("div", { class: "row" }, el("label", { for: "symbol" }, "Input at this step"), choice);
  }
  const fields = Array.from({ length: size }, (_, n) => {
    const range = featureRange(model, n);
    const step = range.points.length > 1 ? null : (range.high - range.low) / 1000 || 0.001;
    const change = (value) => {
      if (value === "" || !Number.isFinite(Number(value))) return;
      const x = model.now.inputs.slice(model.now.step * size, (model.now.step + 1) * size);
      x[n] = range.points.length && slider === document.activeElement ? nearest(range.points, Number(value)) : Number(value);
      model.edit(model.now.step, x);
    };
    const slider = el("input", { type: "range", min: range.low, max: range.high, step: step || "any", "aria-label": `${name(n)} at this step`, oninput: everyFrame(() => change(slider.value)) });
    const field = el("input", { type: "number", step: "any", "aria-label": `${name(n)} at this step, as a number`, oninput: () => change(field.value) });
    const follow = () => {
      const value = model.now.inputs[model.now.step * size + n];
      slider.value = value;
      if (field !== document.activeElement) field.value = Number(value.toPrecision(6));
    };
    model.on("step", follow);
    model.on("trace", follow);
    follow();
    return el("div", { class: "row" }, el("span", { class: "hint" }, name(n)), slider, field);
  });
  return el("div", { class: "fields" }, fields);
}

function nearest(points, value) {
  return points.reduce((best, p) => (Math.abs(p - value) < Math.abs(best - value) ? p : best));
}

/** A short row as text: symbols, or the first feature's numbers, separated by commas. */
function typedRow(model) {
  const { size, labels } = model.page.rows.inputs;
  if (!symbolicInputs(model) && size > 1) return null;
  const said = el("span", { class: "hint", role: "status" });
  const field = el("input", { type: "text", id: "typed", class: "mono", spellcheck: "false", autocomplete: "off", onchange: read, onkeydown: (event) => event.key === "Enter" && read() });

  function read() {
    const words = field.value.split(",").map((word) => word.trim()).filter(Boolean);
    const whole = [];
    for (const word of words.slice(0, model.steps)) {
      if (symbolicInputs(model)) {
        const symbol = labels.indexOf(word);
        if (symbol < 0) return void (said.textContent = `'${word}' is not a symbol of this task; the symbols are ${labels.join(" ")}`);
        whole.push(...labels.map((_, n) => Number(n === symbol)));
      } else {
        if (!Number.isFinite(Number(word))) return void (said.textContent = `'${word}' is not a number`);
        whole.push(Number(word));
      }
    }
    if (!whole.length) return void (said.textContent = "Enter at least one value.");
    said.textContent = words.length > model.steps ? `Only the first ${model.steps} steps are used.` : "";
    model.replace(Float64Array.from(whole));
  }

  const follow = () => {
    if (field === document.activeElement) return;
    const there = Array.from({ length: model.steps }, (_, t) => t).filter((t) => model.now.present[t]);
    field.value = there.map((t) => (symbolicInputs(model) ? inputWords(model, t) : Number(model.now.inputs[t].toFixed(3)))).join(", ");
  };
  model.on("trace", follow);
  follow();
  return el("div", { class: "row wide" }, el("label", { for: "typed" }, "Or type a sequence"), field, said);
}
