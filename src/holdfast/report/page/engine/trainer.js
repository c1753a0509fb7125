// Trains many networks side by side, each with its own first weights and its own rows, as holdfast's update rules do.

const EPOCH_ROWS = 1024; // sequences in an epoch of a task whose rows are drawn
const DIVERGED = 20; // times the loss at the start

/** A trainer of `settings.networks` networks. `firstWeights`: a document of weights for each network, or one for all of
 * them, instead of drawn ones. Throws an Error with the sentence of `check` where the settings are wrong.
 *
 * An update of `step` is that after one scored step, with the state carried on as a constant; it is emptied before every
 * sequence. `sequence` and `batch` update after whole sequences, with the gradient through all steps. */
function makeTrainer(given, firstWeights = null) {
  const problem = check(given);
  if (problem) throw new Error(problem);
  const settings = withDefaults(given);
  const task = taskOf(settings);
  const layout = layoutFor(settings, task);
  const { networks, seed } = settings;
  const Numbers = settings.dtype === "float32" ? Float32Array : Float64Array;
  const options = { memory: settings.memory, Numbers };
  const count = rowsPerUpdate(settings, task);
  const run = machine(layout, count, task.steps, options);
  const evaluate = evaluator(settings, task, layout, options);
  const rule = settings.update === "step" ? afterSteps : afterSequences;
  const optimiser = OPTIMISERS[settings.optimiser];
  const perEpoch = Math.max(1, Math.ceil((task.rows ? task.rows.length : EPOCH_ROWS) / count)); // batches
  const keeps = task.rows === null; // a network that has solved a drawn task is done, and stays as it is
  const all = Array.from({ length: networks }, (_, n) => network(n));
  let batches = 0; // that every network has read
  let epoch = 0;
  let judged = -1; // the number of updates at the last evaluation
  let atStart = null; // losses
  judge();
  atStart = all.map(({ loss }) => loss);
  const sizes = { parameters: layout.parameters, updates_per_epoch: updatesPerEpoch() };
  const acts = { advance, epoch: finishEpoch, some, load };
  return { settings, task, ...sizes, ...acts, state, updates, finished, weights, rows, gradient_over_distance };

  function network(n) {
    const W = new Numbers(layout.parameters);
    const verdict = { loss: NaN, solved: 0, diverged: 0 };
    const own = { number: n, W, memories: [], count: 0, updates: 0, held: null, finished: false, ...verdict };
    for (let k = 0; k < optimiser.arrays; k++) own.memories.push(new Numbers(layout.parameters));
    const document = Array.isArray(firstWeights) ? firstWeights[n % firstWeights.length] : firstWeights;
    if (document) weightsIn(layout, W, document);
    else drawWeights(layout, W, initialisationOf(settings, layout.cell, task.lag), generator(seed, n, 0));
    return own;
  }

  /** Trains every network by so many updates. */
  function advance(wanted) {
    for (let left = wanted; left > 0 && !finished(); ) left -= some(left);
  }

  /** Trains until the end of the epoch. */
  function finishEpoch() {
    const end = epoch + 1;
    while (epoch < end && !finished()) some(Infinity);
  }

  /** Trains on the current batch, by at most so many updates of every network, and stops between two networks when the
   * time `until` has passed (milliseconds of performance.now()): the others follow in the next call. Returns the number
   * of updates, which is 0 where only steps without an answer were left of the batch. */
  function some(most, until = Infinity) {
    const trained = all.filter((one) => !one.diverged && !(keeps && one.solved));
    let done = 0;
    for (const one of trained) {
      if (one.finished) continue; // with this batch
      const batch = rows(one.number);
      run.setRows(batch);
      const before = one.updates;
      rule(one, batch, most);
      done = Math.max(done, one.updates - before);
      if (until < Infinity && performance.now() >= until) break;
    }
    if (trained.every((one) => one.finished)) {
      all.forEach((one) => (one.finished = false));
      epoch = Math.floor(++batches / perEpoch);
    }
    return done;
  }

  /** The rows of the batch that a network reads next. */
  function rows(n) {
    if (!task.rows) {
      const random = generator(seed, n, 1, batches);
      return Array.from({ length: count }, () => task.draw(random, false));
    }
    const size = task.rows.length;
    return Array.from({ length: count }, (_, b) => {
      const place = batches * count + b;
      if (settings.order === "in turn") return task.rows[place % size];
      return task.rows[shuffled(size, generator(seed, n, 2, Math.floor(place / size)))[place % size]];
    });
  }

  function afterSequences(one, batch) {
    let scored = 0;
    for (const row of batch) for (let t = 0; t < task.steps; t++) scored += row.scored[t];
    run.G.fill(0);
    run.start();
    run.dO.fill(0);
    for (let t = 0; t < task.steps; t++) {
      const asked = batch.some((row) => row.scored[t]);
      run.forward(one.W, t, asked);
      if (asked) slopes(one, batch, t, scored);
    }
    for (let t = task.steps - 1; t >= 0; t--) run.backward(one.W, t);
    update(one);
    one.finished = true;
  }

  function afterSteps(one, batch, most) {
    run.start();
    let from = 0;
    if (one.held) {
      from = one.held.t;
      run.setStates(from, one.held.states);
      one.held = null;
    }
    let done = 0;
    for (let t = from; t < task.steps; t++) {
      if (done === most) {
        one.held = { t, states: run.statesAt(t) };
        return;
      }
      const scored = batch.filter((row) => row.scored[t]).length;
      run.forward(one.W, t, scored > 0);
      if (!scored) continue;
      run.G.fill(0);
      slopes(one, batch, t, scored);
      run.backward(one.W, t, false);
      update(one);
      done += 1;
    }
    one.finished = true;
  }

  /** Writes the slopes of the mean loss over `scored` steps in the outputs of step t. */
  function slopes(one, batch, t, scored) {
    batch.forEach((row, b) => {
      const at = (t * count + b) * task.outputs;
      run.dO.fill(0, at, at + task.outputs);
      if (!row.scored[t]) return;
      const loss = LOSSES[task.loss](run.O, at, row.targets, t * task.outputs, task.outputs, run.dO, 1 / scored);
      if (!Number.isFinite(loss)) one.diverged = 1;
    });
  }

  function update(one) {
    clip(run.G, settings.clip);
    one.count += 1;
    one.updates += 1;
    optimiser.update(one.W, run.G, one.memories, settings.learning_rate, one.count);
  }

  function judge() {
    if (judged === updates()) return;
    judged = updates();
    for (const [n, one] of all.entries()) {
      if (one.diverged || (keeps && one.solved)) continue;
      const found = evaluate(one.W);
      one.loss = found.loss;
      one.solved = found.right ? 1 : 0;
      if (!(found.loss < DIVERGED * Math.max(1, atStart ? atStart[n] : Infinity))) one.diverged = 1;
    }
  }

  /** Updates of the network that has had most. */
  function updates() {
    return Math.max(...all.map((one) => one.updates));
  }

  /** Losses (nats, or squared units) and verdicts of every network on the given sequences, or on test rows. With `fresh`
   * false those of the last evaluation are given, which costs nothing. */
  function state(fresh = true) {
    if (fresh) judge();
    const solved = Uint8Array.from(all, (one) => one.solved);
    return {
      epoch,
      updates: updates(),
      loss: Float64Array.from(all, (one) => one.loss),
      solved,
      rate: rate(solved.reduce((a, b) => a + b, 0), networks),
      diverged: Uint8Array.from(all, (one) => one.diverged),
    };
  }

  function updatesPerEpoch() {
    if (settings.update !== "step") return perEpoch;
    if (!task.rows) return perEpoch * rowsOf(settings, seed, 1)[0].scored.reduce((a, b) => a + b, 0);
    return task.rows.reduce((sum, row) => sum + row.scored.reduce((a, b) => a + b, 0), 0);
  }

  /** Whether no network would be changed by further training. */
  function finished() {
    return all.every((one) => one.diverged || (keeps && one.solved));
  }

  function weights(n) {
    return weightsOut(layout, all[n].W);
  }

  /** Puts these weights in place of a network's; what its optimiser has stored is forgotten. */
  function load(n, document) {
    weightsIn(layout, all[n].W, document);
    all[n].memories.forEach((array) => array.fill(0));
    Object.assign(all[n], { count: 0, diverged: 0, solved: 0 });
    judged = -1;
    judge();
  }

  /** The norm of d loss / d state, for the loss at the last scored step of the first row: at distance 0 of what the
   * read-out reads there, at distance k of the states after the step k steps before. With an update after every step the
   * gradient ends at distance 0. */
  function gradient_over_distance(n) {
    const row = (task.rows ?? rowsOf(settings, seed, 1))[0];
    const far = settings.memory && settings.update !== "step";
    return gradientsBack(all[n].W, row, machine(layout, 1, task.steps, options), task.loss, far);
  }
}

function gradientsBack(W, row, run, loss, far) {
  const { outputs, units, readout } = run.layout;
  const last = row.scored.lastIndexOf(1);
  const norm = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  run.setRows([row]);
  run.start();
  for (let t = 0; t <= last; t++) run.forward(W, t);
  LOSSES[loss](run.O, last * outputs, row.targets, last * outputs, outputs, run.dO, 1);
  const found = new Float64Array(last + 1);
  const read = new Float64Array(units); // the slope in what the read-out reads
  for (let j = 0; j < outputs; j++) {
    for (let i = 0; i < units; i++) read[i] += W[readout + j * units + i] * run.dO[last * outputs + j];
  }
  found[0] = norm(read);
  for (let t = last; t > 0 && far; t--) {
    run.backward(W, t);
    found[last - t + 1] = norm(run.carried.flat().flatMap((values) => Array.from(values)));
  }
  return found;
}
