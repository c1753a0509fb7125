// The step of one unit as a formula of its gates and states: with letters, with the numbers of a step, and as a diagram.

/** The names of nodes, for those that have one: a letter for a gate, a letter with a prime for a state after the step. */
function nodeNames(network) {
  const names = new Map();
  const { gates, after } = network.program;
  gates.forEach((ref, n) => names.set(ref, { text: network.letters[network.gates[n]] || network.gates[n], kind: "gate", name: network.gates[n], shade: gateColour(network, network.gates[n]) }));
  after.forEach((ref, n) => {
    if (!names.has(ref)) names.set(ref, { text: `${network.states[n]}′`, kind: "after", name: network.states[n] });
  });
  network.states.forEach((state, n) => names.set(-2 - n, { text: state, kind: "before", name: state }));
  return names;
}

/** Whether a node is a gate with values from 0 to 1. */
function isOpening(network, ref) {
  if (ref < 0 || network.program.nodes[ref].word === "linear") return false;
  const { limits } = network.words[network.program.nodes[ref].word];
  return limits !== null && limits[0] === 0 && limits[1] === 1;
}

/** The values of this unit at a step: `value(ref)` for every node that gates and states determine, NaN for others. */
function unitValues(model) {
  const { network } = model.page;
  const { trace, layer, unit, step } = model.now;
  const names = nodeNames(network);
  const width = model.units.length;
  const at = (table, t) => (t < 0 ? 0 : table[t * width + unit]);
  return function value(ref) {
    const named = names.get(ref);
    const { gates, states } = trace.layers[layer];
    if (named && named.kind === "gate") return at(gates[named.name], step);
    if (named && named.kind === "after") return at(states[named.name], step);
    if (named) return at(states[named.name], step - 1);
    const node = ref >= 0 ? network.program.nodes[ref] : null;
    return node && SCALARS[node.word] ? SCALARS[node.word](node.of.map(value)) : NaN;
  };
}

/** A state's formula as text. `spell(ref, named, level)` writes a named value: level -1 is alone in brackets, 0 in a sum,
 * 1 in a product. */
function written(network, names, ref, spell, top = true, level = 0) {
  const named = names.get(ref);
  if (named && (!top || named.kind === "gate")) return spell(ref, named, level);
  const node = ref >= 0 ? network.program.nodes[ref] : null;
  if (!node || node.word === "linear") return named ? spell(ref, named, level) : "(a weighted sum)";
  const sub = (r, l) => written(network, names, r, spell, false, l);
  const { text, level: own, arity } = network.words[node.word];
  const inside = own === LEVELS.atom ? -1 : LEVELS.sum; // between brackets, or beside a sign
  const filled = (operands) => pretty(text).replace(/\{(\d)(?::(\w+))?\}/g, (_, n, needed) => operands[n](needed ? LEVELS[needed] : inside));
  const operands = node.of.map((r) => (l) => sub(r, l));
  const whole = arity === null ? operands.reduce((done, next) => ((sum) => () => sum)(filled([done, next]))) : () => filled(operands);
  return level > own ? `(${whole(inside)})` : whole(inside);
}

const LEVELS = { sum: 0, product: 1, atom: 2 };

/** A formula's text with typographic signs. */
function pretty(text) {
  return text.replaceAll("sigmoid", "σ").replaceAll(" * ", " · ").replaceAll(" - ", ` ${MINUS} `);
}

/** The diagram of a state's formula: a tree of {kind, ref, ...}, in which a gate is a valve on the pipe of its operand. */
function piping(network, names, ref, top = true) {
  const named = names.get(ref);
  const node = ref >= 0 ? network.program.nodes[ref] : null;
  if ((named && (!top || named.kind === "gate")) || !node || node.word === "linear") return { kind: "leaf", ref };
  const isValve = (r) => names.get(r)?.kind === "gate" && isOpening(network, r);
  const sub = (r) => piping(network, names, r, false);
  switch (node.word) {
    case "multiply": {
      const gate = node.of.find(isValve);
      if (gate === undefined) return { kind: "join", ref, sign: "×", parts: node.of.map(sub) };
      return { kind: "valve", ref, gate, flipped: false, part: sub(node.of.find((r, n) => n !== node.of.indexOf(gate))) };
    }
    case "mix": {
      const [keep, kept, fresh] = node.of;
      const half = (part, flipped) => ({ kind: "valve", ref: null, gate: keep, flipped, part: sub(part) });
      return { kind: "join", ref, sign: "+", parts: [half(kept, false), half(fresh, true)] };
    }
    case "add":
      return { kind: "join", ref, sign: "+", parts: node.of.map(sub) };
    default:
      if (node.of.length > 1) return { kind: "leaf", ref };
      return { kind: "box", ref, word: { sigmoid: "σ" }[node.word] || node.word, part: sub(node.of[0]) };
  }
}
