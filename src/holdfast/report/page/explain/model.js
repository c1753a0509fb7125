// The state of the page: the selected row, step, layer and unit. Panels listen to changes and redraw what has changed.

/** `now`: {row, step, layer, unit, inputs, present, edited, trace, told}. `on(what, f)`: what is "step", "unit" or "trace". */
function makeModel(page) {
  const { network, rows } = page;
  const runs = network.weights !== null;
  const run = runs ? runner(network) : null;
  const judge = page.task.scenario ? oracle(page.task.scenario) : null;
  const listeners = { step: [], unit: [], trace: [] };
  const now = { row: 0, step: 0, layer: network.layers - 1, unit: 0 };
  const tell = (what) => listeners[what].forEach((listener) => listener(now));

  function load(row) {
    now.row = row;
    now.inputs = inputsOf(rows, row);
    now.present = rows.present.subarray(row * rows.steps, (row + 1) * rows.steps);
    now.edited = false;
    compute();
  }

  function compute() {
    now.trace = runs ? run(now.inputs, rows.steps, now.present) : shippedTrace(page, now.row);
    now.told = judge && (runs || !now.edited) ? judge.follow(now.inputs, rows.steps, now.present) : givenAnswers(rows, now.row, now.edited);
    tell("trace");
  }

  load(0);
  return {
    page,
    now,
    run,
    judge,
    steps: rows.steps,
    rowCount: rows.present.shape[0],
    units: runs ? Array.from({ length: network.memory }, (_, u) => u + 1) : page.traces.units,
    on: (what, listener) => listeners[what].push(listener),
    load,
    goTo(step) {
      const to = Math.max(0, Math.min(rows.steps - 1, step));
      if (to === now.step) return;
      now.step = to;
      tell("step");
    },
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
      now.inputs.fill(0);
      now.inputs.set(inputs.subarray(0, now.inputs.length));
      now.present = new Uint8Array(rows.steps).fill(1, 0, inputs.length / network.inputs);
      now.edited = true;
      compute();
    },
  };
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
function givenAnswers(rows, row, edited) {
  const { kind, size, values } = rows.targets;
  return Array.from({ length: rows.steps }, (_, t) => {
    const at = row * rows.steps + t;
    if (edited || !rows.scored[at]) return { asked: null, allowed: true };
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
