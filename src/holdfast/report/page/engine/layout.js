// Where the numbers of a network lie: the values of one step in one array, all weights in another.

/** The number of components of a value with these axes, in a layer of these sizes (see Cell.sizes_of in core/cell.py). */
function shapeOf(cell, axes, sizes) {
  const known = { unit: sizes.units, head: sizes.heads, input: sizes.below };
  for (const [axis, size] of Object.entries(cell.sizes)) if (typeof size === "number") known[axis] = size;
  for (const [axis, size] of Object.entries(cell.sizes)) {
    if (typeof size !== "number") known[axis] = size[0] * (known[size[1]] ?? sizes.units / sizes.heads);
  }
  return axes.map((axis) => known[axis] ?? sizes.units / sizes.heads);
}

const product = (shape) => shape.reduce((size, n) => size * n, 1);

/** Sizes of a network and the places of its weights. Settings: `cell`, `units`, `layers`, `heads`, `inputs`, `outputs`,
 * and `steps_with_weights` (null where all steps share their weights).
 *
 * A map's matrix is stored column by column ([column, source]), then its bias. The weights of all layers lie behind each
 * other (of one step, then of the next), then those of the read-out. */
function layoutOf(settings) {
  const cell = CELLS[settings.cell];
  const { units, inputs, outputs, layers = 1, heads = 1 } = settings;
  const separate = settings.steps_with_weights ?? null;
  let at = 0;
  const stack = [];
  for (let depth = 0; depth < layers; depth++) {
    const sizes = { units, heads, below: depth === 0 ? inputs : units };
    const shapes = cell.slots.map((axes) => shapeOf(cell, axes, sizes));
    const maps = [];
    for (const map of cell.maps) {
      const widths = map.slots.map((slot) => product(shapes[slot]));
      const columns = widths.reduce((a, b) => a + b, 0);
      const known = maps.find((other) => other.name === map.name); // one map of two values has one set of weights
      const blocks = map.per_head ? heads : 1;
      const rows = map.diagonal ? 1 : map.source < 0 ? 0 : product(shapes[map.source]) / blocks;
      const matrix = known ? known.matrix : at;
      if (!known) at += columns * (rows + (map.bias ? 1 : 0));
      maps.push({ ...map, widths, columns, rows, blocks, matrix, biasAt: matrix + columns * rows });
    }
    stack.push({ shapes, maps });
  }
  const step = at;
  const readout = step * (separate ?? 1);
  return {
    cell, units, inputs, outputs, layers: stack, step, separate, readout, heads,
    parameters: readout + outputs * (units + 1),
  };
}

/** The weights as a document: every matrix [source, columns] in row-major order, with a bias or null; with separate
 * weights for every step both have a first axis for the step. */
function weightsOut(layout, W) {
  const times = layout.separate ?? 1;
  const layers = layout.layers.map(({ maps }) => Object.fromEntries(maps.map((map) => [map.name, linearOut(map, times)])));
  return { layers, readout: linearOut(readoutMap(layout), 1), steps: layout.separate };

  function linearOut({ rows, columns, matrix: at, biasAt, ...map }, count) {
    const matrix = new Float64Array(count * rows * columns);
    const bias = map.bias ? new Float64Array(count * columns) : null;
    for (let t = 0; t < count; t++) {
      for (let j = 0; j < columns; j++) {
        for (let i = 0; i < rows; i++) matrix[(t * rows + i) * columns + j] = W[at + t * layout.step + j * rows + i];
        if (bias) bias[t * columns + j] = W[biasAt + t * layout.step + j];
      }
    }
    const shape = layout.separate !== null && map.name !== "y" ? [count, rows, columns] : [rows, columns];
    return { matrix, shape, bias, diagonal: map.diagonal };
  }
}

/** Copies the weights of a document into W; numbers may be in any array. A map per head may also be given as one matrix
 * with zeros between the heads. Throws an Error where the sizes are not those of this network. */
function weightsIn(layout, W, weights) {
  const times = layout.separate ?? 1;
  layout.layers.forEach(({ maps }, depth) => maps.forEach((map) => linearIn(map, weights.layers[depth][map.name], times)));
  linearIn(readoutMap(layout), weights.readout, 1);

  function linearIn(map, { matrix, bias }, count) {
    const { rows, columns, blocks } = map;
    const joined = blocks > 1 && matrix.length === count * rows * blocks * columns;
    if (!joined && matrix.length !== count * rows * columns) {
      throw new Error(`The map ${map.name} has ${matrix.length} weights, expected ${count * rows * columns}.`);
    }
    for (let t = 0; t < count; t++) {
      const to = map.matrix + t * layout.step;
      for (let j = 0; j < columns; j++) {
        const first = (t * (joined ? rows * blocks : rows) + (joined ? headOf(map, j) * rows : 0)) * columns + j;
        for (let i = 0; i < rows; i++) W[to + j * rows + i] = matrix[first + i * columns];
        if (map.bias) W[map.biasAt + t * layout.step + j] = bias[t * columns + j];
      }
    }
  }
}

/** The head to which a column of a map per head belongs. */
function headOf(map, column) {
  let gate = 0;
  while (column >= map.widths[gate]) column -= map.widths[gate++];
  return Math.floor(column / (map.widths[gate] / map.blocks));
}
