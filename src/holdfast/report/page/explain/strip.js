// Inputs and answers on canvases. They are redrawn only when the row or the window changes.

function placeCursor(cursor, frame, step, steps) {
  const width = frame.width || frame.clientWidth;
  putCursor(cursor, step, steps, width - STRIP.left - STRIP.right, STRIP.left);
}

/** A pen on a canvas over the whole width, and where step t is on it. */
function timeline(model, canvas, width, height) {
  const pen = sharp(canvas, width, height);
  pen.font = `12px ${colour("--plain")}`;
  const each = (width - STRIP.left - STRIP.right) / model.steps;
  return { pen, each, at: (t) => STRIP.left + (t + 0.5) * each };
}

function drawReads(model, canvas, width) {
  if (!width) return;
  const { pen, each, at } = timeline(model, canvas, width, STRIP.inputs);
  label(pen, "reads", STRIP.inputs / 2);
  if (symbolicInputs(model)) symbolsRead(model, pen, at, each);
  else numbersRead(model, pen, at, each);
}

function drawAnswers(model, canvas, width) {
  if (!width) return;
  const height = STRIP.outputs + STRIP.axis;
  const { pen, each, at } = timeline(model, canvas, width, height);
  if (symbolic(model)) {
    symbolsAnswered(model, pen, at, each);
  } else {
    label(pen, "answers", STRIP.outputs / 2);
    numbersAnswered(model, pen, at);
  }
  pen.font = `11px ${colour("--plain")}`;
  pen.fillStyle = colour("--soft");
  pen.textAlign = "center";
  const room = Math.max(2, Math.min(10, model.steps, Math.floor((width - STRIP.left - STRIP.right) / 40)));
  for (const t of ticks(1, model.steps, room).filter(Number.isInteger)) pen.fillText(String(t), at(t - 1), height - 6);
  pen.textAlign = "left";
  pen.fillText("step", 0, height - 6);
}

function label(pen, text, y) {
  pen.fillStyle = colour("--soft");
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillText(text, 0, y);
  pen.textBaseline = "alphabetic";
}

function numbersRead(model, pen, at, each) {
  const { size } = model.page.rows.inputs;
  const room = STRIP.inputs / size;
  for (let n = 0; n < size; n++) {
    const { low, high } = featureRange(model, n);
    const largestSize = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const negative = low < 0;
    const middle = n * room + (negative ? room / 2 : room - 2);
    const reach = (negative ? room / 2 : room) - 3;
    pen.fillStyle = colour("--rule");
    pen.fillRect(at(0) - each / 2, middle, each * model.steps, 1);
    for (let t = 0; t < model.steps; t++) {
      if (!model.now.present[t]) continue;
      const value = model.now.inputs[t * size + n];
      const tall = Math.max(-1.1, Math.min(1.1, value / largestSize)) * reach;
      pen.fillStyle = colour(value < 0 ? "--pink" : "--blue");
      const wide = Math.max(1, each * 0.7);
      pen.fillRect(at(t) - wide / 2, Math.min(middle, middle - tall), wide, Math.max(1, Math.abs(tall)));
    }
  }
}

function symbolsRead(model, pen, at, each) {
  for (let t = 0; t < model.steps; t++) if (model.now.present[t]) symbol(pen, inputWords(model, t), at(t), STRIP.inputs / 2, each, false, model.page.rows.inputs.labels);
}

/** A symbol as text if there is room, otherwise as a tick whose height identifies the symbol. */
function symbol(pen, text, x, y, each, wrong, labels) {
  const widest = Math.max(...labels.map((l) => l.length));
  if (each >= widest * 7 + 4) {
    pen.fillStyle = colour(wrong ? "--orange" : "--ink");
    pen.textAlign = "center";
    pen.font = `${each > 24 ? 16 : 12}px ${colour("--plain")}`;
    pen.fillText(text, x, y + 5);
    if (wrong) pen.fillRect(x - 7, y + 10, 14, 2);
  } else {
    const place = labels.indexOf(text) / Math.max(1, labels.length - 1);
    pen.fillStyle = colour(wrong ? "--orange" : "--blue");
    pen.fillRect(x - Math.max(1, each * 0.4), y + 24 - place * 48, Math.max(1.5, each * 0.8), 3);
  }
}

