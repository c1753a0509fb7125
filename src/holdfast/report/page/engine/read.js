// Reads a sequence with given weights and returns every gate, state and output, also far past the trained length.

/** A trace: {steps, outputs [steps * outputs], probabilities, loss: its name, layers: [{gates: {name: [steps * width]},
 * states: {name: [steps * size]}, parts}]}.
 *
 * `inputs` is [steps * inputs]. With `preactivations`, `parts[gate]` has for every map that gives this gate what it adds,
 * [steps * width] by the map's name, without its bias, and `bias` [steps * width] with all of them. With separate weights
 * everything is NaN past the last step that has weights: `stops` is that step, else null. `start`: the `end` of an
 * earlier trace, to read on from step `first`; `change(t, layer, name, values)` may change a state after a step. */
function read(given, weights, inputs, steps, { preactivations = false, start = null, first = 0, change = null } = {}) {
  const settings = withDefaults(given);
  const task = taskOf(settings);
  const layout = layoutFor(settings, task);
  const Numbers = settings.dtype === "float32" ? Float32Array : Float64Array;
  const W = new Numbers(layout.parameters);
  weightsIn(layout, W, weights);
  const { cell } = layout;
  const trace = emptyTrace(layout, steps, preactivations);
  const last = layout.separate === null ? steps : Math.min(steps, layout.separate - first);
  const run = machine(layout, 1, 1, { memory: settings.memory, Numbers });
  run.start();
  if (start) run.setStates(0, start);
  for (let t = 0; t < last; t++) {
    run.setRows([{ inputs: inputs.subarray(t * layout.inputs, (t + 1) * layout.inputs) }]);
    run.forward(layout.separate === null ? W : weightsOfStep(layout, W, first + t), 0);
    note(t);
    if (change) changeStates(t);
    run.setStates(0, run.statesAt(1));
  }
  trace.probabilities = answersOf(task.loss, trace.outputs, layout.outputs);
  return { ...trace, loss: task.loss, stops: last < steps ? last : null, end: run.statesAt(0) };

  function note(t) {
    trace.outputs.set(run.O, t * layout.outputs);
    const states = run.statesAt(1);
    trace.layers.forEach((layer, depth) => {
      const value = (slot) => {
        const from = run.places[depth][slot];
        return run.V.subarray(from, from + product(layout.layers[depth].shapes[slot]));
      };
      for (const [gate, slot] of Object.entries(cell.gates)) layer.gates[gate].set(value(slot), t * value(slot).length);
      cell.states.forEach((name, k) => layer.states[name].set(states[depth][k], t * states[depth][k].length));
      if (preactivations) layout.layers[depth].maps.forEach((map) => noteParts(layer, map, value, t));
    });
  }

  function noteParts(layer, map, value, t) {
    map.gates.forEach((gate, g) => {
      const given = value(map.slots[g]);
      const bias = map.bias ? gateBias(W, map, gate, layout.separate === null ? 0 : (first + t) * layout.step) : null;
      const part = layer.parts[gate];
      for (let i = 0; i < given.length; i++) {
        part[map.name][t * given.length + i] = given[i] - (bias ? bias[i] : 0);
        part.bias[t * given.length + i] += bias ? bias[i] : 0;
      }
    });
  }

  function changeStates(t) {
    const states = run.statesAt(1);
    states.forEach((layer, depth) => layer.forEach((values, k) => change(t, depth, cell.states[k], values)));
    run.setStates(1, states);
  }
}

/** All weights, with those of step t as if they were those of the first. */
function weightsOfStep(layout, W, t) {
  const here = W.slice();
  here.copyWithin(0, t * layout.step, (t + 1) * layout.step);
  return here;
}

function emptyTrace(layout, steps, preactivations) {
  const { cell } = layout;
  const room = (shape) => new Float64Array(steps * product(shape)).fill(NaN);
  const layers = layout.layers.map(({ shapes, maps }) => {
    const named = (entries) => Object.fromEntries(entries.map(([name, slot]) => [name, room(shapes[slot])]));
    const parts = {};
    for (const map of preactivations ? maps : []) {
      map.gates.forEach((gate, g) => {
        parts[gate] ??= { bias: room(shapes[map.slots[g]]).fill(0) };
        parts[gate][map.name] = room(shapes[map.slots[g]]);
      });
    }
    return { gates: named(Object.entries(cell.gates)), states: named(cell.states.map((name, k) => [name, 1 + k])), parts };
  });
  return { steps, outputs: new Float64Array(steps * layout.outputs).fill(NaN), layers };
}
