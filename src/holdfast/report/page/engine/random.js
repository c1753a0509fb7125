// A small seeded generator of random numbers: the same numbers in every browser.

/** A generator for the whole numbers `words`. `uniform(low, high)`, `below(n)`, `normal()`.
 *
 * Source: sfc32 of Chris Doty-Humphrey's PractRand (public domain), seeded through the finaliser of MurmurHash3. */
function generator(...words) {
  let seed = 0x9e3779b9;
  for (const word of words) seed = mixed((Math.imul(seed, 31) + (word >>> 0) + 0x7f4a7c15) >>> 0);
  let [a, b, c, d] = [1, 2, 3, 1].map((n, i) => (i < 3 ? mixed(seed + n) : 1));
  for (let i = 0; i < 12; i++) next();
  let spare = null;

  function next() {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  }

  const unit = () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992; // 53 bits

  /** The polar method: two numbers at a time. */
  function normal() {
    if (spare !== null) {
      const one = spare;
      spare = null;
      return one;
    }
    for (;;) {
      const [x, y] = [2 * unit() - 1, 2 * unit() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  }

  return { uniform: (low = 0, high = 1) => low + (high - low) * unit(), below: (n) => Math.floor(n * unit()), normal };
}

/** The finaliser of MurmurHash3: every bit of the result depends on all bits given. */
function mixed(bits) {
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** The numbers 0 ... count - 1 in a random order (Fisher and Yates). */
function shuffled(count, random) {
  const order = Array.from({ length: count }, (_, n) => n);
  for (let n = count - 1; n > 0; n--) {
    const other = random.below(n + 1);
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}
