// What the page and the worker use of this engine.

function engine() {
  return {
    ...{ CELLS, DEFAULTS, check, exchange, layoutFor, layoutOf, machine, makeTrainer, rate, read, rowsOf },
    taskOf: (settings) => taskOf(withDefaults(settings)),
    work: () => startWorker(globalThis),
  };
}
