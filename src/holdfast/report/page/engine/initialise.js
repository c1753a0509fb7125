// Initial weights as engine/initialise.py draws them: by the defaults of Keras or PyTorch, with changes, then the cell's own.

const RECURRENT = ["h", "c"];
const OWN_SOURCES = ["x", "h", "c", "k", "constant"];

/** Reads a text such as `keras+forget=3`: the framework and its changes, as holdfast's --initialisation. A number as
 * `forget_bias` sets the bias of the gate that keeps. Throws an Error with a sentence where the text is none of them. */
function initialisationOf(settings, cell, lag) {
  let text = settings.initialisation ?? "keras";
  if (text === "auto") text = `keras${cell.keep ? "+chrono" : ""}${cell.identity ? "+identity" : ""}`;
  const [framework, ...changes] = text.split("+");
  const how = { framework, orthogonal: false, identity: false, forget: settings.forget_bias ?? null, chrono: null };
  const known = ["keras", "pytorch"].includes(framework);
  for (const change of changes) {
    const [name, value] = change.split("=");
    if (name === "orthogonal" || name === "identity") how[name] = true;
    else if (name === "forget" && Number.isFinite(parseFloat(value))) how.forget = parseFloat(value);
    else if (name === "chrono" && (value === undefined || Number.isFinite(parseFloat(value)))) {
      how.chrono = Math.max(2, value === undefined ? lag : parseFloat(value));
    } else throw new Error(`The initialisation has '+${change}'; take +orthogonal, +identity, +forget=NUMBER or +chrono.`);
  }
  if (!known) throw new Error(`The initialisation is '${framework}'; take keras or pytorch.`);
  if (!cell.keep) how.forget = how.chrono = null;
  if (Object.keys(cell.gates).length > 1) how.identity = false; // the identity is for a cell with one gate
  if (how.forget === null && how.chrono === null && framework === "keras" && cell.keep === "forget") how.forget = 1;
  return how;
}

/** Draws all weights of one network into W. */
function drawWeights(layout, W, how, random) {
  W.fill(0);
  for (let t = 0; t < (layout.separate ?? 1); t++) {
    layout.layers.forEach(({ maps }) => {
      const biases = maps.some((m) => m.name === "h" && !m.bias) ? 2 : 1; // PyTorch's two biases are one sum here
      for (const map of unique(maps)) {
        drawMap(W, map, t * layout.step, layout, how, random, OWN_SOURCES.includes(map.name) ? biases : 1);
      }
      OWN_WEIGHTS[layout.cell.name]?.(biasesOf(W, maps, t * layout.step), random);
    });
  }
  layout.layers.forEach(({ maps }) => timeScale(layout, W, maps, how, random));
  drawMap(W, readoutMap(layout), 0, layout, how, random, 1);
}

const unique = (maps) => maps.filter((map, n) => maps.findIndex((other) => other.name === map.name) === n);

function drawMap(W, map, step, layout, how, random, biases) {
  const { rows, columns, blocks } = map;
  const reach = 1 / Math.sqrt(layout.units);
  const put = (i, j, value) => {
    W[step + map.matrix + j * rows + i] = value;
  };
  if (!(map.diagonal && how.framework === "keras")) {
    for (let head = 0; head < blocks; head++) {
      const drawn = matrixOf(map, rows, columns / blocks, how, reach, random);
      columnsOfHead(map, head).forEach((j, k) => {
        for (let i = 0; i < rows; i++) put(i, j, drawn(i, k));
      });
    }
  }
  if (!map.bias || how.framework !== "pytorch") return;
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let n = 0; n < biases; n++) sum += random.uniform(-reach, reach);
    W[step + map.biasAt + j] = sum;
  }
}

/** The columns that belong to one head of a map, gate by gate; all where it is not a map per head. */
function columnsOfHead(map, head) {
  const found = [];
  let first = 0;
  for (const width of map.widths) {
    const each = width / map.blocks;
    for (let k = 0; k < each; k++) found.push(first + head * each + k);
    first += width;
  }
  return found;
}

