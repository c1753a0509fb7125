// The network along time, on a canvas: both sequences above each other, then the control without memory. What can be
// clicked here (gates, steps, sequences) can also be chosen by the controls below and by the time slider.

const STAGE = { left: 82, top: 20, chip: 19, arrow: 10, gates: 32, bars: 42, gap: 8, control: 36, least: 54, most: 118, box: 28 };
const PALETTE = ["--ink", "--soft", "--rule", "--faint", "--sheet", "--keep", "--write", "--show", "--right", "--wrong", "--lit", "--plain"];

function stagePanel(lab) {
  const canvas = el("canvas", { class: "stage", role: "img" });
  const holder = el("div", { class: "stage-frame" }, canvas);
  const said = el("p", { class: "hidden", role: "status" });
  const view = { from: 0, hits: [] };
  const redraw = everyFrame(() => {
    const room = cleared(canvas, holder);
    if (!room || !lab.now.task) return;
    drawStage(lab, view, ...room);
    canvas.setAttribute("aria-label", described(lab));
  });
  const hitAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return view.hits.find((hit) => x >= hit.x && x <= hit.x + hit.w && y >= hit.y && y <= hit.y + hit.h);
  };
  canvas.addEventListener("pointermove", (event) => (canvas.style.cursor = hitAt(event) ? "pointer" : "default"));
  canvas.addEventListener("click", (event) => {
    const hit = hitAt(event);
    if (hit) lab.look(hit.look);
  });
  new ResizeObserver(redraw).observe(holder);
  onTheme(redraw);
  for (const name of ["view", "read", "begin"]) lab.on(name, redraw);
  lab.on("playing", ({ playing }) => (said.textContent = playing || !lab.now.traces.length ? "" : described(lab)));
  return el("div", { class: "stage-pane" }, holder, said);

  /** The picture in words. */
  function described({ now }) {
    if (!now.traces.length) return "The network has no weights yet.";
    const one = (row, trace, name) => {
      const steps = Array.from({ length: row.trained }, (_, t) => {
        const { text, right } = answerAt(now.task, row, trace, t);
        return right === null ? "" : `step ${t + 1} reads ${row.symbols[t]}, answers ${text}, ${right ? "right" : `wrong, expected ${row.answers[t]}`}`;
      });
      return `${name}: ${steps.filter(Boolean).slice(-8).join("; ")}.`;
    };
    const all = now.rows.map((row, n) => one(row, now.traces[n], `Sequence ${n + 1}`));
    const control = now.rows.map((row, n) => now.control.traces[n] && one(row, now.control.traces[n], `The control without memory, sequence ${n + 1}`));
    return [...all, ...control.filter(Boolean)].join(" ");
  }
}

/** Draws everything; `view.hits` are the places that can be clicked. */
function drawStage(lab, view, pen, width, height) {
  const { now } = lab;
  const ink = Object.fromEntries(PALETTE.map((name) => [name, colour(name)]));
  const each = Math.max(STAGE.least, Math.min(STAGE.most, Math.floor((width - STAGE.left) / Math.min(now.task.steps, 10))));
  const shown = Math.max(1, Math.min(now.length, Math.floor((width - STAGE.left) / each)));
  const wide = Math.floor((width - STAGE.left) / shown);
  if (now.step < view.from) view.from = now.step;
  if (now.step >= view.from + shown) view.from = now.step - shown + 1;
  view.from = Math.max(0, Math.min(view.from, now.length - shown));
  const lanes = now.rows.length;
  const fixed = STAGE.chip + STAGE.arrow + STAGE.gates + STAGE.bars + STAGE.gap;
  const control = now.constructed ? 0 : STAGE.control * lanes + 6;
  const box = Math.max(STAGE.box, Math.min(84, (height - STAGE.top - control) / lanes - fixed));
  const place = { pen, ink, each: wide, shown, box, width, from: view.from, x: (t) => STAGE.left + (t - view.from + 0.5) * wide, last: view.from + shown - 1 };
  const lane = fixed + box;
  view.hits = [];
  pen.lineJoin = "round";
  drawGround(now, place, STAGE.top + lanes * lane + (control || -STAGE.gap));
  now.rows.forEach((row, n) => drawLane(lab, view, place, row, n, STAGE.top + n * lane));
  if (control) now.rows.forEach((row, n) => drawControl(lab, place, row, n, STAGE.top + lanes * lane + 6 + n * STAGE.control));
}

