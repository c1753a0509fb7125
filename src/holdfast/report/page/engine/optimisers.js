// The optimisers of training/optimisers/ with the options that holdfast has by default.

const EPSILON = 1e-7;
const MOMENTUM = 0.9; // of sgd
const [B1, B2] = [0.9, 0.999]; // of adam
const DECAY = 0.9; // of rmsprop

/** Each makes a function (W, G, own, count) that changes the weights W in place; `own` are the `arrays` of this network,
 * as long as W, and `count` is the number of this update, from 1. */
const OPTIMISERS = {
  /** v = 0.9 v + g; w = w - rate v. */
  sgd: {
    arrays: 1,
    update(rate) {
      return (W, G, [v]) => {
        for (let i = 0; i < W.length; i++) {
          v[i] = MOMENTUM * v[i] + G[i];
          W[i] -= rate * v[i];
        }
      };
    },
  },
  /** Kingma & Ba 2015, algorithm 1. */
  adam: {
    arrays: 2,
    update(rate) {
      return (W, G, [m, v], count) => {
        const first = 1 / (1 - B1 ** count);
        const second = 1 / (1 - B2 ** count);
        for (let i = 0; i < W.length; i++) {
          const g = G[i];
          m[i] = B1 * m[i] + (1 - B1) * g;
          v[i] = B2 * v[i] + (1 - B2) * g * g;
          W[i] -= (rate * (m[i] * first)) / (Math.sqrt(v[i] * second) + EPSILON);
        }
      };
    },
  },
  /** v = 0.9 v + 0.1 g^2; w = w - rate g / (sqrt(v) + epsilon). */
  rmsprop: {
    arrays: 1,
    update(rate) {
      return (W, G, [v]) => {
        for (let i = 0; i < W.length; i++) {
          v[i] = DECAY * v[i] + (1 - DECAY) * G[i] * G[i];
          W[i] -= (rate * G[i]) / (Math.sqrt(v[i]) + EPSILON);
        }
      };
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
