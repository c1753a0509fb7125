// At the right: the loss as it falls, the networks that have learned it, and the gradient over distance.

const REDRAWN = 80; // milliseconds between two pictures of a plot

/** Calls `draw` at most every REDRAWN milliseconds, with one call after the last one that was asked for. */
function seldom(draw) {
  let waiting = null;
  let last = 0;
  return () => {
    if (waiting !== null) return;
    waiting = setTimeout(() => {
      waiting = null;
      last = performance.now();
      draw();
    }, Math.max(0, REDRAWN - (performance.now() - last)));
  };
}

function lossPanel(lab) {
  const plot = linePlot("Loss", "the loss over epochs");
  plot.element.id = "loss";
  const draw = seldom(() => {
    const { history, network, constructed } = lab.now;
    plot.element.hidden = Boolean(constructed);
    if (history.length < 2) return plot.draw([], {});
    const unit = lab.now.task.rows ? "epoch" : "updates";
    const x = history.map((point) => (unit === "epoch" ? point.epoch : point.updates));
    const all = { x, y: history.map((p) => p.middle), low: history.map((p) => p.low), high: history.map((p) => p.high), colour: "--soft", dash: [4, 3] };
    const shown = { x, y: history.map((p) => p.losses[network]), colour: "--blue", width: 2.2 };
    plot.draw([all, shown], { x: unit === "epoch" ? "epoch" : "updates of a network", logY: true });
    plot.note.textContent = `Line: network ${network + 1}, ${show(shown.y.at(-1))}. Dashed: median and quartiles of all.`;
  });
  for (const name of ["progress", "begin"]) lab.on(name, draw);
  return plot.element;
}

function gradientPanel(lab) {
  const plot = linePlot("Gradient over distance", "the norm of the gradient of the loss at the answer in the state, over the number of steps before it");
  plot.element.id = "gradient";
  const draw = seldom(() => {
    const gradient = lab.now.state?.gradient;
    if (!gradient) return;
    const x = Array.from(gradient, (_, n) => n);
    const known = Array.from(gradient).filter((v) => v > 0).length;
    plot.draw([{ x, y: Array.from(gradient), colour: "--blue", points: gradient.length < 40 }], { x: "steps before the answer", logY: true });
    plot.note.textContent = known < gradient.length
      ? `It is 0 at every distance of ${known} or more: nothing teaches those steps to store anything.`
      : gradientSentence(gradient.at(-1) / gradient[0]);
  });
  lab.on("progress", draw);
  return plot.element;
}

function gradientSentence(ratio) {
  return ratio < 1 ? `At the first step it is ${percent(ratio)} of that at the answer.` : `At the first step it is ${show(Number(ratio.toPrecision(2)))} times that at the answer.`;
}

/** One square for every network: full and ticked when all steps are right, crossed when its loss has grown past bounds. */
function networksPanel(lab) {
  const grid = el("div", { class: "squares", role: "group", "aria-label": "networks" });
  const said = el("p", { class: "rate", role: "status" });
  const follow = () => {
    const { state, settings, network } = lab.now;
    const how = (n) => (!state ? "untrained" : state.diverged[n] ? "diverged" : state.solved[n] ? "solved" : "not solved");
    const fill = (square, text, n) => {
      setState(square, "data-how", text);
      setText(square, { solved: "✓", diverged: "×" }[text] || "");
      setState(square, "aria-pressed", n === network);
      setState(square, "aria-label", `network ${n + 1}: ${text}`);
      setState(square, "tabindex", n === network ? 0 : -1);
    };
    buttonsOf(grid, Array.from({ length: settings.networks }, (_, n) => how(n)), { class: "square" }, fill, (_, n) => lab.choose(n));
    if (!state) return void (said.textContent = "");
    const { solved, of, low, high } = state.rate;
    said.textContent = `${solved} of ${of} solved: ${percent(solved / of)}, 95\u00a0% interval ${Math.round(100 * low)} to ${percent(high)}`;
  };
  grid.addEventListener("keydown", (event) => {
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const to = grid.children[[...grid.children].indexOf(event.target) + by];
    if (!by || !to) return;
    event.preventDefault();
    to.focus();
    to.click();
  });
  for (const name of ["progress", "begin"]) lab.on(name, follow);
  return el("figure", { class: "networks" }, el("figcaption", {}, el("strong", {}, "Networks with other first weights")), grid, said);
}
