// Runs a network over sequences, forward and backward, on arrays that are allocated once.

/** A machine for `count` rows of at most `steps` steps. The weights W of a network are given to each call, so that one
 * machine serves many networks of one layout.
 *
 * `setRows(rows)` copies the inputs and which steps are present; `start()` empties the states. `forward(W, t)` runs step t
 * (from 0) up to the outputs `O`; `backward(W, t, through)` adds to `G` the gradient of what is in `dO` of step t and, with
 * `through`, of what later steps have passed back in `carried`. */
function machine(layout, count, steps, { memory = true, Numbers = Float64Array } = {}) {
  const { cell, outputs, units, readout } = layout;
  const depths = layout.layers.map((_, depth) => depth);
  const { places, stride } = placesOf(layout, count);
  const V = new Numbers((steps + 1) * stride);
  const D = new Numbers(stride);
  const O = new Numbers(steps * count * outputs);
  const dO = new Numbers(steps * count * outputs);
  const G = new Numbers(layout.parameters);
  const present = new Uint8Array(steps * count).fill(1);
  let padded = false;
  const sizes = layout.layers.map(({ shapes }) => distinctSizes(cell, shapes, count));
  const shapes = layout.layers.map(({ shapes: all }) => operandShapes(cell, all, count));
  const viewsAt = (t) => depths.map((depth) => viewsOf(layout, places, V, t * stride, depth, count));
  const views = Array.from({ length: steps }, (_, t) => viewsAt(t));
  const cotangents = depths.map((depth) => viewsOf(layout, places, D, 0, depth, count));
  const lengths = cell.states.map((_, k) => depths.map((depth) => count * product(layout.layers[depth].shapes[1 + k])));
  const carried = depths.map((depth) => cell.states.map((_, k) => new Numbers(lengths[k][depth])));
  const top = places.at(-1)[cell.output];
  let W = null;
  let now = 0;
  let depth = 0;
  const map = (number) => eachGate(number, forwardGate);
  const back = (number) => eachGate(number, backwardGate);

  function setRows(rows) {
    padded = false;
    rows.forEach((row, b) => {
      for (let t = 0; t < steps; t++) {
        const at = t * stride + places[0][0] + b * layout.inputs;
        for (let i = 0; i < layout.inputs; i++) V[at + i] = row.inputs[t * layout.inputs + i];
        present[t * count + b] = row.present ? row.present[t] : 1;
        if (!present[t * count + b]) padded = true;
      }
    });
  }

  function start() {
    for (const layer of depths) cell.states.forEach((_, k) => clear(layer, k, 0));
    for (const layer of carried) for (const one of layer) one.fill(0);
  }

  function clear(layer, k, t) {
    V.fill(0, ...placeOf(layer, k, t));
  }

  /** The states before step t, layer by layer. */
  function statesAt(t) {
    return depths.map((layer) => cell.states.map((_, k) => V.slice(...placeOf(layer, k, t))));
  }

  function setStates(t, states) {
    states.forEach((layer, n) => layer.forEach((values, k) => V.set(values, placeOf(n, k, t)[0])));
  }

  function placeOf(layer, k, t) {
    const from = t * stride + places[layer][1 + k];
    return [from, from + lengths[k][layer]];
  }

  function forward(weights, t, read = true) {
    W = weights;
    now = t;
    const base = t * stride;
    for (depth = 0; depth < depths.length; depth++) {
      const o = places[depth];
      if (!memory) cell.states.forEach((_, k) => clear(depth, k, t));
      cell.forward(V, base, o, sizes[depth], views[t][depth], shapes[depth], map);
      for (let k = 0; k < cell.states.length; k++) handOn(base, o[cell.after[k]], o[1 + k], lengths[k][depth]);
    }
    if (!read) return;
    const matrix = readout;
    mapForward(O, t * count * outputs, W, matrix, matrix + units * outputs, base + top, count, units, outputs, 1, V);
  }

  /** The states after a step are those before the next one; in padding they stay as they are. */
  function handOn(base, after, before, length) {
    const to = base + stride + before;
    V.copyWithin(to, base + after, base + after + length);
    if (!padded) return;
    const each = length / count;
    for (let b = 0; b < count; b++) {
      if (!present[now * count + b]) V.copyWithin(to + b * each, base + before + b * each, base + before + (b + 1) * each);
    }
  }

  function backward(weights, t, through = true) {
    W = weights;
    now = t;
    const base = t * stride;
    D.fill(0);
    readoutBackward(t, base);
    for (depth = depths.length - 1; depth >= 0; depth--) {
      const o = places[depth];
      if (through && memory) takeCarried(o);
      cell.backward(V, D, base, o, sizes[depth], views[t][depth], cotangents[depth], shapes[depth], back);
      if (through && memory) carry(o);
    }
  }

  function readoutBackward(t, base) {
    const matrix = readout;
    mapBackward(V, D, dO, t * count * outputs, W, G, matrix, matrix + units * outputs, base + top, top, count, units, outputs, 1);
  }

  function takeCarried(o) {
    carried[depth].forEach((from, k) => {
      const to = o[cell.after[k]];
      const each = from.length / count;
      for (let i = 0; i < from.length; i++) {
        if (!padded || present[now * count + Math.floor(i / each)]) D[to + i] += from[i];
      }
    });
  }

  function carry(o) {
    carried[depth].forEach((into, k) => {
      const from = o[1 + k];
      const each = into.length / count;
      for (let i = 0; i < into.length; i++) {
        const here = !padded || present[now * count + Math.floor(i / each)];
        into[i] = here ? D[from + i] : into[i];
      }
    });
  }

  function eachGate(number, gate) {
    const m = layout.layers[depth].maps[number];
    const own = layout.separate === null ? 0 : now * layout.step;
    let column = 0;
    for (let g = 0; g < m.slots.length; g++) {
      gate(m, places[depth][m.slots[g]], own + m.matrix + column * m.rows, m.bias ? own + m.biasAt + column : -1, m.widths[g]);
      column += m.widths[g];
    }
  }

  function forwardGate(m, slot, matrix, bias, width) {
    const out = now * stride + slot;
    const source = now * stride + (m.source < 0 ? 0 : places[depth][m.source]);
    if (m.diagonal) diagonalForward(V, out, W, matrix, bias, source, count, width);
    else mapForward(V, out, W, matrix, bias, source, count, m.rows, width, m.blocks, V);
  }

  function backwardGate(m, slot, matrix, bias, width) {
    const o = places[depth];
    const source = now * stride + (m.source < 0 ? 0 : o[m.source]);
    const into = m.source < 0 || (m.source === 0 && depth === 0) ? -1 : o[m.source];
    if (m.diagonal) diagonalBackward(V, D, slot, W, G, matrix, bias, source, into, count, width);
    else mapBackward(V, D, D, slot, W, G, matrix, bias, source, into, count, m.rows, width, m.blocks);
  }

  return { V, O, dO, G, carried, places, stride, count, steps, layout, setRows, start, statesAt, setStates, forward, backward };
}