function symbolsAnswered(model, pen, at, each) {
  const { labels } = model.page.rows.targets;
  for (let t = 0; t < model.steps; t++) {
    if (!model.now.present[t] || !model.now.told[t].asked) continue;
    const said = predictedWords(model, t);
    symbol(pen, said, at(t), 26, each, said !== expectedWords(model, t), labels);
    symbol(pen, expectedWords(model, t), at(t), 76, each, false, labels);
  }
  pen.textAlign = "left";
  pen.font = `11px ${colour("--plain")}`;
  pen.fillStyle = colour("--soft");
  pen.fillText("predicted", 0, 30);
  pen.fillText("expected", 0, 80);
}

function numbersAnswered(model, pen, at) {
  const top = 12;
  const { now, steps, page } = model;
  const size = page.network.outputs;
  const known = Array.from(now.trace.outputs).filter(Number.isFinite);
  for (const { asked } of now.told) if (asked) known.push(...asked.filter((v) => v !== null));
  const low = known.reduce((a, b) => Math.min(a, b), 0);
  const high = known.reduce((a, b) => Math.max(a, b), 0);
  const y = (value) => STRIP.outputs - 4 - ((value - low) / (high - low || 1)) * (STRIP.outputs - 8 - top);
  pen.fillStyle = colour("--rule");
  pen.fillRect(at(0), y(0), at(steps - 1) - at(0), 1);
  for (let n = 0; n < size; n++) {
    pen.strokeStyle = colour("--blue");
    pen.lineWidth = 1.8;
    pen.beginPath();
    let started = false;
    for (let t = 0; t < steps; t++) {
      const value = now.trace.outputs[t * size + n];
      if (!now.present[t] || !Number.isFinite(value)) {
        started = false;
        continue;
      }
      if (started) pen.lineTo(at(t), y(value));
      else pen.moveTo(at(t), y(value));
      started = true;
    }
    pen.stroke();
    // Right answers are rings, which are visible around the line.
    pen.strokeStyle = colour("--orange");
    pen.lineWidth = 1.4;
    const every = Math.max(1, Math.ceil(steps / 60));
    for (let t = 0; t < steps; t++) {
      const { asked } = now.told[t];
      if (!asked || asked[n] === null || (t % every && t !== steps - 1)) continue;
      pen.beginPath();
      pen.arc(at(t), y(asked[n]), 3.5, 0, 7);
      pen.stroke();
    }
  }
  pen.fillStyle = colour("--soft");
  pen.textAlign = "left";
  const [lowest, highest] = tickTexts([low, high]);
  const edge = at(steps - 1) + (at(1) - at(0)) / 2 + 6;
  pen.fillText(highest, edge, y(high) + 8);
  if (low < high) pen.fillText(lowest, edge, y(low));
  pen.font = `11px ${colour("--plain")}`;
  pen.textAlign = "center";
  pen.fillText("line: predicted   ○ expected", (at(0) + at(steps - 1)) / 2, 9);
}

/** Press to go to a step; in `reads`, the canvas of the inputs, drag an input up and down to change it. */
function dragStrip(model, strip, reads) {
  const { size } = model.page.rows.inputs;
  const stepAt = (event) => {
    const box = strip.getBoundingClientRect();
    const share = (event.clientX - box.left - STRIP.left) / (box.width - STRIP.left - STRIP.right);
    return Math.max(0, Math.min(model.steps - 1, Math.floor(share * model.steps)));
  };
  const pull = everyFrame((event) => {
    const step = stepAt(event);
    const y = event.clientY - reads.getBoundingClientRect().top;
    const room = STRIP.inputs / size;
    const n = Math.min(size - 1, Math.max(0, Math.floor(y / room)));
    const { low, high, points } = featureRange(model, n);
    const largestSize = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const share = low < 0 ? (room / 2 - (y - n * room)) / (room / 2 - 3) : (room - (y - n * room)) / (room - 3);
    const value = Math.max(low, Math.min(high, share * largestSize));
    const x = model.now.inputs.slice(step * size, (step + 1) * size);
    x[n] = points.length ? nearest(points, value) : value;
    model.goTo(step);
    model.edit(step, x);
  });
  const scrub = everyFrame((event) => model.goTo(stepAt(event)));
  let held = "";
  strip.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button")) return;
    strip.setPointerCapture(event.pointerId);
    held = event.target === reads && !symbolicInputs(model) ? "input" : "time";
    (held === "input" ? pull : scrub)(event);
  });
  strip.addEventListener("pointermove", (event) => event.buttons && held && (held === "input" ? pull : scrub)(event));
  for (const end of ["pointerup", "pointercancel"]) strip.addEventListener(end, () => (held = ""));
}
