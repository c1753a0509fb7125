// The selected step: what is read, expected and predicted, with the controls that change the input.

const MOST_TYPED = 60;

function stepPanel(model) {
  const { network } = model.page;
  const canEdit = network.weights !== null;
  const head = el("h2", { id: "step-title" });
  const heads = ["input", "expected", "predicted"].map((name) => el("dt", {}, name));
  const values = heads.map(() => el("dd", {}));

  function redraw() {
    const t = model.now.step;
    head.textContent = `Step ${t + 1}`;
    [inputWords(model, t), expectedWords(model, t) || "not scored", predictedWords(model, t)].forEach((text, n) => (values[n].textContent = text));
  }

  model.on("trace", redraw);
  model.on("step", redraw);
  redraw();
  return el("section", { id: "step", "aria-labelledby": "step-title" },
    head,
    el("dl", { class: "facts" }, heads.map((name, n) => el("div", {}, name, values[n]))),
    canEdit ? stepEditor(model) : el("p", { class: "hint" }, network.why_not),
    canEdit && model.given <= MOST_TYPED ? typedRow(model) : null);
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