/** The offset of every slot in the values of one step, for every layer, and how many numbers a step has. A layer reads
 * the output of the layer below where it lies. */
function placesOf(layout, count) {
  const places = [];
  let stride = 0;
  for (const { shapes } of layout.layers) {
    const below = places.length ? places.at(-1)[layout.cell.output] : -1;
    places.push(
      Int32Array.from(shapes, (shape, slot) => {
        if (slot === 0 && below >= 0) return below;
        stride += count * product(shape);
        return stride - count * product(shape);
      }),
    );
  }
  return { places, stride };
}

/** How many numbers values of each of the cell's distinct axes have, with all rows. */
function distinctSizes(cell, shapes, count) {
  return Int32Array.from(cell.distinct, (axes) => {
    const slot = cell.slots.findIndex((other) => other.join() === axes.join());
    return count * product(shapes[slot]);
  });
}

/** For words on whole arrays: the shapes of the operands by the slot of the result. */
function operandShapes(cell, shapes, count) {
  const found = [];
  for (const [out, operands] of Object.entries(cell.whole)) found[out] = operands.map((slot) => [count, ...shapes[slot]]);
  return found;
}

/** For words on whole arrays: the values of one step by slot. */
function viewsOf(layout, places, array, base, depth, count) {
  const found = [];
  for (const [out, operands] of Object.entries(layout.cell.whole)) {
    for (const slot of [Number(out), ...operands]) {
      const from = base + places[depth][slot];
      found[slot] ??= array.subarray(from, from + count * product(layout.layers[depth].shapes[slot]));
    }
  }
  return found;
}
