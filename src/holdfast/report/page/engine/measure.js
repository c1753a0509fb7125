// What a network answers: its loss, and whether it has solved the task.

const EVALUATED = 64; // test rows of an evaluation
const CONFIRMED = 2560; // test rows that a network has to answer before it counts as solved
const SIDE_BY_SIDE = 64;

/** A function (W) => {loss, right}: the mean loss over rows, and whether the task is solved on all of them. Drawn tasks:
 * `EVALUATED` test rows, and only where these are right `CONFIRMED` other ones. */
function evaluator(settings, task, layout, options) {
  const first = task.rows ?? rowsOf(settings, settings.seed, EVALUATED);
  const machines = new Map(); // by the number of rows
  let others = null;
  return (W) => {
    const found = judge(W, first);
    if (!found.right || task.rows) return found;
    others ??= rowsOf(settings, settings.seed + 1, CONFIRMED);
    return { loss: found.loss, right: judge(W, others).right };
  };

  function judge(W, rows) {
    const total = { loss: 0, scored: 0, right: 0, furthest: 0 };
    for (let at = 0; at < rows.length; at += SIDE_BY_SIDE) judgePart(W, rows.slice(at, at + SIDE_BY_SIDE), total);
    const right = task.tolerance === undefined ? total.right >= task.accuracy * total.scored : total.furthest < task.tolerance;
    return { loss: total.loss / Math.max(1, total.scored), right };
  }

  function judgePart(W, rows, total) {
    if (!machines.has(rows.length)) machines.set(rows.length, machine(layout, rows.length, task.steps, options));
    const run = machines.get(rows.length);
    run.setRows(rows);
    run.start();
    for (let t = 0; t < task.steps; t++) {
      const asked = rows.some((row) => row.scored[t]);
      run.forward(W, t, asked);
      if (asked) rows.forEach((row, b) => row.scored[t] && add(total, run.O, (t * rows.length + b) * task.outputs, row, t));
    }
  }

  function add(total, O, at, row, t) {
    const from = t * task.outputs;
    total.loss += LOSSES[task.loss](O, at, row.targets, from, task.outputs, null, 1);
    total.scored += 1;
    for (let i = 0; i < task.outputs; i++) {
      const error = Math.abs(O[at + i] - row.targets[from + i]);
      if (!(error <= total.furthest)) total.furthest = error;
    }
    if (largest(O, at, task.outputs) === largest(row.targets, from, task.outputs)) total.right += 1;
  }
}

/** The place of the largest of `count` numbers, the first where several are. */
function largest(values, at, count) {
  let place = 0;
  for (let i = 1; i < count; i++) if (values[at + i] > values[at + place]) place = i;
  return place;
}
