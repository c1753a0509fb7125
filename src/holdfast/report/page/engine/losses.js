// The losses of holdfast's tasks (core/losses.py), of one step of one row: their values, and their slopes in the outputs.

/** Each is a function (O, at, targets, from, size, dO, scale): the loss of the outputs O[at ... at + size); where dO is
 * given, its slope times `scale` is written there. In nats, or in squared units of the target. */
const LOSSES = {
  /** The mean over outputs, as Keras's binary cross-entropy. */
  binary_cross_entropy(O, at, targets, from, size, dO, scale) {
    let loss = 0;
    for (let i = 0; i < size; i++) {
      const o = O[at + i];
      const y = targets[from + i];
      loss += (Math.max(o, 0) - o * y + Math.log1p(Math.exp(-Math.abs(o)))) / size;
      if (dO) dO[at + i] = ((1 / (1 + Math.exp(-o)) - y) * scale) / size;
    }
    return loss;
  },
  cross_entropy(O, at, targets, from, size, dO, scale) {
    let largest = -Infinity;
    for (let i = 0; i < size; i++) largest = Math.max(largest, O[at + i]);
    let total = 0;
    for (let i = 0; i < size; i++) total += Math.exp(O[at + i] - largest);
    let loss = 0;
    for (let i = 0; i < size; i++) {
      const logarithm = O[at + i] - largest - Math.log(total);
      loss -= targets[from + i] * logarithm;
      if (dO) dO[at + i] = (Math.exp(logarithm) - targets[from + i]) * scale;
    }
    return loss;
  },
  squared_error(O, at, targets, from, size, dO, scale) {
    let loss = 0;
    for (let i = 0; i < size; i++) {
      const error = O[at + i] - targets[from + i];
      loss += (error * error) / size;
      if (dO) dO[at + i] = (2 * error * scale) / size;
    }
    return loss;
  },
};

/** What the page shows of outputs: probabilities (sigmoid or softmax), or the numbers themselves. */
function answersOf(loss, outputs, size) {
  const answers = Float64Array.from(outputs);
  for (let at = 0; at < answers.length; at += size) {
    if (loss === "binary_cross_entropy") for (let i = at; i < at + size; i++) answers[i] = 1 / (1 + Math.exp(-answers[i]));
    if (loss !== "cross_entropy") continue;
    const largest = Math.max(...answers.subarray(at, at + size));
    let total = 0;
    for (let i = at; i < at + size; i++) total += answers[i] = Math.exp(answers[i] - largest);
    for (let i = at; i < at + size; i++) answers[i] /= total;
  }
  return answers;
}
