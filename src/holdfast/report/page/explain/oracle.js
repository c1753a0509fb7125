// The right answers for rows that a user enters: the task as an automaton, whose paths are all rows of the task.

const CLOSE = 1e-6;

/** {follow(inputs, steps), walk(longest, random), further(inputs, steps, more, random)} of a scenario, as `core/scenario.py` describes it. */
function oracle(scenario) {
  const size = scenario.features.length;
  const leaving = new Map();
  for (const edge of scenario.edges) leaving.set(edge.from, [...(leaving.get(edge.from) || []), edge]);

  /** For every step {asked: [number or null per output] | {class}, or null; allowed: whether a row may begin this way}. */
  function follow(inputs, steps, present = null) {
    let here = [{ node: scenario.start, bound: {} }];
    const told = [];
    for (let t = 0; t < steps; t++) {
      if (present && !present[t]) {
        told.push({ asked: null, allowed: true });
        continue;
      }
      here = reached(here, inputs.subarray(t * size, (t + 1) * size));
      told.push({ asked: answer(here), allowed: here.length > 0 });
    }
    return told;
  }

  /** All paths that are possible after one more input. */
  function reached(here, x) {
    const next = [];
    for (const { node, bound } of here) {
      for (const edge of leaving.get(node) || []) {
        if (!edge.boxes.some((box) => inside(x, box))) continue;
        const known = edge.remember ? { ...bound, [edge.remember[1]]: x[edge.remember[0]] } : bound;
        next.push({ node: edge.to, bound: known });
      }
    }
    return next.length > 1 ? distinct(next) : next;
  }

  /** The right answer if all of these paths are possible: what one path leaves open, another may determine. */
  function answer(here) {
    let asked = null;
    for (const { node, bound } of here) {
      const right = scenario.answers[node];
      if (!right) continue;
      if (right.class !== undefined) return { class: right.class };
      asked = asked || right.values.map(() => null);
      right.values.forEach((value, n) => {
        if (value) asked[n] = Object.entries(value.names).reduce((sum, [name, factor]) => sum + factor * bound[name], value.constant);
      });
    }
    return asked;
  }

  /** A random row of at most `longest` steps along some path: {inputs, steps}. Numbers are often at the ends of ranges. */
  function walk(longest, random = Math.random) {
    return walkFrom(scenario.start, longest, random, 0.4);
  }

  /** Random inputs with which a row of so many steps may go on, for at most `more` steps: fewer, or none, where the task ends. */
  function further(inputs, steps, more, random = Math.random) {
    let here = [{ node: scenario.start, bound: {} }];
    for (let t = 0; t < steps; t++) here = reached(here, inputs.subarray(t * size, (t + 1) * size));
    const open = here.filter(({ node }) => leaving.has(node));
    return open.length ? walkFrom(open[0].node, more, random, 0).inputs : new Float64Array(0);
  }

  function walkFrom(start, longest, random, atEnds) {
    const stay = [0.5, 0.9, 0.98, 0.995][Math.floor(random() * 4)];
    const numbers = [];
    let node = start;
    let steps = 0;
    for (; steps < longest; steps++) {
      const edges = leaving.get(node) || [];
      if (!edges.length) break;
      const loops = edges.filter((edge) => edge.to === node);
      const ways = edges.filter((edge) => edge.to !== node);
      const among = loops.length && (!ways.length || random() < stay) ? loops : ways;
      const edge = among[Math.floor(random() * among.length)];
      const [low, high] = edge.boxes[Math.floor(random() * edge.boxes.length)];
      low.forEach((least, n) => {
        const share = random() < atEnds ? Math.round(random()) : random();
        numbers.push(least + share * (high[n] - least));
      });
      node = edge.to;
    }
    return { inputs: Float64Array.from(numbers), steps };
  }

  return { follow, walk, further, size };
}

/** Merges paths that are at the same node and remember the same values. */
function distinct(paths) {
  return [...new Map(paths.map((path) => [`${path.node} ${JSON.stringify(path.bound)}`, path])).values()];
}

function inside(x, [low, high]) {
  for (let n = 0; n < x.length; n++) if (!(x[n] >= low[n] - CLOSE && x[n] <= high[n] + CLOSE)) return false;
  return true;
}
