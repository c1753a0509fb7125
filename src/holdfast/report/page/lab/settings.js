// The settings at the left. A wrong value is told below its field, and the page goes on with what it has.

const NAMES = {
  task: "Task", steps: "Steps", lag: "Lag (steps)", cell: "Cell", units: "Units", layers: "Layers", learning_rate: "Learning rate", optimiser: "Optimiser",
  update: "Update per", order: "Order", initialisation: "First weights", forget_bias: "Forget bias", networks: "Networks", seed: "Seed",
};
const TASK_NAMES = { sequences: "sequences", echo: "echo", recall: "recall", parity: "parity" };
const TASK_SENTENCES = {
  sequences: "Read symbols, predict the next one.",
  echo: "Repeat the first symbol at the last step.",
  recall: "Repeat the first number at the last step.",
  parity: "Is the number of ones so far odd?",
};
/** With a task come settings that can learn it. */
const TASK_SETTINGS = {
  sequences: { update: "sequence", learning_rate: 0.001, units: 20, networks: 64, forget_bias: null },
  echo: { update: "batch", learning_rate: 0.01, units: 20, networks: 16, lag: 10 },
  recall: { update: "batch", learning_rate: 0.01, units: 8, networks: 16, steps: 10 },
  parity: { update: "batch", learning_rate: 0.01, units: 8, networks: 16, steps: 10 },
};
const NEEDED = { steps: ["recall", "parity"], lag: ["echo"], order: ["sequences"] };

function settingsPanel(lab) {
  const { choices, limits, cells } = lab.page;
  const known = { ...choices, cell: Object.keys(cells) };
  const fields = Object.keys(NAMES).map((name) => (known[name] ? choice(name) : number(name)));
  const sentence = el("p", { class: "note" });
  const own = el("div", { class: "sequences" });
  const general = problemLine("address");
  fields.splice(1, 0, { name: "sequences", element: el("div", { class: "field wide" }, own, problemLine("sequences")), follow: followSequences });
  const about = el("p", { class: "note", id: "about-cell" });

  function field(name, control) {
    control.id = `set-${name}`;
    return el("div", { class: "field" }, el("label", { for: control.id }, NAMES[name]), control, problemLine(name));
  }

  function choice(name) {
    const control = el("select", {}, known[name].map((value) => el("option", { value }, name === "task" ? TASK_NAMES[value] : value)));
    control.addEventListener("change", () => lab.set(name === "task" ? { task: control.value, ...TASK_SETTINGS[control.value] } : { [name]: control.value }, name));
    return { name, element: field(name, control), follow: (settings) => (control.value = settings[name]) };
  }

  function number(name) {
    const whole = !["learning_rate", "forget_bias"].includes(name);
    const [least, most] = limits[name];
    const control = el("input", { type: "number", step: whole ? 1 : "any", min: least, max: most, inputmode: "decimal", placeholder: name === "forget_bias" ? "as drawn" : null });
    control.addEventListener("change", () => {
      const value = control.value.trim() === "" ? null : Number(control.value);
      lab.set({ [name]: value }, name);
    });
    return { name, element: field(name, control), follow: (settings) => (control.value = settings[name] ?? "") };
  }

  function followSequences({ sequences }) {
    if (own.children.length !== sequences.length) {
      own.replaceChildren(...sequences.map((_, n) => {
        const control = el("input", { type: "text", id: `sequence-${n + 1}`, spellcheck: "false", autocomplete: "off" });
        control.addEventListener("change", () => {
          const all = lab.now.wanted.sequences.map((words, k) => (k === n ? control.value.split(",").map((word) => word.trim()) : words));
          lab.set({ sequences: all }, "sequences");
        });
        return el("div", { class: "field" }, el("label", { for: control.id }, `Sequence ${n + 1}`), control);
      }));
    }
    sequences.forEach((words, n) => (own.children[n].querySelector("input").value = words.join(",")));
  }

  function problemLine(name) {
    const line = el("p", { class: "problem", role: "alert", hidden: true });
    lab.on("problem", ({ problem }) => {
      const mine = problem.text && problem.field === name;
      line.textContent = mine ? problem.text : "";
      line.hidden = !mine;
    });
    return line;
  }

  lab.on("settings", ({ wanted: settings }) => {
    for (const { name, element, follow } of fields) {
      follow(settings);
      const needed = name === "sequences" ? ["sequences"] : NEEDED[name];
      element.hidden = Boolean(needed && !needed.includes(settings.task));
    }
    sentence.textContent = TASK_SENTENCES[settings.task] || "";
    about.textContent = cells[settings.cell]?.title || "";
  });
  const [task, ...rest] = fields;
  return el("form", { onsubmit: (event) => event.preventDefault() }, general, task.element, sentence, rest.map(({ element }) => element), about, problemLine("training"));
}
