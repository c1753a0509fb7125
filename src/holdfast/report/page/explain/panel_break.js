// The certified error band, and tools to search for a sequence on which the network leaves it.

const CHUNK_MS = 12;
const AT_ONCE = 500;

function breakPanel(model) {
  const { band, network } = model.page;
  if (!model.run || !model.judge) return [el("p", {}, "An error bound is known for this network, but the page cannot run it, so the bound cannot be tested here."), el("p", {}, bandWords(model))];
  const canvas = el("canvas", { class: "strip", role: "img", "aria-label": "the error at every step and the certified bound" });
  const cursor = el("div", { class: "cursor", hidden: true });
  const frame = el("div", { class: "strip-frame" }, canvas, cursor);
  const status = el("p", { role: "status" });
  const found = { tried: 0, worst: -Infinity, inputs: null };
  const judged = bandJudge(model);
  let busy = false;

  /** Runs `makes()` many times without blocking the page, keeps the worst sequence, and shows it. */
  function attack(makes) {
    if (busy) return;
    busy = true;
    status.setAttribute("aria-busy", "true");
    let left = AT_ONCE;
    const work = () => {
      const until = performance.now() + CHUNK_MS;
      while (left > 0 && performance.now() < until) {
        left -= 1;
        const inputs = makes();
        if (!inputs) continue;
        const error = judged(inputs);
        if (error === null) continue;
        found.tried += 1;
        if (error > found.worst || found.inputs === null) [found.worst, found.inputs] = [error, inputs];
      }
      told();
      if (left > 0) return void requestAnimationFrame(work);
      busy = false;
      status.setAttribute("aria-busy", "false");
      if (found.inputs) model.replace(found.inputs);
    };
    requestAnimationFrame(work);
  }

  function told() {
    const here = worstOf(model, model.now.trace, model.now.told);
    const limit = symbolic(model) ? 0 : band.error;
    const broken = Math.max(here ?? -Infinity, found.worst) > limit * (1 + 1e-6);
    status.replaceChildren(
      here === null ? "The sequence above does not belong to the task or is outside the input range, so the certificate does not cover it. " : `The sequence above: ${errorWords(model, here)}. `,
      found.tried ? `${count(found.tried)} sequences tried; the worst: ${errorWords(model, found.worst)}. ` : "",
      broken ? el("span", { class: "broken" }, "It violates the bound. Please report this: it should be impossible.") : found.tried ? "The bound holds." : "",
    );
  }

  function redraw() {
    drawBand(model, canvas, frame.clientWidth);
    placeCursor(cursor, frame, model.now.step, model.steps);
    told();
  }

  const random = el("button", { type: "button", id: "attack", onclick: () => attack(() => model.judge.walk(model.given).inputs) }, `Try ${count(AT_ONCE)} random sequences`);
  const harder = el("button", { type: "button", id: "search", onclick: () => attack(() => (found.inputs ? mutated(model, found.inputs) : model.judge.walk(model.given).inputs)) }, "Search for a worse sequence");
  onWidth(frame, redraw);
  onTheme(redraw);
  dragStrip(model, frame, null);
  model.on("trace", everyFrame(redraw));
  model.on("step", () => placeCursor(cursor, frame, model.now.step, model.steps));
  return [
    el("p", {}, bandWords(model)),
    el("p", {}, "Change inputs above, or let the page search for bad ones. The network runs in this page, on your machine."),
    el("div", { class: "card" }, frame, el("div", { class: "row" }, random, harder), status),
    network.dtype === "float32" ? el("p", { class: "hint" }, "Every operation is rounded to float32, as in the network; sums are computed in double precision and rounded once.") : null,
  ].filter(Boolean);
}

function bandWords(model) {
  const { band } = model.page;
  const length = band.steps === null ? "of every length" : `of up to ${count(band.steps)} steps`;
  const from = band.least_steps > 1 ? ` from ${band.least_steps} on` : "";
  const range = band.range ? `, numbers from ${show(band.range[0])} to ${show(band.range[1])}` : "";
  const what = symbolic(model) ? "the right symbol has the largest output" : `the error of the answer is at most ${atMost(band.error)}`;
  return `For every sequence ${length}${from}${range}, ${what}: ${band.by}.`;
}

function errorWords(model, error) {
  if (!symbolic(model)) return `error at most ${show(error)}, bound ${atMost(model.page.band.error)}`;
  return error < 0 ? `the margin of the right symbol is ${show(-error)}` : `a wrong symbol is ahead by ${show(error)}`;
}

