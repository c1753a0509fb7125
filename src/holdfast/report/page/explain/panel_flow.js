// The gradient back in time from the answer, on the same sequence, in this network and in untrained ones of other cells.

const FLOOR = -12;
const FULL_NAMES = { elman: "plain RNN", gru: "GRU", lstm: "LSTM" };

function flowPanel(model) {
  const { flow: found, network } = model.page;
  const steps = found.answer_step - 1;
  if (steps < 1) return [el("p", {}, "The answer is scored at the first step, so no memory is needed.")];
  const shown = found.networks.map((one) => ({ ...one, title: one.own ? `this network (${one.name})` : `${FULL_NAMES[one.name] || one.name}, untrained` }));
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
      said.textContent = model.now.step >= steps ? "at the answer" : value === null || value === undefined ? `step ${t + 1}: no gradient` : `step ${t + 1}: ${show(10 ** value)}`;
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
  return [
    el("p", {}, `The derivative of the answer at step ${found.answer_step} with respect to the state at each earlier step; learning to remember needs one that does not vanish. Bright is large, dark is zero. Compared on the first sequence: this network, and three untrained networks of ${network.units} units with their initial weights.`),
    el("div", { class: "flows" }, strips.map(({ element }) => element)),
    curve({ lines, x_label: "step", y_label: "|∂ answer / ∂ state|", title: "Norm of the gradient at each step", y_log: true }, { width: 760, height: 260 }),
    el("p", { class: "hint" }, "A saturated gate has a gradient of zero even while it protects a number, so a constructed network can remember exactly and show no gradient here."),
  ];
}

function spread(one) {
  const known = one.log_norm.filter((v) => v !== null && v !== undefined);
  if (!known.length) return "the gradient is zero at every step";
  return `from ${show(10 ** known[0])} at the earliest step with a gradient to ${show(10 ** known[known.length - 1])} just before the answer`;
}
