// Where the memory is: what exchanging the states of a unit between two sequences does to the answer.

/** For every unit: the share of the change of the answer that exchanging its states (of all layers) just before `step`
 * (from 0) brings about, of what exchanging all states does. `rows` are two rows as of `rowsOf`; the answer is that of the
 * first at its last scored step, and its change the distance of the outputs. Zeros where exchanging all does nothing. */
function exchange(given, weights, rows, step) {
  const settings = withDefaults(given);
  const task = taskOf(settings);
  const last = rows[0].scored.lastIndexOf(1);
  const upTo = (row) => read(settings, weights, row.inputs, step).end;
  const [own, other] = rows.map(upTo);
  const after = (start) => {
    const inputs = rows[0].inputs.subarray(step * task.inputs);
    const { outputs } = read(settings, weights, inputs, last + 1 - step, { start, first: step });
    return outputs.subarray((last - step) * task.outputs);
  };
  const before = after(own);
  const moved = (start) => Math.sqrt(after(start).reduce((sum, x, i) => sum + (x - before[i]) ** 2, 0));
  const whole = moved(other);
  const units = settings.units;
  return Float64Array.from({ length: units }, (_, unit) => (whole ? moved(exchanged(own, other, unit, units)) / whole : 0));
}

/** The states `own` with those of one unit from `other`: of a state with several numbers for each unit all of them. */
function exchanged(own, other, unit, units) {
  return own.map((layer, depth) =>
    layer.map((values, k) => {
      const mixed = values.slice();
      const each = values.length / units;
      const [from, to] = [Math.floor(unit * each), Math.ceil((unit + 1) * each)];
      mixed.set(other[depth][k].subarray(from, to), from);
      return mixed;
    }),
  );
}
