// The network, run in the page: the cell's step as it was recorded, word by word, over a sequence. What each word computes
// (`WORDS`) is written from the alphabet when the page is made. Numbers are rounded to
// the network's own format after every word (sums of a linear map once), so that gates shut here as they do there.

/** A function (inputs [steps * features], steps, present [steps] or null) => trace, of a network as the document has it.
 *
 * trace: {steps, outputs [steps * outputs], layers: [{gates: {name: [steps * units]}, states: {...}}]}. */
function runner(network) {
  const Numbers = network.dtype === "float64" ? Float64Array : Float32Array;
  const layers = network.weights.map((weights, depth) => {
    const below = depth === 0 ? network.inputs : network.units;
    return prepared(network, weights, below, Numbers);
  });
  const answer = new Numbers(network.outputs);
  return (inputs, steps, present = null) => {
    const trace = emptyTrace(network, steps, Numbers);
    for (const layer of layers) layer.before.forEach((state) => state.fill(0));
    for (let t = 0; t < steps; t++) {
      const here = !present || present[t];
      let below = inputs.subarray(t * network.inputs, (t + 1) * network.inputs);
      layers.forEach((layer, depth) => {
        layer.input.set(below);
        for (const act of layer.acts) act(t);
        below = layer.output.slice();
        layer.gates.forEach((gate, n) => trace.layers[depth].gates[network.gates[n]].set(gate, t * network.units));
        const after = layer.after.map((state) => state.slice()); // all of them, before any is replaced
        after.forEach((state, k) => {
          if (here) layer.before[k].set(state); // in padding the state stays as it is
          trace.layers[depth].states[network.states[k]].set(layer.before[k], t * network.units);
        });
      });
      product(answer, network.readout, below);
      trace.outputs.set(answer, t * network.outputs);
    }
    return trace;
  };
}

function emptyTrace(network, steps, Numbers) {
  const room = (names) => Object.fromEntries(names.map((name) => [name, new Numbers(steps * network.units)]));
  return {
    steps,
    outputs: new Numbers(steps * network.outputs),
    layers: Array.from({ length: network.layers }, () => ({ gates: room(network.gates), states: room(network.states) })),
  };
}

/** One layer's step, ready to be run: `acts` in their order at step t (from 0), on arrays that are filled again at every step. */
function prepared(network, weights, below, Numbers) {
  const { nodes, after, gates, output } = network.program;
  const input = new Numbers(below);
  const before = network.states.map(() => new Numbers(network.units));
  const values = [];
  const value = (ref) => (ref >= 0 ? values[ref] : ref === -1 ? input : before[-2 - ref]);
  const acts = [];
  const separate = network.steps_with_weights !== null;
  nodes.forEach((node, n) => {
    if (node.word !== "linear") {
      const operands = node.of.map(value);
      const out = new Numbers(operands[0].length);
      values.push(out);
      acts.push(() => WORDS[node.word](out, operands));
      return;
    }
    const map = weights[node.map];
    if (node.place === 0) {
      const whole = new Numbers(map.matrix.shape[map.matrix.shape.length - 1]);
      const source = value(node.of[0]);
      acts.push((t) => product(whole, separate ? ofStep(map, t) : map, source));
      values.push(whole.subarray(0, whole.length / map.gates));
    } else {
      const first = values[n - node.place]; // the gates of a map follow each other
      values.push(new Numbers(first.buffer, first.byteLength * node.place, first.length));
    }
  });
  return { input, before, acts, output: value(output), after: after.map(value), gates: gates.map(value) };
}

/** The map that belongs to step t alone (from 0); past the last there is none, and everything is no number. */
function ofStep({ matrix, bias, diagonal }, t) {
  const [steps, rows, columns] = matrix.shape;
  if (!(t < steps)) return { matrix: new Float64Array(rows * columns).fill(NaN), bias: null, diagonal };
  const part = (a, size) => a && a.subarray(t * size, (t + 1) * size);
  return { matrix: part(matrix, rows * columns), bias: part(bias, columns), diagonal };
}

/** out = source @ matrix + bias, the matrix [source, columns] row by row; the sum is kept in double precision. Of a
 * diagonal map every unit reads itself alone. */
function product(out, { matrix, bias, diagonal }, source) {
  const columns = out.length;
  const sums = new Float64Array(columns);
  if (bias) sums.set(bias);
  if (diagonal) {
    for (let j = 0; j < columns; j++) out[j] = sums[j] + source[j % source.length] * matrix[j];
    return;
  }
  for (let i = 0; i < source.length; i++) {
    const factor = source[i];
    const row = i * columns;
    if (factor === 0 && !Number.isNaN(matrix[row])) continue; // most inputs of a one-hot vector
    for (let j = 0; j < columns; j++) sums[j] += factor * matrix[row + j];
  }
  out.set(sums);
}
