// The tasks of the laboratory: given sequences, or rows that are drawn. Test rows are disjoint from training rows in the
// way of core/splits.py.

/** A task: sizes, its loss, when a network has solved it, and its rows.
 *
 * {inputs, outputs, steps, lag, loss, inputNames, outputNames, rows, draw(random, test), tolerance | accuracy}. `rows` are
 * the given sequences, or null where `draw` makes a row. A row is {inputs [steps * inputs], targets [steps * outputs],
 * scored [steps], present [steps], symbols (texts), answers (texts)}. */
function taskOf(settings) {
  return TASKS[settings.task](settings);
}

const TASKS = {
  sequences({ sequences }) {
    const names = alphabetOf(sequences);
    const steps = Math.max(...sequences.map((words) => words.length)) - 1;
    const rows = sequences.map((words) => symbolRow(names, names, steps, words.slice(0, -1), words.slice(1)));
    return { ...symbols(names, names), steps, lag: steps, loss: "binary_cross_entropy", rows, draw: null, accuracy: 1 };
  },
  /** A first symbol, then distractors; the first symbol is asked for at the last step. */
  echo({ lag, symbols: first, distractors }) {
    const names = [...Array(first).keys()].map(String).concat([...Array(distractors).keys()].map((n) => `d${n}`));
    const draw = (random, test) => {
      const rest = symbolsOfHalf(random, lag - 1, distractors || first, test).map((n) => n + (distractors ? first : 0));
      const read = [random.below(first), ...rest].map((n) => names[n]);
      return symbolRow(names, names, lag, read, read.map((_, t) => (t === lag - 1 ? read[0] : null)));
    };
    return { ...symbols(names, names), steps: lag, lag, loss: "cross_entropy", rows: null, draw, accuracy: 1 };
  },
  /** Numbers one by one; the first is asked for at the last step. */
  recall({ steps, position, tolerance }) {
    const draw = (random, test) => {
      const inputs = Float64Array.from({ length: steps }, () => marked(random.uniform(-1, 1), test));
      const targets = new Float64Array(steps);
      targets[steps - 1] = inputs[position - 1];
      const texts = Array.from(inputs, (x) => x.toFixed(2));
      const answers = texts.map((_, t) => (t === steps - 1 ? texts[position - 1] : ""));
      return { inputs, targets, scored: lastOf(steps), present: new Uint8Array(steps).fill(1), symbols: texts, answers };
    };
    const sizes = { inputs: 1, outputs: 1, inputNames: ["x"], outputNames: ["y"] };
    return { ...sizes, steps, lag: steps - position, loss: "squared_error", rows: null, draw, tolerance };
  },
  /** Bits; whether the number of ones so far is odd. */
  parity({ steps }) {
    const [bits, answers] = [["0", "1"], ["even", "odd"]];
    const draw = (random, test) => {
      let odd = 0;
      const read = symbolsOfHalf(random, steps, 2, test);
      return symbolRow(bits, answers, steps, read.map(String), read.map((bit) => answers[(odd ^= bit)]));
    };
    return { ...symbols(bits, answers), steps, lag: steps - 1, loss: "cross_entropy", rows: null, draw, accuracy: 0.99 };
  },
};

const symbols = (inputNames, outputNames) => ({ inputs: inputNames.length, outputs: outputNames.length, inputNames, outputNames });
const lastOf = (steps) => Uint8Array.from({ length: steps }, (_, t) => (t === steps - 1 ? 1 : 0));

/** A row of one-hot vectors; where there is no answer the step is not scored. */
function symbolRow(inputNames, outputNames, steps, read, answered) {
  const row = {
    inputs: new Float64Array(steps * inputNames.length),
    targets: new Float64Array(steps * outputNames.length),
    scored: new Uint8Array(steps),
    present: new Uint8Array(steps),
    symbols: read,
    answers: answered.map((answer) => answer ?? ""),
  };
  read.forEach((symbol, t) => {
    row.inputs[t * inputNames.length + inputNames.indexOf(symbol)] = 1;
    row.present[t] = 1;
    if (answered[t] === null) return;
    row.scored[t] = 1;
    row.targets[t * outputNames.length + outputNames.indexOf(answered[t])] = 1;
  });
  return row;
}

/** Every symbol once: numbers by value, then other words in alphabetical order (core/sequences.py). */
function alphabetOf(sequences) {
  const isNumber = (word) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word);
  const order = (word) => (isNumber(word) ? [0, Number(word)] : [1, 0]);
  return [...new Set(sequences.flat())].sort((a, b) => {
    const [[kindA, valueA], [kindB, valueB]] = [order(a), order(b)];
    return kindA - kindB || valueA - valueB || (a < b ? -1 : a > b ? 1 : 0);
  });
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The number in float32 with the last bit of its mantissa 0 in training rows and 1 in test rows. */
function marked(number, test) {
  float[0] = number;
  bits[0] = ((bits[0] >>> 1) << 1) | (test ? 1 : 0);
  if (Math.abs(float[0]) > 1) bits[0] -= 2;
  return float[0];
}

/** Numbers of symbols below `size`, uniform over the half of all rows that training or tests own. */
function symbolsOfHalf(random, length, size, test) {
  const row = Array.from({ length }, () => random.below(size));
  while (half(row) !== (test ? 1 : 0)) for (let t = Math.max(0, length - 16); t < length; t++) row[t] = random.below(size);
  return row;
}

/** 0 where this row of symbols belongs to training, 1 where it belongs to tests. */
function half(row) {
  let sum = 0;
  row.forEach((symbol, t) => {
    sum = (sum + Math.imul(mixed(t + 1), symbol + 1)) >>> 0;
  });
  return mixed(sum) >>> 31;
}
