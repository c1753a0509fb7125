// The gradient, backwards from the answer: the same sequence in this network and in fresh ones of other cells.

const FLOOR = -12;
const FULL_NAMES = { elman: "plain RNN", gru: "GRU", lstm: "LSTM" };

function flowPanel(model) {
  const { flow: found, network } = model.page;
  const steps = found.answer_step - 1;
  if (steps < 1) return section("flow", "How far the answer reaches back", el("p", {}, "The answer is asked for at the first step, so nothing has to be remembered."));
  const shown = found.networks.map((one) => ({ ...one, title: one.own ? `this network (${one.name})` : `${FULL_NAMES[one.name] || one.name}, fresh` }));
  const strips = shown.map((one) => {
    const canvas = el("canvas", { width: steps, height: 1, role: "img", "aria-label": `${one.title}: ${spread(one)}` });
    const cursor = el("div", { class: "cursor", hidden: true });
    const said = el("span", { class: "said" });
    return { one, canvas, cursor, said, element: el("figure", {}, el("figcaption", {}, el("strong", {}, one.title)), said, el("div", { class: "frame" }, canvas, cursor)) };
  });
  let width = 0;

  function paint() {
    const table = shades(false);
    for (const { one, canvas } of strips) {
      const image = new ImageData(steps, 1);
      for (let t = 0; t < steps; t++) {
        const value = one.log_norm[t];
        const share = value === null || value === undefined ? 0 : Math.max(0, Math.min(1, 1 - (value - 1) / (FLOOR - 1)));
        const shade = Math.round(share * 255) * 3;
        image.data.set([table[shade], table[shade + 1], table[shade + 2], 255], t * 4);
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
    }
  }

  function moved() {
    const t = Math.min(model.now.step, steps - 1);
    for (const { one, cursor, said } of strips) {
      putCursor(cursor, t, steps, width);
      const value = one.log_norm[t];
      said.textContent = model.now.step >= steps ? "at the answer" : value === null || value === undefined ? `step ${t + 1}: nothing arrives` : `step ${t + 1}: ${show(10 ** value)}`;
    }
  }

  const x = Array.from({ length: steps }, (_, t) => t + 1);
  const lines = shown.map((one) => ({ name: one.title, x, y: one.log_norm.map((v) => (v === null || v < -300 ? null : 10 ** v)) }));
  onWidth(strips[0].element.querySelector(".frame"), (now) => {
    width = now;
    moved();
  });
  onTheme(paint);
  model.on("step", moved);
  paint();
  return section(
    "flow",
    "How far the answer reaches back",
    el("p", {}, `Learning to remember needs a gradient that arrives: how much does the answer at step ${found.answer_step} change, if what the network holds at an earlier step is changed a little? Bright is much, dark is nothing. Below, the same first sequence in this network and in three fresh ones with ${network.units} units, their weights as training would start with them.`),
    el("div", { class: "flows" }, strips.map(({ element }) => element)),
    curve({ lines, x_label: "step", y_label: "|∂ answer / ∂ state|", title: "Size of the gradient that arrives at each step", y_log: true }, { width: 760, height: 260 }),
    el("p", { class: "hint" }, "A gate that is firmly shut lets no gradient through either, however well it guards a number: a constructed network can remember for good and show nothing here."),
  );
}

function spread(one) {
  const known = one.log_norm.filter((v) => v !== null && v !== undefined);
  if (!known.length) return "no gradient arrives at any step";
  return `from ${show(10 ** known[0])} at the earliest step that it reaches to ${show(10 ** known[known.length - 1])} just before the answer`;
}
