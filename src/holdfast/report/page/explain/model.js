// The state of the page: the selected row, step, layer and unit. Panels listen to changes and redraw what has changed.

const MOST_STEPS_READ = 4000;
const LEAST_READ_ON = 10;

/** `now`: {row, steps, step, layer, unit, inputs, present, edited, further, trace, told}. `steps` grows where reading
 * continues past the last step of the row; `further` says which inputs are read there. `on(what, f)`: what is "step",
 * "unit" or "trace". */
function makeModel(page) {
  const { network, rows } = page;
  const runs = network.weights !== null;
  const run = runs ? runner(network) : null;
  const judge = page.task.scenario ? oracle(page.task.scenario) : null;
  const listeners = { step: [], unit: [], trace: [] };
  const units = runs ? Array.from({ length: network.memory }, (_, u) => u + 1) : page.traces.units;
  const now = { row: 0, steps: rows.steps, step: 0, layer: network.layers - 1, unit: 0, further: "" };
  const tell = (what) => listeners[what].forEach((listener) => listener(now));

  function load(row) {
    now.row = row;
    now.inputs = inputsOf(rows, row);
    now.present = rows.present.subarray(row * rows.steps, (row + 1) * rows.steps);
    now.edited = false;
    cut();
    compute();
  }

  function cut() {
    [now.steps, now.further] = [rows.steps, ""];
    if (now.step >= now.steps) goTo(now.steps - 1);
  }

  function compute() {
    now.trace = runs ? run(now.inputs, now.steps, now.present) : shippedTrace(page, now.row);
    now.told = judge && (runs || !now.edited) ? judge.follow(now.inputs, now.steps, now.present) : givenAnswers(rows, now.row, now.edited, now.steps);
    tell("trace");
  }

  function goTo(step) {
    const to = Math.max(0, Math.min(now.steps - 1, step));
    if (to === now.step) return;
    now.step = to;
    tell("step");
  }

  load(0);
  return {
    page,
    now,
    run,
    judge,
    units,
    given: rows.steps,
    rowCount: rows.present.shape[0],
    get steps() {
      return now.steps;
    },
    on: (what, listener) => listeners[what].push(listener),
    load,
    goTo,
    pick(unit, layer = now.layer) {
      if (unit === now.unit && layer === now.layer) return;
      const other = layer !== now.layer;
      [now.unit, now.layer] = [unit, layer];
      if (other) tell("trace");
      tell("unit");
    },
    edit(step, values) {
      now.inputs.set(values, step * network.inputs);
      now.edited = true;
      compute();
    },
    replace(inputs) {
      cut();
      now.inputs = new Float64Array(rows.steps * network.inputs);
      now.inputs.set(inputs.subarray(0, now.inputs.length));
      now.present = new Uint8Array(rows.steps).fill(1, 0, inputs.length / network.inputs);
      now.edited = true;
      compute();
    },
    /** How many steps `readOn` would add; 0 where the network cannot run in the page or has no weights for them. */
    get furtherSteps() {
      if (!runs) return 0;
      const most = network.steps_with_weights ?? MOST_STEPS_READ;
      return Math.max(0, Math.min(Math.max(now.steps, LEAST_READ_ON), most - now.steps));
    },
    /** Reads on from the last step with the state as it is: what the task may go on with, otherwise the row once more. */
    readOn() {
      const from = now.present.lastIndexOf(1) + 1;
      const steps = now.steps + this.furtherSteps;
      const before = now.inputs.subarray(0, from * network.inputs);
      const more = judge ? judge.further(before, from, steps - from) : new Float64Array(0);
      const inputs = new Float64Array(steps * network.inputs);
      inputs.set(before);
      inputs.set(more, before.length);
      for (let at = before.length + more.length; at < inputs.length; at++) inputs[at] = inputs[at - before.length];
      now.further = more.length ? "random inputs of the task" : "the sequence again";
      [now.steps, now.inputs, now.present] = [steps, inputs, new Uint8Array(steps).fill(1)];
      compute();
    },
  };
}

/** The unit on which the page opens, as [unit, layer]: the one that carries most of the memory, by exchanges of states;
 * where that was not measured, the one whose state varies most. */
