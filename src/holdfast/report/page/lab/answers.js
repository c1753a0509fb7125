// The answers of networks: probabilities as bars with right or wrong, and the arrows of the weights between steps.

/** The answer at a step: a bar for every symbol, the expected one underlined; of numbers a point and a ring. */
function drawAnswer(now, place, row, trace, t, top, tall) {
  const { pen, ink, each, x } = place;
  const { text, right, values } = answerAt(now.task, row, trace, t);
  if (!values) return;
  const tone = right === null ? ink["--soft"] : right ? ink["--right"] : ink["--wrong"];
  if (now.task.loss === "squared_error") return drawNumber(now, place, row, t, values[0], top, tall, tone, right);
  const names = now.task.outputNames;
  const wide = Math.min(14, (each - 22) / names.length);
  const left = x(t) - (wide * names.length) / 2 - 5;
  pen.font = `10px ${ink["--plain"]}`;
  const named = names.every((name) => pen.measureText(name).width <= wide + 1);
  if (!named) inked(pen, fitted(pen, text, each - 16), left + (wide * names.length) / 2, top + tall + 10, "center", tone);
  names.forEach((name, k) => {
    const at = left + k * wide;
    const said = name === text;
    pen.globalAlpha = said && right !== null ? 1 : 0.45;
    pen.fillStyle = said ? tone : ink["--soft"];
    const high = Math.max(1, values[k] * tall);
    pen.fillRect(at + 1, top + tall - high, wide - 2, high);
    pen.globalAlpha = 1;
    if (named) inked(pen, name, at + wide / 2, top + tall + 10, "center", said && right !== null ? tone : ink["--soft"]);
    if (row.asked[t] && name === row.answers[t]) {
      pen.fillStyle = ink["--ink"];
      pen.fillRect(at + 1, top + tall, wide - 2, 1.6);
    }
  });
  if (right === null) return;
  pen.font = `700 14px ${ink["--plain"]}`;
  inked(pen, right ? "✓" : "✗", left + wide * names.length + 9, top + tall - 4, "center", tone);
}

function drawNumber(now, { pen, ink, each, x }, row, t, value, top, tall, tone, right) {
  const y = (v) => top + tall / 2 - Math.max(-1.15, Math.min(1.15, v)) * (tall / 2 - 3);
  pen.strokeStyle = ink["--rule"];
  pen.lineWidth = 1;
  stroke(pen, [[x(t) - each / 2 + 8, y(0)], [x(t) + each / 2 - 8, y(0)]]);
  if (row.asked[t]) {
    pen.strokeStyle = ink["--ink"];
    pen.lineWidth = 1.4;
    pen.beginPath();
    pen.arc(x(t), y(row.wanted[t]), 5, 0, 7);
    pen.stroke();
  }
  pen.fillStyle = tone;
  disc(pen, x(t), y(value), 3);
  pen.font = `10px ${ink["--plain"]}`;
  const number = (v) => v.toFixed(2).replace("-", MINUS);
  inked(pen, `${right === null ? "" : right ? "✓ " : "✗ "}${number(value)}${right === false && each > 76 ? ` (${number(row.wanted[t])})` : ""}`, x(t), top + tall + 10, "center", tone);
}

/** The control in a line of its own: a bar for every symbol, and right or wrong. */
function drawControl(lab, place, row, n, top) {
  const { now } = lab;
  const { pen, ink, from, last } = place;
  pen.font = `600 12px ${ink["--plain"]}`;
  if (n === 0) inked(pen, "No memory", 0, top + 13, "left", ink["--ink"]);
  pen.font = `11px ${ink["--plain"]}`;
  inked(pen, `sequence ${n + 1}`, 0, top + (n ? 20 : 27), "left", ink["--soft"]);
  const trace = now.control.traces[n];
  for (let t = from; trace && t <= last; t++) drawAnswer(now, place, row, trace, t, top, STAGE.control - 13);
}

/** The arrows of a step: input to cell, cell to the next cell, cell to answer. A chosen weight is drawn in all of them. */
function drawArrows(now, { pen, ink, each, x }, t, y, wide, lane) {
  const chosen = now.weight;
  const box = y.gates - 4 - y.box;
  const arrow = (points, lit) => {
    pen.strokeStyle = pen.fillStyle = lit ? ink["--lit"] : ink["--soft"];
    pen.lineWidth = lit ? 4 : 1.2;
    stroke(pen, points);
    const [[x0, y0], [x1, y1]] = points.slice(-2);
    const [dx, dy] = [Math.sign(x1 - x0), Math.sign(y1 - y0)];
    const size = lit ? 6 : 3.5;
    pen.beginPath();
    pen.moveTo(x1 + dx * 2, y1 + dy * 2);
    pen.lineTo(x1 - dx * size + dy * size, y1 - dy * size + dx * size);
    pen.lineTo(x1 - dx * size - dy * size, y1 - dy * size - dx * size);
    pen.fill();
  };
  const label = (at, high) => {
    pen.font = `700 11px ${ink["--plain"]}`;
    inked(pen, signed(chosen.value), at, high, "left", ink["--lit"]);
  };
  const isInput = chosen?.map === "x";
  arrow([[x(t), y.chip + STAGE.chip - 3], [x(t), y.box - 2]], isInput);
  if (isInput) label(x(t) + 8, y.chip + STAGE.chip + 7);
  if (t > 0) {
    const isBack = chosen && !isInput;
    arrow([[x(t - 1) + wide / 2, y.box + box / 2], [x(t) - wide / 2, y.box + box / 2]], isBack);
    if (isBack && lane === 0) label(x(t) - each / 2 - 16, y.box - 4);
  }
}
