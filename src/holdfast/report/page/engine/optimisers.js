// The optimisers of training/optimisers/ with the options that holdfast has by default.

const EPSILON = 1e-7;
const MOMENTUM = 0.9; // of sgd
const [B1, B2] = [0.9, 0.999]; // of adam
const DECAY = 0.9; // of rmsprop

/** By name: how many `arrays` as long as the weights a network needs, and a function (W, G, own, rate, count) that changes
 * the weights W in place; `own` are those arrays and `count` is the number of this update, from 1. */
const OPTIMISERS = {
  /** v = 0.9 v + g; w = w - rate v. */
  sgd: {
    arrays: 1,
    update(W, G, own, rate) {
      const v = own[0];
      const size = W.length;
      for (let i = 0; i < size; i++) {
        v[i] = MOMENTUM * v[i] + G[i];
        W[i] -= rate * v[i];
      }
    },
  },
  /** Kingma & Ba 2015, algorithm 1. */
  adam: {
    arrays: 2,
    update(W, G, own, rate, count) {
      const [m, v] = own;
      const size = W.length;
      const first = rate / (1 - B1 ** count);
      const second = 1 / (1 - B2 ** count);
      for (let i = 0; i < size; i++) {
        const g = G[i];
        const mean = B1 * m[i] + (1 - B1) * g;
        const square = B2 * v[i] + (1 - B2) * g * g;
        m[i] = mean;
        v[i] = square;
        W[i] -= (first * mean) / (Math.sqrt(square * second) + EPSILON);
      }
    },
  },
  /** v = 0.9 v + 0.1 g^2; w = w - rate g / (sqrt(v) + epsilon). */
  rmsprop: {
    arrays: 1,
    update(W, G, own, rate) {
      const v = own[0];
      const size = W.length;
      for (let i = 0; i < size; i++) {
        const g = G[i];
        const square = DECAY * v[i] + (1 - DECAY) * g * g;
        v[i] = square;
        W[i] -= (rate * g) / (Math.sqrt(square) + EPSILON);
      }
    },
  },
};

/** Scales the gradient so that its norm is at most `most` (null: no limit), as optax.clip_by_global_norm. */
function clip(G, most) {
  if (most === null) return;
  let sum = 0;
  for (let i = 0; i < G.length; i++) sum += G[i] * G[i];
  const norm = Math.sqrt(sum);
  if (norm < most) return;
  for (let i = 0; i < G.length; i++) G[i] = (G[i] / norm) * most;
}