function firstUnit(model) {
  const { memory, network } = model.page;
  if (memory) {
    const at = model.units.indexOf((memory.unit * network.memory) / network.places + 1);
    return [Math.max(0, at), memory.layer];
  }
  const top = network.layers - 1;
  const states = Object.values(model.now.trace.layers[top].states);
  const values = states[0] || Object.values(model.now.trace.layers[top].gates)[0] || [];
  const spread = model.units.map((_, u) => {
    const own = values.filter((v, at) => at % model.units.length === u && Number.isFinite(v));
    return own.length ? own.reduce((a, b) => Math.max(a, b)) - own.reduce((a, b) => Math.min(a, b)) : 0;
  });
  return [largest(spread), top];
}

/** A row's inputs [steps * features] as numbers. */
function inputsOf(rows, row) {
  const { kind, size, values } = rows.inputs;
  const whole = new Float64Array(rows.steps * size);
  if (kind === "numbers") return Float64Array.from(values.subarray(row * whole.length, (row + 1) * whole.length));
  for (let t = 0; t < rows.steps; t++) {
    const symbol = values[row * rows.steps + t];
    if (symbol < size) whole[t * size + symbol] = 1;
  }
  return whole;
}

/** The answers from the task for this row, for tasks whose scenario is not in the page. */
function givenAnswers(rows, row, edited, steps) {
  const { kind, size, values } = rows.targets;
  return Array.from({ length: steps }, (_, t) => {
    const at = row * rows.steps + t;
    if (edited || t >= rows.steps || !rows.scored[at]) return { asked: null, allowed: true };
    return { asked: kind === "symbols" ? { class: values[at] } : Array.from(values.subarray(at * size, (at + 1) * size)), allowed: true };
  });
}

/** Gates and states that holdfast computed, decoded from their bytes. */
function shippedTrace(page, row) {
  const { traces, rows, network } = page;
  const size = rows.steps * traces.units.length;
  const opened = ({ low, high, values }) =>
    Float32Array.from(values.subarray(row * size, (row + 1) * size), (v) => (v === 255 ? NaN : low + (v / 254) * (high - low)));
  const all = (named) => Object.fromEntries(Object.entries(named).map(([name, part]) => [name, opened(part)]));
  const wide = rows.steps * network.outputs;
  return {
    steps: rows.steps,
    outputs: traces.outputs.subarray(row * wide, (row + 1) * wide),
    layers: traces.gates.map((gates, depth) => ({ gates: all(gates), states: all(traces.states[depth]) })),
  };
}

/** The output at a step as a symbol or numbers, in words; `asked` likewise. */
function predictedWords(model, step) {
  const { outputs: size } = model.page.network;
  const outputs = Array.from(model.now.trace.outputs.subarray(step * size, (step + 1) * size));
  if (!symbolic(model)) return outputs.map(signed).join("  ");
  return outputs.every(Number.isFinite) ? model.page.rows.targets.labels[largest(outputs)] : "no number";
}

function expectedWords(model, step) {
  const { asked } = model.now.told[step];
  if (!asked) return "";
  if (asked.class !== undefined) return model.page.rows.targets.labels[asked.class];
  return asked.map((v) => (v === null ? "·" : signed(v))).join("  ");
}

/** The error of the output at a step: the largest difference, or for symbols the lead (or deficit) of the right one. */
function errorAt(model, trace, told, step) {
  const { asked } = told[step];
  if (!asked) return null;
  const size = model.page.network.outputs;
  const outputs = trace.outputs.subarray(step * size, (step + 1) * size);
  if (asked.class !== undefined) {
    let other = -Infinity;
    outputs.forEach((v, n) => (other = n === asked.class ? other : Math.max(other, v)));
    return other - outputs[asked.class];
  }
  return asked.reduce((worst, right, n) => (right === null ? worst : Math.max(worst, Math.abs(outputs[n] - right))), 0);
}

function symbolic(model) {
  return model.page.rows.targets.kind === "symbols";
}

function largest(values) {
  return values.reduce((best, v, n) => (v > values[best] ? n : best), 0);
}