/** A function (i, j) of a drawn matrix. */
function matrixOf(map, rows, columns, how, reach, random) {
  const recurrent = RECURRENT.includes(map.name) && !map.diagonal;
  if (map.name === "h" && how.identity) return (i, j) => (i === j ? 1 : 0);
  if (recurrent && how.orthogonal) {
    const width = columns / map.slots.length;
    const parts = map.slots.map(() => orthogonal(rows, width, random));
    return (i, j) => parts[Math.floor(j / width)](i, j % width);
  }
  if (recurrent && how.framework === "keras") return orthogonal(rows, columns, random);
  const limit = how.framework === "keras" ? Math.sqrt(6 / (rows + columns)) : reach;
  const drawn = Float64Array.from({ length: rows * columns }, () => random.uniform(-limit, limit));
  return (i, j) => drawn[i * columns + j];
}

/** A uniform draw from the matrices with orthonormal rows, or columns if there are fewer columns: Gram and Schmidt's
 * method, twice, on normal numbers. */
function orthogonal(rows, columns, random) {
  const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
  const vectors = Array.from({ length: short }, () => Float64Array.from({ length: long }, random.normal));
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  vectors.forEach((vector, n) => {
    for (let again = 0; again < 2; again++) {
      for (let m = 0; m < n; m++) {
        const along = dot(vector, vectors[m]);
        for (let i = 0; i < long; i++) vector[i] -= along * vectors[m][i];
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < long; i++) vector[i] /= norm;
  });
  return rows >= columns ? (i, j) => vectors[j][i] : (i, j) => vectors[i][j];
}

/** The biases that set how long the gate that keeps keeps, in all steps. Of several biases of one gate the first, that of
 * x where there is one, has the value and the others are 0. */
function timeScale(layout, W, maps, how, random) {
  const { keep, write } = layout.cell;
  if (!keep || (how.forget === null && how.chrono === null)) return;
  const width = unique(maps).find((map) => map.gates.includes(keep));
  const count = width.widths[width.gates.indexOf(keep)];
  const longest = Math.max(how.chrono - 1, 1);
  const scale = how.chrono === null ? null : Array.from({ length: count }, () => Math.log(random.uniform(1, longest)));
  const ordered = unique(maps).sort((a, b) => (a.name === "x" ? 0 : 1) - (b.name === "x" ? 0 : 1));
  for (const [gate, sign] of [[keep, 1], ...(write && scale ? [[write, -1]] : [])]) {
    const known = ordered.filter((map) => map.bias && map.gates.includes(gate));
    known.forEach((map, n) => {
      for (let t = 0; t < (layout.separate ?? 1); t++) {
        const bias = gateBias(W, map, gate, t * layout.step);
        for (let i = 0; i < bias.length; i++) bias[i] = n > 0 ? 0 : scale ? sign * scale[i] : how.forget;
      }
    });
  }
}

/** The bias of one gate, as a part of W. */
function gateBias(W, map, gate, step) {
  const place = map.gates.indexOf(gate);
  const first = step + map.biasAt + map.widths.slice(0, place).reduce((a, b) => a + b, 0);
  return W.subarray(first, first + map.widths[place]);
}

/** A function (map, gate) => its bias in one step's weights. */
function biasesOf(W, maps, step) {
  return (name, gate) => gateBias(W, maps.find((map) => map.name === name), gate, step);
}

/** The map of the read-out as a map of a layer. */
function readoutMap({ units, outputs, readout }) {
  const matrix = readout;
  const sizes = { widths: [outputs], rows: units, columns: outputs, blocks: 1 };
  const places = { matrix, biasAt: matrix + units * outputs };
  return { name: "y", gates: ["y"], slots: [0], bias: true, diagonal: false, ...sizes, ...places };
}
