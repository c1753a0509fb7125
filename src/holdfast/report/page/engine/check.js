// What is wrong with settings, in one sentence that says how to mend it.

const MOST_STEPS = 1000;
const MOST_UNITS = 128;
const MOST_LAYERS = 8;
const MOST_NETWORKS = 256;
const MOST_SYMBOLS = 64;

/** "" where these settings can be trained; else the first thing that is wrong. */
function check(given) {
  const settings = withDefaults(given);
  const whole = (name, least, most) => {
    const value = settings[name];
    const right = Number.isInteger(value) && value >= least && value <= most;
    return right ? "" : `${name} is ${shown(value)}: take a whole number from ${least} to ${most}.`;
  };
  const one = (name, known) => (known.includes(settings[name]) ? "" : `${name} is ${shown(settings[name])}: take ${listed(known)}.`);
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
    () => (settings.learning_rate > 0 && settings.learning_rate < 1e6 ? "" : `The learning rate is ${shown(settings.learning_rate)}: take a number above 0, for example 0.001.`),
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
  if (!Array.isArray(sequences) || sequences.length < 2) return "One sequence is not enough: write two that differ, so that only a memory can tell them apart.";
  const seen = new Map();
  for (const [number, words] of sequences.entries()) {
    if (words.length < 2) return `Sequence ${number + 1} has ${words.length} symbols: write at least two, so that there is one to predict.`;
    if (words.some((word) => !String(word).trim())) return `Sequence ${number + 1} has an empty symbol: write one between every two commas.`;
    if (words.length > MOST_STEPS + 1) return `Sequence ${number + 1} has ${words.length} symbols: take at most ${MOST_STEPS + 1}.`;
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
  return kinds ** length >= 16 ? "" : `There are only ${kinds ** length} different rows, too few to keep test rows apart: raise ${name}.`;
}

/** An update that would take seconds, or arrays that no page should ask for. */
function tooLarge(settings) {
  const task = taskOf(settings);
  const numbers = task.steps * settings.units * settings.layers * rowsPerUpdate(settings, task) * 24;
  return numbers > 3e7 ? "This network is too large to be trained in a page: take fewer steps, units or layers." : "";
}

const shown = (value) => (typeof value === "string" ? `'${value}'` : String(value));
const listed = (names) => `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