/** What lies behind the lanes: the step that is looked at, the deciding step, and where the training ended. */
function drawGround(now, { pen, ink, each, x, from, last }, bottom) {
  const column = (t) => [x(t) - each / 2 + 2, 1, each - 4, bottom - 2];
  pen.font = `11px ${ink["--plain"]}`;
  if (now.task.steps <= last) {
    const left = Math.max(x(now.task.steps), x(from)) - each / 2;
    pen.fillStyle = ink["--faint"];
    pen.fillRect(left, 0, x(last) + each / 2 - left, bottom);
    inked(pen, "past the training", left + 6, 13, "left", ink["--soft"]);
    pen.strokeStyle = ink["--soft"];
    pen.setLineDash([5, 4]);
    if (now.task.steps > from) stroke(pen, [[left, 0], [left, bottom]]);
    pen.setLineDash([]);
  }
  pen.fillStyle = ink["--rule"];
  pen.globalAlpha = 0.5;
  if (now.step >= from && now.step <= last) pen.fillRect(...column(now.step));
  pen.globalAlpha = 1;
  if (now.deciding < from || now.deciding > last) return;
  pen.strokeStyle = ink["--ink"];
  pen.lineWidth = 1.4;
  pen.strokeRect(...column(now.deciding));
  inked(pen, each > 84 ? "deciding step" : "decides", x(now.deciding), 13, "center", ink["--ink"]);
}

/** One sequence: what is read, the cell with the state of a unit as a line, its gates, and the answer. */
function drawLane(lab, view, place, row, n, top) {
  const { now } = lab;
  const { pen, ink, each, x, from, last, box } = place;
  const trace = now.traces[n];
  const y = { chip: top, box: top + STAGE.chip + STAGE.arrow, gates: top + STAGE.chip + STAGE.arrow + box + 4, bars: top + STAGE.chip + STAGE.arrow + box + STAGE.gates };
  pen.font = `600 12px ${ink["--plain"]}`;
  inked(pen, `Sequence ${n + 1}`, 0, y.chip + 15, "left", ink["--ink"]);
  pen.font = `11px ${ink["--plain"]}`;
  const { memory, of_units } = lab.cell();
  if (of_units.includes(memory) || !memory) inked(pen, `unit ${now.unit + 1}`, 0, y.box + box / 2 - 3, "left", ink["--soft"]);
  if (memory) inked(pen, `state ${memory}`, 0, y.box + box / 2 + 11, "left", ink["--soft"]);
  inked(pen, "gates", 0, y.gates + 14, "left", ink["--soft"]);
  inked(pen, "answer", 0, y.bars + 26, "left", ink["--soft"]);
  const wide = Math.min(each - 14, 92);
  for (let t = from; t <= last; t++) {
    drawArrows(now, place, t, y, wide, n);
    pen.fillStyle = ink["--sheet"];
    pen.strokeStyle = t === now.step && n === now.row ? ink["--ink"] : ink["--rule"];
    pen.lineWidth = t === now.step && n === now.row ? 2 : 1.3;
    pen.beginPath();
    pen.roundRect(x(t) - wide / 2, y.box, wide, box, 7);
    pen.fill();
    pen.stroke();
    pen.font = `600 14px ${ink["--plain"]}`;
    inked(pen, fitted(pen, row.symbols[t], each - 8), x(t), y.chip + 14, "center", ink["--ink"]);
    view.hits.push({ x: x(t) - each / 2, y: top, w: each, h: STAGE.chip + STAGE.arrow + box, look: { step: t, row: n } });
    if (!trace) continue;
    drawGates(lab, view, place, n, t, y.gates);
    drawAnswer(now, place, row, trace, t, y.bars, STAGE.bars - 14);
  }
  if (trace) drawState(lab, place, n, y.box);
}