/** Whether the certificate covers the answer at step t (from 0). */
function covered(band, t) {
  return t + 1 >= band.least_steps && (band.steps === null || t + 1 <= band.steps);
}

/** The largest error of the answers that the certificate covers; null if the row is not a row of the task. */
function worstOf(model, trace, told) {
  let worst = null;
  for (let t = 0; t < told.length; t++) {
    if (!told[t].allowed) return null;
    if (!told[t].asked || !covered(model.page.band, t)) continue;
    const error = errorAt(model, trace, told, t);
    if (Number.isNaN(error)) return Infinity;
    if (worst === null || error > worst) worst = error;
  }
  return worst;
}

function bandJudge(model) {
  const size = model.page.network.inputs;
  return (inputs) => {
    const steps = inputs.length / size;
    if (!steps) return null;
    return worstOf(model, model.run(inputs, steps), model.judge.follow(inputs, steps));
  };
}

/** The worst sequence so far with a few of its numbers changed, within their ranges. */
function mutated(model, inputs) {
  const { features } = model.page.task.scenario;
  const moved = inputs.slice();
  const free = features.map((_, n) => n).filter((n) => !features[n].points.length);
  if (!free.length) return model.judge.walk(model.given).inputs;
  const changes = 1 + Math.floor(Math.random() * 3);
  for (let k = 0; k < changes; k++) {
    const n = free[Math.floor(Math.random() * free.length)];
    const at = Math.floor((Math.random() * moved.length) / features.length) * features.length + n;
    const { low, high } = features[n];
    const to = Math.random() < 0.3 ? (Math.random() < 0.5 ? low : high) : moved[at] + (Math.random() - 0.5) * 0.2 * (high - low);
    moved[at] = Math.max(low, Math.min(high, to));
  }
  return moved;
}

/** The error over time, with the certified band. */
function drawBand(model, canvas, width) {
  if (!width) return;
  canvas.parentElement.width = width;
  const scale = window.devicePixelRatio || 1;
  const height = 190;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const { band } = model.page;
  const { now, steps } = model;
  const left = STRIP.left;
  const right = width - STRIP.right;
  const at = (t) => left + ((t + 0.5) / steps) * (right - left);
  const size = model.page.network.outputs;
  const points = [];
  now.told.forEach(({ asked }, t) => {
    if (!asked || !covered(band, t)) return;
    if (asked.class !== undefined) points.push([t, -errorAt(model, now.trace, now.told, t)]);
    else asked.forEach((value, n) => value !== null && points.push([t, now.trace.outputs[t * size + n] - value]));
  });
  const classes = symbolic(model);
  const most = points.reduce((a, [, v]) => (Number.isFinite(v) ? Math.max(a, Math.abs(v)) : a), classes ? 0 : band.error) * 1.25 || 1;
  const low = classes ? Math.min(-0.15 * most, points.reduce((a, [, v]) => Math.min(a, v), 0) * 1.25) : -most;
  const y = (value) => 12 + ((most - value) / (most - low)) * (height - 40);
  pen.fillStyle = colour("--faint");
  pen.fillRect(left, classes ? y(most) : y(band.error), right - left, (classes ? y(0) : y(-band.error)) - (classes ? y(most) : y(band.error)));
  pen.strokeStyle = colour("--green");
  pen.lineWidth = 2;
  for (const edge of classes ? [0] : [band.error, -band.error]) {
    pen.beginPath();
    pen.moveTo(left, y(edge));
    pen.lineTo(right, y(edge));
    pen.stroke();
  }
  for (const [t, value] of points) {
    const inside = classes ? value > 0 : Math.abs(value) <= band.error * (1 + 1e-6);
    pen.fillStyle = colour(inside ? "--blue" : "--orange");
    const radius = steps > 80 ? 1.7 : 3;
    pen.beginPath();
    pen.arc(at(t), Math.max(4, Math.min(height - 30, y(value))), inside ? radius : 5, 0, 7);
    pen.fill();
  }
  pen.font = `11px ${colour("--plain")}`;
  pen.fillStyle = colour("--soft");
  pen.textAlign = "right";
  const marks = classes ? [[0, "0"], [most / 1.25, show(most / 1.25)]] : [[band.error, `+${show(band.error)}`], [0, "0"], [-band.error, show(-band.error)]];
  for (const [value, text] of marks) pen.fillText(text, left - 6, y(value) + 4);
  pen.textAlign = "left";
  pen.fillText(classes ? "margin of the right symbol; certified: above 0" : "answer − right answer; certified: between the green lines", left, height - 8);
}
