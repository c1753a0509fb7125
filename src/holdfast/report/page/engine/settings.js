// Settings: plain JSON. What is left out has the value of `holdfast demo`.

const DEFAULTS = {
  task: "sequences",
  sequences: [["3", "0", "1", "2", "3"], ["4", "0", "1", "2", "4"]],
  steps: 10, // of a row of recall or parity
  position: 1, // of the number that recall asks for, from 1
  tolerance: 0.05, // the largest error of a right answer in recall
  lag: 10, // steps of a row of echo
  symbols: 2, // first symbols of echo
  distractors: 3, // its other symbols; 0: the first ones
  cell: "lstm",
  units: 20,
  layers: 1,
  heads: 1,
  learning_rate: 0.001,
  optimiser: "adam",
  clip: null, // the largest norm of a gradient
  update: "sequence",
  batch: null, // sequences per update; null: all given sequences, or 32 that are drawn
  order: "in turn",
  initialisation: "keras",
  forget_bias: null,
  networks: 64,
  separate_weights: false,
  memory: true,
  seed: 0,
  dtype: "float64",
};

const BATCH = 32;

const withDefaults = (settings) => ({ ...DEFAULTS, ...settings });

/** Sequences per update, or with an update per step sequences side by side. */
function rowsPerUpdate(settings, task) {
  if (settings.update !== "batch") return 1;
  return settings.batch ?? (task.rows ? task.rows.length : BATCH);
}

/** The layout of the networks of these settings. */
function layoutFor(settings, task) {
  const { cell, units, layers, heads } = settings;
  const steps = settings.separate_weights ? task.steps : null;
  return layoutOf({ cell, units, layers, heads, inputs: task.inputs, outputs: task.outputs, steps_with_weights: steps });
}

/** The rows of a task, for training or, with `test`, from the other half; of given sequences these themselves. */
function rowsOf(given, seed = 0, count = 8, test = true) {
  const task = taskOf(withDefaults(given));
  if (task.rows) return task.rows.slice(0, count);
  return Array.from({ length: count }, (_, n) => task.draw(generator(seed, n, 4), test));
}
