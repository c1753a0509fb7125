// Linear maps, forward and backward, on values that lie in one array. The matrix of a gate is stored column by column.
// Several columns are computed in one loop, so that the source is read once for all of them.

/** out[to + b*width + j] = bias_j + sum_i W[matrix + j*rows + i] * V[source + ...], for `count` rows of the batch.
 * `blocks`: heads, of which each reads its own part of the source. `bias` is -1 where there is none. */
function mapForward(out, to, W, matrix, bias, source, count, rows, width, blocks, V) {
  const each = width / blocks;
  for (let b = 0; b < count; b++) {
    for (let head = 0; head < blocks; head++) {
      const first = head * each;
      const from = source + (b * blocks + head) * rows;
      const biasHere = bias < 0 ? -1 : bias + first;
      columnsForward(out, to + b * width + first, W, matrix + first * rows, biasHere, V, from, rows, each);
    }
  }
}

function columnsForward(out, to, W, matrix, bias, V, from, rows, columns) {
  let j = 0;
  for (; j + 3 < columns; j += 4) {
    const line = matrix + j * rows;
    const [second, third, fourth] = [line + rows, line + 2 * rows, line + 3 * rows];
    let [p, q, r, s] = [0, 0, 0, 0];
    if (bias >= 0) [p, q, r, s] = [W[bias + j], W[bias + j + 1], W[bias + j + 2], W[bias + j + 3]];
    for (let i = 0; i < rows; i++) {
      const x = V[from + i];
      p += W[line + i] * x;
      q += W[second + i] * x;
      r += W[third + i] * x;
      s += W[fourth + i] * x;
    }
    out[to + j] = p;
    out[to + j + 1] = q;
    out[to + j + 2] = r;
    out[to + j + 3] = s;
  }
  for (; j < columns; j++) {
    const line = matrix + j * rows;
    let sum = bias < 0 ? 0 : W[bias + j];
    for (let i = 0; i < rows; i++) sum += W[line + i] * V[from + i];
    out[to + j] = sum;
  }
}

/** With the cotangents d at `at`: adds the gradient of the weights to G and, unless `into` is -1, that of the source to
 * D. */
function mapBackward(V, D, d, at, W, G, matrix, bias, source, into, count, rows, width, blocks) {
  const each = width / blocks;
  for (let b = 0; b < count; b++) {
    for (let head = 0; head < blocks; head++) {
      const first = head * each;
      const part = (b * blocks + head) * rows;
      const biasHere = bias < 0 ? -1 : bias + first;
      const intoHere = into < 0 ? -1 : into + part;
      const [cotangents, line] = [at + b * width + first, matrix + first * rows];
      columnsBackward(V, D, d, cotangents, W, G, line, biasHere, source + part, intoHere, rows, each);
    }
  }
}

function columnsBackward(V, D, d, at, W, G, matrix, bias, from, to, rows, columns) {
  if (bias >= 0) for (let j = 0; j < columns; j++) G[bias + j] += d[at + j];
  let j = 0;
  for (; j + 1 < columns; j += 2) {
    const [p, q] = [d[at + j], d[at + j + 1]];
    const line = matrix + j * rows;
    const second = line + rows;
    if (to < 0) {
      for (let i = 0; i < rows; i++) {
        const x = V[from + i];
        G[line + i] += p * x;
        G[second + i] += q * x;
      }
    } else {
      for (let i = 0; i < rows; i++) {
        const x = V[from + i];
        G[line + i] += p * x;
        G[second + i] += q * x;
        D[to + i] += p * W[line + i] + q * W[second + i];
      }
    }
  }
  if (j === columns) return;
  const p = d[at + j];
  const line = matrix + j * rows;
  for (let i = 0; i < rows; i++) {
    G[line + i] += p * V[from + i];
    if (to >= 0) D[to + i] += p * W[line + i];
  }
}

/** A diagonal map: every component reads itself alone. */
function diagonalForward(V, out, W, matrix, bias, source, count, width) {
  for (let b = 0; b < count; b++) {
    for (let j = 0; j < width; j++) {
      V[out + b * width + j] = (bias < 0 ? 0 : W[bias + j]) + W[matrix + j] * V[source + b * width + j];
    }
  }
}

function diagonalBackward(V, D, at, W, G, matrix, bias, source, into, count, width) {
  for (let b = 0; b < count; b++) {
    for (let j = 0; j < width; j++) {
      const slope = D[at + b * width + j];
      if (bias >= 0) G[bias + j] += slope;
      G[matrix + j] += slope * V[source + b * width + j];
      D[into + b * width + j] += slope * W[matrix + j];
    }
  }
}
