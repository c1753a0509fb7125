// Small line plots on a canvas, which are redrawn while a network trains.

const PLOT = { left: 64, right: 8, top: 8, bottom: 30 };

/** {element, draw(lines, axes)}: `lines` are [{x, y, colour, dash, width, low, high, points}]; `axes` {x, y, logY}. */
function linePlot(title, label) {
  const canvas = el("canvas", { role: "img", "aria-label": label });
  const holder = el("div", { class: "plot" }, canvas);
  const note = el("p", { class: "note" });
  let last = null;
  const again = () => last && paint(canvas, holder, ...last);
  new ResizeObserver(again).observe(holder);
  onTheme(again);
  return {
    element: el("figure", { class: "chart" }, el("figcaption", {}, el("strong", {}, title)), holder, note),
    canvas,
    note,
    draw(lines, axes) {
      last = [lines, axes];
      again();
    },
  };
}

/** A canvas in device pixels, with the pen scaled to CSS pixels: [pen, width, height], or null without room. */
function cleared(canvas, holder) {
  const [width, height] = [holder.clientWidth, holder.clientHeight];
  if (!width || !height) return null;
  const scale = window.devicePixelRatio || 1;
  const [wide, tall] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== tall) {
    [canvas.width, canvas.height] = [wide, tall];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return [pen, width, height];
}

function paint(canvas, holder, lines, axes) {
  const room = cleared(canvas, holder);
  if (!room) return;
  const [pen, width, height] = room;
  const y = axis(roomy(lines.flatMap((line) => [...line.y, ...(line.low || []), ...(line.high || [])])), axes.logY, height - PLOT.bottom, PLOT.top);
  if (!y) return;
  pen.font = `11px ${colour("--plain")}`;
  const marked = spaced(y.ticks, 5);
  const left = Math.min(PLOT.left, 9 + Math.max(0, ...marked.map(({ text }) => pen.measureText(text).width)));
  const x = axis(lines.flatMap((line) => [...line.x]), false, left, width - PLOT.right);
  if (!x) return;
  pen.lineWidth = 1;
  for (const { value, text } of marked) {
    pen.strokeStyle = colour("--rule");
    stroke(pen, [[left, y.at(value)], [width - PLOT.right, y.at(value)]]);
    write(pen, text, left - 5, y.at(value) + 4, "right");
  }
  for (const { value, text } of spaced(x.ticks, 5)) write(pen, text, Math.min(x.at(value), width - PLOT.right - pen.measureText(text).width / 2), height - PLOT.bottom + 13, "center");
  write(pen, axes.x, (left + width - PLOT.right) / 2, height - 4, "center");
  for (const line of lines) trace(pen, line, x, y);
}

/** The values, with more room around them where they hardly differ. */
function roomy(values) {
  const known = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return high - low < 0.05 * Math.abs(high) ? [...values, 0.8 * high, 1.2 * high] : values;
}

function trace(pen, line, x, y) {
  pen.strokeStyle = pen.fillStyle = colour(line.colour);
  const places = (values) => Array.from(line.x, (at, n) => (drawable(y, values[n]) ? [x.at(at), y.at(values[n])] : null)).filter(Boolean);
  if (line.low) {
    pen.globalAlpha = 0.18;
    pen.beginPath();
    [...places(line.high), ...places(line.low).reverse()].forEach((point) => pen.lineTo(...point));
    pen.fill();
    pen.globalAlpha = 1;
  }
  pen.lineWidth = line.width || 1.8;
  pen.setLineDash(line.dash || []);
  stroke(pen, places(line.y));
  pen.setLineDash([]);
  if (line.points) for (const [px, py] of places(line.y)) disc(pen, px, py, 2.5);
}

function stroke(pen, points) {
  pen.beginPath();
  points.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

function disc(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

function write(pen, text, x, y, align = "left", name = "--soft") {
  pen.fillStyle = colour(name);
  pen.textAlign = align;
  pen.fillText(text, x, y);
}

/** At most so many of the ticks. */
function spaced(all, most) {
  const every = Math.ceil(all.length / most);
  return all.filter((_, n) => n % every === 0);
}