/** The state of the unit as a line through the cells. */
function drawState(lab, { pen, ink, each, x, from, last, box }, n, top) {
  const { now } = lab;
  const { memory, of_units } = lab.cell();
  if (!of_units.includes(memory)) return drawMatrices(lab, { pen, each, x, from, last, box }, n, top);
  const values = (trace) => trace.layers[now.layer].states[memory];
  const at = (trace, t) => (t < 0 ? 0 : values(trace)?.[t * now.settings.units + now.unit] ?? NaN);
  let scale = 1e-9;
  for (const trace of now.traces) for (let t = Math.max(0, from - 1); t <= last; t++) scale = Math.max(scale, Math.abs(at(trace, t)) || 0);
  const middle = top + box / 2;
  const y = (value) => middle - (value / scale) * (box / 2 - 7);
  pen.strokeStyle = ink["--rule"];
  pen.lineWidth = 1;
  stroke(pen, [[x(from) - each / 2, middle], [x(last) + each / 2, middle]]);
  pen.strokeStyle = pen.fillStyle = ink["--keep"];
  pen.lineWidth = 2.4;
  const points = [];
  for (let t = from - 1; t <= last; t++) if (Number.isFinite(at(now.traces[n], t))) points.push([x(t), y(at(now.traces[n], t))]);
  pen.save();
  pen.beginPath();
  pen.rect(STAGE.left, top - 8, (last - from + 1) * each, box + 16);
  pen.clip();
  stroke(pen, points);
  for (const [px, py] of points) disc(pen, px, py, 3.2);
  pen.restore();
  pen.font = `11px ${ink["--plain"]}`;
  const value = at(now.traces[n], now.step);
  if (now.step < from || now.step > last || !Number.isFinite(value)) return;
  const high = y(value) < middle;
  inked(pen, show(Number(value.toPrecision(2))), x(now.step) + Math.min(each - 14, 92) / 2 - 5, high ? top + box - 5 : top + 12, "right", ink["--ink"]);
}

/** Every gate as a gauge from 0 to 1, or from -1 to 1. */
function drawGates(lab, view, { pen, ink, each, x }, n, t, top) {
  const { now } = lab;
  const cell = lab.cell();
  const gates = cell.gates.slice(0, 5);
  const wide = Math.min(16, (each - 6) / Math.max(1, gates.length));
  pen.font = `10px ${ink["--plain"]}`;
  gates.forEach((gate, g) => {
    const values = now.traces[n].layers[now.layer].gates[gate];
    const value = values[t * now.settings.units + now.unit];
    const left = x(t) + (g - gates.length / 2) * wide + 1.5;
    const chosen = gate === now.gate && t === now.step && n === now.row;
    pen.fillStyle = ink["--sheet"];
    pen.fillRect(left, top, wide - 3, 18);
    pen.fillStyle = ink[roleColour(cell, gate)];
    const open = isOpening(cell, gate);
    const share = Math.max(-1, Math.min(1, value || 0));
    if (!cell.of_units.includes(gate)) drawValues(pen, valuesAt(now.traces[n], values, t), left, top, wide - 3, 18, 1);
    else if (open) pen.fillRect(left, top + 18 - 18 * share, wide - 3, 18 * share);
    else pen.fillRect(left, top + 9 - Math.max(0, 9 * share), wide - 3, Math.abs(9 * share));
    pen.strokeStyle = chosen ? ink["--ink"] : ink["--soft"];
    pen.lineWidth = chosen ? 2 : 0.8;
    pen.strokeRect(left, top, wide - 3, 18);
    inked(pen, cell.letters[gate] || gate[0], left + (wide - 3) / 2, top + 27, "center", gate === now.gate ? ink["--ink"] : ink["--soft"]);
    view.hits.unshift({ x: left - 1, y: top - 2, w: wide, h: 32, look: { step: t, row: n, gate } });
  });
}

const ROLES = { keep: "--keep", write: "--write", show: "--show" };

/** What a gate is for: to keep, to write, to show, or something else. */
function roleOf(cell, gate) {
  if (gate === cell.keep) return "keep";
  if (gate === cell.write || gate === "candidate") return "write";
  return gate === "output" ? "show" : "";
}

function roleColour(cell, gate) {
  return ROLES[roleOf(cell, gate)] || "--soft";
}

/** Whether the values of a gate lie between 0 and 1. */
function isOpening(cell, gate) {
  return ["sigmoid", "tempered_sigmoid", "limited_decay", "bounded_decay", "exp", "share"].includes(cell.words[gate]);
}

function inked(pen, text, x, y, align, ink) {
  pen.fillStyle = ink;
  pen.textAlign = align;
  pen.fillText(text, x, y);
}

/** The text, cut where it is wider than the room. */
function fitted(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let cut = text;
  while (cut && pen.measureText(`${cut}…`).width > room) cut = cut.slice(0, -1);
  return `${cut}…`;
}
