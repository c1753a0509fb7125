// Linear maps, forward and backward, on values that lie in one array. The matrix of a gate is stored column by column.

/** out[to + b*width + j] = bias_j + sum_i W[matrix + j*rows + i] * V[source + ...], for `count` rows of the batch.
 * `blocks`: heads, of which each reads its own part of the source. `bias` is -1 where there is none. */
function mapForward(out, to, W, matrix, bias, source, count, rows, width, blocks, V) {
  const each = width / blocks;
  for (let b = 0; b < count; b++) {
    for (let j = 0; j < width; j++) {
      const from = source + (blocks === 1 ? b : b * blocks + Math.floor(j / each)) * rows;
      const line = matrix + j * rows;
      let one = bias < 0 ? 0 : W[bias + j];
      let two = 0;
      let i = 0;
      for (; i + 1 < rows; i += 2) {
        one += W[line + i] * V[from + i];
        two += W[line + i + 1] * V[from + i + 1];
      }
      if (i < rows) one += W[line + i] * V[from + i];
      out[to + b * width + j] = one + two;
    }
  }
}

/** With the cotangents d at `at`: adds the gradient of the weights to G and, unless `into` is -1, that of the source to
 * D. */
function mapBackward(V, D, d, at, W, G, matrix, bias, source, into, count, rows, width, blocks) {
  const each = width / blocks;
  for (let b = 0; b < count; b++) {
    for (let j = 0; j < width; j++) {
      const slope = d[at + b * width + j];
      if (slope === 0) continue;
      if (bias >= 0) G[bias + j] += slope;
      const part = (blocks === 1 ? b : b * blocks + Math.floor(j / each)) * rows;
      const line = matrix + j * rows;
      const from = source + part;
      for (let i = 0; i < rows; i++) G[line + i] += slope * V[from + i];
      if (into < 0) continue;
      const to = into + part;
      for (let i = 0; i < rows; i++) D[to + i] += slope * W[line + i];
    }
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
