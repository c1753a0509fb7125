// The right answers for rows that a user enters: the task as an automaton, whose paths are all rows of the task.

const CLOSE = 1e-6;

/** {follow(inputs, steps), walk(longest, random)} of a scenario, as `core/scenario.py` describes it. */
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
      const x = inputs.subarray(t * size, (t + 1) * size);
      const next = [];
      for (const { node, bound } of here) {
        for (const edge of leaving.get(node) || []) {
          if (!edge.boxes.some((box) => inside(x, box))) continue;
          const known = edge.remember ? { ...bound, [edge.remember[1]]: x[edge.remember[0]] } : bound;
          next.push({ node: edge.to, bound: known });
        }
      }
      here = next.length > 1 ? distinct(next) : next;
      told.push({ asked: answer(here), allowed: here.length > 0 });
    }
    return told;
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
    const stay = [0.5, 0.9, 0.98, 0.995][Math.floor(random() * 4)];
    const numbers = [];
    let node = scenario.start;
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
        const share = random() < 0.4 ? Math.round(random()) : random();
        numbers.push(least + share * (high[n] - least));
      });
      node = edge.to;
    }
    return { inputs: Float64Array.from(numbers), steps };
  }

  return { follow, walk, size };
}

/** Merges paths that are at the same node and remember the same values. */
function distinct(paths) {
  return [...new Map(paths.map((path) => [`${path.node} ${JSON.stringify(path.bound)}`, path])).values()];
}

function inside(x, [low, high]) {
  for (let n = 0; n < x.length; n++) if (!(x[n] >= low[n] - CLOSE && x[n] <= high[n] + CLOSE)) return false;
  return true;
}
