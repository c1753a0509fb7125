// States and gates that have no number of their own for every unit, such as a matrix memory: every number as a small square.

/** Draws the values, row by row, in a frame; from purple through the ground at 0 to orange, `scale` is the largest size. */
function drawValues(pen, values, left, top, width, height, scale) {
  const columns = Math.max(1, Math.min(values.length, Math.ceil(Math.sqrt((values.length * width) / height))));
  const rows = Math.ceil(values.length / columns);
  const [wide, tall] = [width / columns, height / rows];
  const table = signedShades();
  values.forEach((value, n) => {
    const share = Math.max(-1, Math.min(1, value / scale || 0));
    const at = Math.round((share + 1) * 127.5) * 3;
    pen.fillStyle = `rgb(${table[at]}, ${table[at + 1]}, ${table[at + 2]})`;
    pen.fillRect(left + (n % columns) * wide, top + Math.floor(n / columns) * tall, wide + 0.3, tall + 0.3);
  });
}

/** The colours of signed values in the present theme, made once for each. */
const signedShades = (() => {
  const known = new Map();
  return () => {
    const dark = isDark();
    if (!known.has(dark)) known.set(dark, shades(true));
    return known.get(dark);
  };
})();

/** The values of a state or gate at a step. */
function valuesAt(trace, values, t) {
  const size = values.length / trace.steps;
  return values.subarray(t * size, (t + 1) * size);
}

/** A state without a number for every unit, in the boxes of a lane. */
function drawMatrices({ now, cell }, { pen, each, x, from, last, box }, n, top) {
  const { memory } = cell();
  const trace = now.traces[n];
  const values = trace.layers[now.layer].states[memory];
  if (!values) return;
  let scale = 1e-9; // of what is in sight, in both sequences
  for (const one of now.traces) {
    for (let t = from; t <= last; t++) for (const v of valuesAt(one, one.layers[now.layer].states[memory], t)) scale = Math.max(scale, Math.abs(v) || 0);
  }
  const wide = Math.min(each - 14, 92) - 12;
  for (let t = from; t <= last; t++) drawValues(pen, valuesAt(trace, values, t), x(t) - wide / 2, top + 6, wide, box - 12, scale);
}
