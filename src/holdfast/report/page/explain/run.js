// Runs the network in the page: the recorded step of the cell, word by word, over a sequence. The implementations of the
// words (`WORDS`) are generated from the alphabet when the page is written. Numbers are rounded to the network's format
// after every word (for a linear map once, after the sum), so that gates saturate as they do in holdfast.

/** A function (inputs [steps * features], steps, present [steps] or null) => trace, of a network as the document has it.
 *
 * trace: {steps, outputs [steps * outputs], layers: [{gates: {name: [steps * memory]}, states: {...}}]}: one number for
 * every component of the state that is the memory, of which a vector has one for each unit. */
function runner(network) {
  const Numbers = network.dtype === "float64" ? Float64Array : Float32Array;
  const layers = network.weights.map((weights, depth) => {
    const below = depth === 0 && !network.embedding ? network.inputs : network.units;
    return prepared(network, weights, below, Numbers);
  });
  const hidden = network.readout_hidden.map((map) => new Numbers(map.matrix.shape[1]));
  const embedded = new Numbers(network.embedding ? network.units : 0);
  const answer = new Numbers(network.outputs);
  const note = (tables, name, values, t) => {
    const along = network.along_memory[name];
    tables[name].set(along ? along.map((n) => values[n]) : values, t * network.memory);
  };
  return (inputs, steps, present = null) => {
    const trace = emptyTrace(network, steps, Numbers);
    for (const layer of layers) layer.before.forEach((state) => state.fill(0));
    for (let t = 0; t < steps; t++) {
      const here = !present || present[t];
      let below = inputs.subarray(t * network.inputs, (t + 1) * network.inputs);
      if (network.embedding) {
        product(embedded, network.embedding, below);
        below = embedded;
      }
      layers.forEach((layer, depth) => {
        layer.input.set(below);
        for (const act of layer.acts) act(t);
        below = layer.output.slice();
        layer.gates.forEach((gate, n) => note(trace.layers[depth].gates, network.gates[n], gate, t));
        const after = layer.after.map((state) => state.slice()); // copy all states before any is replaced
        after.forEach((state, k) => {
          if (here) layer.before[k].set(state); // in padding the state stays as it is
          note(trace.layers[depth].states, network.states[k], layer.before[k], t);
        });
      });
      network.readout_hidden.forEach((map, n) => {
        product(hidden[n], map, below);
        below = hidden[n].map((v) => (v > 0 || Number.isNaN(v) ? v : 0));
      });
      product(answer, network.readout, below);
      trace.outputs.set(answer, t * network.outputs);
    }
    return trace;
  };
}

function emptyTrace(network, steps, Numbers) {
  const room = (names) => Object.fromEntries(names.map((name) => [name, new Numbers(steps * network.memory)]));
  return {
    steps,
    outputs: new Numbers(steps * network.outputs),
    layers: Array.from({ length: network.layers }, () => ({ gates: room(network.gates), states: room(network.states) })),
  };
}

/** One layer's step: `acts` are run in order at step t (from 0), on arrays that are overwritten at every step. */
function prepared(network, weights, below, Numbers) {
  const { nodes, before: held, after, gates, output } = network.program;
  const input = new Numbers(below);
  const room = (shape) => new Numbers(shape.reduce((size, n) => size * n, 1));
  const before = held.map(room);
  const values = [];
  const shape = (ref) => (ref >= 0 ? nodes[ref].shape : ref === -1 ? [below] : held[-2 - ref]);
  const value = (ref) => (ref >= 0 ? values[ref] : ref === -1 ? input : before[-2 - ref]);
  const acts = [];
  const separate = network.steps_with_weights !== null;
  let whole = null;
  nodes.forEach((node, n) => {
    if (node.word !== "linear") {
      const out = room(node.shape);
      const sizes = node.of.map(shape);
      const operands = node.of.map((ref) => (SCALARS[node.word] ? repeated(value(ref), out.length, acts) : value(ref)));
      values.push(out);
      acts.push(() => WORDS[node.word](out, operands, sizes));
      return;
    }
    const map = weights[node.map];
    if (node.place === 0) {
      const source = node.of.length ? value(node.of[0]) : new Numbers(0);
      whole = new Numbers(map.matrix.shape[map.matrix.shape.length - 1]);
      const all = whole;
      acts.push((t) => product(all, separate ? ofStep(map, t) : map, source));
    }
    values.push(whole.subarray(node.start, node.start + room(node.shape).length)); // the gates of a map follow each other
  });
  return { input, before, acts, output: value(output), after: after.map(value), gates: gates.map(value) };
}

/** Values with fewer axes than the result of a word, repeated along the last axes by an act of their own. */
function repeated(values, length, acts) {
  if (values.length === length) return values;
  const out = new values.constructor(length);
  const times = length / values.length;
  acts.push(() => {
    for (let i = 0; i < length; i++) out[i] = values[Math.floor(i / times)];
  });
  return out;
}

/** The map of step t (from 0) in a network with separate weights; past the last step all values are NaN. */
function ofStep({ matrix, bias, diagonal }, t) {
  const [steps, rows, columns] = matrix.shape;
  if (!(t < steps)) return { matrix: new Float64Array(rows * columns).fill(NaN), bias: null, diagonal };
  const part = (a, size) => a && a.subarray(t * size, (t + 1) * size);
  return { matrix: part(matrix, rows * columns), bias: part(bias, columns), diagonal };
}

/** out = source @ matrix + bias, with the matrix [source, columns] in row-major order; sums are in double precision. In a
 * diagonal map every unit reads only itself. */
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
