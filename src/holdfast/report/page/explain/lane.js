// One row over time: the state or a gate of one unit, scaled to its own values so that what is held can be seen.

const LANE = { state: 22, chosen: 44, gate: 17 };
const SPIKE = 8;
const SHARE_INSIDE = 0.9;

/** The limits [low, high] of a row, 0 included. Where a few values are far larger than the others, such as a spike before
 * a value is held, the scale is that of the others, and the spike is cut off at the edge. */
function laneScale(values) {
  const sizes = Array.from(values).filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
  const most = sizes.length ? sizes[sizes.length - 1] : 0;
  if (!most) return [-1, 1];
  const usual = sizes[Math.floor((sizes.length - 1) * SHARE_INSIDE)];
  const limit = usual > 0 && most > SPIKE * usual ? (SPIKE / 4) * usual : most;
  let [low, high] = [0, 0];
  for (const v of values) if (Number.isFinite(v)) [low, high] = [Math.min(low, Math.max(v, -limit)), Math.max(high, Math.min(v, limit))];
  return [low, high];
}

/** Keep, write and show have their own colours, on this page in every drawing. */
function gateColour(network, name) {
  if (name === network.keep) return "--green";
  if (name === network.write) return "--orange";
  return name === "output" ? "--sky" : "--soft";
}

/** Draws values [steps] with the area down to 0; `there(t)` tells which steps were read. */
function drawLane(canvas, values, { width, height, limits, shade, there }) {
  const inner = width - STRIP.left - STRIP.right;
  if (!(inner > 0)) return;
  const pen = sharp(canvas, inner, height);
  const [low, high] = limits;
  const each = inner / values.length;
  const x = (t) => (t + 0.5) * each;
  const y = (v) => height - 2 - ((Math.max(low, Math.min(high, v)) - low) / (high - low || 1)) * (height - 4);
  const known = (t) => there(t) && Number.isFinite(values[t]);
  pen.fillStyle = colour("--rule");
  pen.fillRect(0, y(0), inner, 1);
  const ink = colour(shade);
  pen.fillStyle = ink;
  pen.globalAlpha = 0.22;
  pen.beginPath(); // one shape, so that narrow steps do not overlap
  for (let t = 0; t < values.length; t++) if (known(t)) pen.rect(t * each, y(0), each, y(values[t]) - y(0));
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = ink;
  pen.lineWidth = 1.7;
  pen.beginPath();
  for (let t = 0; t < values.length; t++) {
    if (!known(t)) continue;
    if (t > 0 && known(t - 1)) pen.lineTo(x(t), y(values[t]));
    else pen.moveTo(x(t), y(values[t]));
  }
  pen.stroke();
  if (each < 16) return;
  for (let t = 0; t < values.length; t++) {
    if (!known(t)) continue;
    pen.beginPath();
    pen.arc(x(t), y(values[t]), 2.4, 0, 7);
    pen.fill();
  }
}

/** A canvas of this size in pixels of the page, and its pen. */
function sharp(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return pen;
}

/** A number for the narrow column beside the rows: at most three digits, except close to 1. */
function brief(value) {
  const text = alone(value);
  return text.length <= 6 || !Number.isFinite(value) || text.includes(" ") ? text : alone(Number(value.toPrecision(value < 0.1 && value > -0.1 ? 2 : 3)));
}
