// What the networks read: two sequences of the task, and how they go on past the length of the training.

const READ_ON = 4;
const LENGTHS = [16, 40, 100, 200, 400];

/** The two rows on the screen, `length` steps long: {inputs, symbols, answers, asked [step] of 0 or 1, trained}. `answers`
 * are texts, or numbers where the task has numbers. */
function shownRows(settings, task, length) {
  if (task.rows) return task.rows.slice(0, 2).map((_, n) => readOn(settings.sequences[n], task, length));
  const axis = settings.task === "echo" ? "lag" : "steps";
  const trained = ENGINE.rowsOf(settings, settings.seed + 1, 24);
  const other = trained.find((row) => row.answers.at(-1) !== trained[0].answers.at(-1)) || trained[1];
  const more = ENGINE.rowsOf({ ...settings, [axis]: Math.max(length, task.steps) }, settings.seed + 2, 2);
  return [trained[0], other].map((row, n) => joined(row, more[n], settings, task, length));
}

/** A drawn row, continued by the inputs of a longer one. Past the training the question is the same (of parity: its own). */
function joined(row, more, settings, task, length) {
  const width = task.inputs;
  const inputs = new Float64Array(length * width);
  inputs.set(more.inputs.subarray(0, length * width));
  inputs.set(row.inputs.subarray(0, Math.min(row.inputs.length, length * width)));
  const symbols = Array.from({ length }, (_, t) => (t < task.steps ? row.symbols[t] : more.symbols[t]));
  if (settings.task === "recall") symbols.forEach((text, t) => (symbols[t] = text.replace("-", MINUS)));
  const answers = Array.from({ length }, (_, t) => (t < task.steps ? row.answers[t] : row.answers.at(-1)));
  const asked = Uint8Array.from({ length }, (_, t) => (t < task.steps ? row.scored[t] : 1));
  if (settings.task === "parity") {
    let odd = 0;
    symbols.forEach((bit, t) => (answers[t] = (odd ^= Number(bit)) ? "odd" : "even"));
  }
  const wanted = Float64Array.from({ length }, () => inputs[0]); // of numbers: the first
  return { inputs, symbols, answers, asked, wanted, trained: task.steps };
}

/** A given sequence whose middle is read again and again; the last symbol is asked for at the end of every repetition. */
function readOn(words, task, length) {
  const trained = words.length - 1;
  const middle = words.slice(1, -1);
  const row = { inputs: new Float64Array(length * task.inputs), symbols: [], answers: [], asked: new Uint8Array(length), wanted: null, trained };
  for (let t = 0; t < length; t++) {
    const beyond = t >= trained;
    const symbol = !beyond ? words[t] : middle.length ? middle[(t - trained) % middle.length] : words[0];
    row.symbols.push(symbol);
    row.inputs[t * task.inputs + task.inputNames.indexOf(symbol)] = 1;
    const atEnd = !beyond || !middle.length || (t - trained) % middle.length === middle.length - 1;
    row.answers.push(beyond ? (atEnd ? words.at(-1) : "") : words[t + 1]);
    row.asked[t] = atEnd ? 1 : 0;
  }
  return row;
}

/** The first step (from 0) at which both rows read the same and have different answers; else the last one of the task. */
function decidingStep(rows) {
  const trained = Math.min(...rows.map((row) => row.trained));
  for (let t = 0; t < trained && rows.length > 1; t++) {
    const [a, b] = rows;
    if (a.asked[t] && b.asked[t] && a.symbols[t] === b.symbols[t] && a.answers[t] !== b.answers[t]) return t;
  }
  return trained - 1;
}

/** What a network answers at a step: {text, right (null where nothing is asked), values}. */
function answerAt(task, row, trace, t) {
  const size = task.outputs;
  const values = trace.probabilities.subarray(t * size, (t + 1) * size);
  if (!values.length || !values.every(Number.isFinite)) return { text: "–", right: null, values: null };
  if (task.loss === "squared_error") {
    const right = row.asked[t] ? Math.abs(values[0] - row.wanted[t]) < task.tolerance : null;
    return { text: signed(values[0]), right, values };
  }
  const text = task.outputNames[values.reduce((best, v, n) => (v > values[best] ? n : best), 0)];
  return { text, right: row.asked[t] ? text === row.answers[t] : null, values };
}
