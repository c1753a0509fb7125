// The first weights that some cells set themselves (`initialise` in their files). Each is a function (bias, random), where
// bias(map, gate) is the bias of a gate, to be overwritten.

const OWN_WEIGHTS = {
  lru(bias, random) {
    const [radii, angles, scales] = ["radius", "angle", "scale"].map((gate) => bias("constant", gate));
    for (let i = 0; i < radii.length; i++) {
      const radius = Math.sqrt(random.uniform(0.9 ** 2, 0.999 ** 2));
      radii[i] = Math.log(-Math.log(radius));
      angles[i] = Math.log((Math.PI / 10) * (1 - random.uniform()));
      scales[i] = Math.log(1 - radius ** 2) / 2;
    }
  },
  mamba(bias, random) {
    const [steps, decay, skip] = [bias("x", "step"), bias("constant", "decay"), bias("constant", "skip")];
    for (let i = 0; i < steps.length; i++) {
      const step = Math.exp(random.uniform(Math.log(0.001), Math.log(0.1)));
      steps[i] = step + Math.log(-Math.expm1(-step));
    }
    const states = decay.length / steps.length;
    for (let i = 0; i < decay.length; i++) decay[i] = Math.log((i % states) + 1);
    skip.fill(1);
  },
  retnet(bias) {
    const decay = bias("constant", "decay");
    for (let i = 0; i < decay.length; i++) decay[i] = Math.log(2 ** (5 + i) - 1);
  },
  rglru(bias, random) {
    const decay = bias("constant", "decay");
    for (let i = 0; i < decay.length; i++) decay[i] = Math.log(Math.expm1(-Math.log(random.uniform(0.9, 0.999)) / 8));
  },
  rwkv7(bias) {
    bias("constant", "removal").fill(1);
    bias("constant", "replacement").fill(1);
  },
  s5(bias, random) {
    const [decay, frequency, steps] = ["decay", "frequency", "step"].map((gate) => bias("constant", gate));
    decay.fill(Math.log(0.5));
    frequency.set(frequencies(frequency.length));
    for (let i = 0; i < steps.length; i++) steps[i] = random.uniform(Math.log(0.001), Math.log(0.1));
  },
};

/** The positive imaginary parts of the eigenvalues of the normal part of the HiPPO-LegS matrix of 2 * units states: the
 * singular values of its skew part, each of which occurs twice, by Jacobi's rotations from one side. */
function frequencies(units) {
  const size = 2 * units;
  const columns = Array.from({ length: size }, (_, j) =>
    Float64Array.from({ length: size }, (_, i) => (Math.sign(i - j) * Math.sqrt((2 * i + 1) * (2 * j + 1))) / 2),
  );
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  for (let sweep = 0; sweep < 30; sweep++) {
    let largest = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) largest = Math.max(largest, orthogonalised(columns[p], columns[q], dot));
    }
    if (largest < 1e-14) break;
  }
  const values = columns.map((column) => Math.sqrt(dot(column, column))).sort((a, b) => a - b);
  return values.filter((_, n) => n % 2 === 0);
}

/** Turns two columns until they are orthogonal; the cosine of the angle between them before. */
function orthogonalised(a, b, dot) {
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  const cosine = Math.abs(ab) / Math.sqrt(aa * bb);
  if (cosine < 1e-15) return 0;
  const ratio = (bb - aa) / (2 * ab);
  const t = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.sqrt(1 + ratio * ratio));
  const c = 1 / Math.sqrt(1 + t * t);
  for (let i = 0; i < a.length; i++) {
    const x = a[i];
    a[i] = c * (x - t * b[i]);
    b[i] = c * (b[i] + t * x);
  }
  return cosine;
}
