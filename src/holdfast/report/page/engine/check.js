// What is wrong with settings, in one sentence that says how to mend it.

const MOST_STEPS = 1000;
const MOST_UNITS = 128;
const MOST_LAYERS = 8;
const MOST_NETWORKS = 256;
const MOST_SYMBOLS = 64;
const MOST_BATCH = 1024;
const MOST_NUMBERS = 3e7; // that arrays may have together: 240 MB

/** "" where these settings can be trained; else the first thing that is wrong. */
function check(given) {
  const settings = withDefaults(given);
  const whole = (name, least, most) => {
    const value = settings[name];
    const right = Number.isInteger(value) && value >= least && value <= most;
    return right ? "" : `${name} is ${shown(value)}: take a whole number from ${least} to ${most}.`;
  };
  const one = (name, known) =>
    known.includes(settings[name]) ? "" : `${name} is ${shown(settings[name])}: take ${listed(known)}.`;
  const problems = [
    () => one("task", Object.keys(TASKS)),
    () => CHECKS[settings.task](settings, whole),
    () => one("cell", Object.keys(CELLS)),
    () => whole("units", 1, MOST_UNITS),
    () => whole("layers", 1, MOST_LAYERS),
    () => whole("networks", 1, MOST_NETWORKS),
    () => one("optimiser", Object.keys(OPTIMISERS)),
    () => one("update", ["step", "sequence", "batch"]),
    () => one("order", ["in turn", "shuffled"]),
    () => one("dtype", ["float32", "float64"]),
    () => whole("seed", 0, 2 ** 32 - 1),
    () => checkRate(settings.learning_rate),
    () => (settings.batch === null ? "" : whole("batch", 1, MOST_BATCH)),
    () => (settings.clip === null || settings.clip > 0 ? "" : `clip is ${shown(settings.clip)}: take a number above 0, or null.`),
    () => checkForget(settings.forget_bias),
    () => checkHeads(settings),
    () => {
      try {
        initialisationOf(settings, CELLS[settings.cell], 1);
        return "";
      } catch (error) {
        return error.message;
      }
    },
    () => tooLarge(settings),
  ];
  for (const problem of problems) {
    const said = problem();
    if (said) return said;
  }
  return "";
}

const checkForget = (bias) =>
  bias === null || Number.isFinite(bias) ? "" : `The forget bias is ${shown(bias)}: take a number, for example 1.`;

const checkHeads = ({ heads, units }) =>
  Number.isInteger(heads) && heads > 0 && units % heads === 0 ? "" : `heads is ${shown(heads)}: take a divisor of ${units} units.`;

const checkRate = (rate) =>
  typeof rate === "number" && rate > 0 && rate < 1e6 ? "" : `The learning rate is ${shown(rate)}: take a number above 0, for example 0.001.`;

const CHECKS = {
  sequences: ({ sequences }) => checkSequences(sequences),
  echo: (settings, whole) =>
    whole("symbols", 2, MOST_SYMBOLS) || whole("distractors", 0, MOST_SYMBOLS) || whole("lag", 2, MOST_STEPS) ||
    fewRows(settings.distractors || settings.symbols, settings.lag - 1, "lag"),
  recall: (settings, whole) =>
    whole("steps", 1, MOST_STEPS) || whole("position", 1, settings.steps) ||
    (settings.tolerance > 0 ? "" : `tolerance is ${shown(settings.tolerance)}: take a number above 0.`),
  parity: (settings, whole) => whole("steps", 1, MOST_STEPS) || fewRows(2, settings.steps, "steps"),
};

/** As core/sequences.py: nothing to predict, empty symbols, or two sequences that contradict each other; and a single
 * sequence, which needs no comparison. */
function checkSequences(sequences) {
  if (!Array.isArray(sequences) || sequences.length < 2) {
    return "One sequence is not enough: write two that differ, so that only a memory can tell them apart.";
  }
  if (!sequences.every((words) => Array.isArray(words) && words.every((word) => typeof word === "string"))) {
    return "The sequences are not lists of symbols: write each as symbols with commas between them.";
  }
  const seen = new Map();
  for (const [number, words] of sequences.entries()) {
    const has = `Sequence ${number + 1} has`;
    if (words.length < 2) return `${has} too few symbols (${words.length}): write at least two, so that there is one to predict.`;
    if (words.some((word) => !String(word).trim())) return `${has} an empty symbol: write one between every two commas.`;
    if (words.length > MOST_STEPS + 1) return `${has} ${words.length} symbols: take at most ${MOST_STEPS + 1}.`;
    for (let end = 1; end < words.length; end++) {
      const prefix = JSON.stringify(words.slice(0, end));
      if (!seen.has(prefix)) seen.set(prefix, [words[end], number + 1]);
      const [follows, other] = seen.get(prefix);
      if (follows !== words[end]) {
        return (
          `Sequences ${other} and ${number + 1} contradict each other: after ${words.slice(0, end).join(",")} one continues with ` +
          `${follows}, the other with ${words[end]}. Make them differ earlier.`
        );
      }
    }
  }
  const count = alphabetOf(sequences).length;
  return count > MOST_SYMBOLS ? `There are ${count} different symbols: take at most ${MOST_SYMBOLS}.` : "";
}

/** Training and test rows are disjoint, so that there have to be some of each. */
function fewRows(kinds, length, name) {
  const rows = kinds ** length;
  return rows >= 16 ? "" : `There are only ${rows} different rows, too few to keep test rows apart: raise ${name}.`;
}

/** Arrays that no page should ask for. */
function tooLarge(settings) {
  const task = taskOf(settings);
  const rows = Math.max(rowsPerUpdate(settings, task), task.rows ? task.rows.length : EVALUATED);
  const values = task.steps * settings.units * settings.layers * rows * 24; // some values of a step for each unit
  const { parameters } = layoutFor(settings, task);
  const few = values + 3 * parameters * settings.networks <= MOST_NUMBERS;
  return few ? "" : "This is too large to be trained in a page: take fewer steps, units, layers or networks.";
}

const shown = (value) => (typeof value === "string" ? `'${value}'` : String(value));
const listed = (names) => `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
