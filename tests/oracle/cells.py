"""Every cell a second time, from its equations in the literature, on real numbers: an oracle for bounds.

Nothing of the cells' own steps, of their alphabet or of its readings is used; only the layout of weights is shared:
a gate's matrix [source, unit] and bias [unit]. Letters are those of the papers: i, f, o, z, r gates; g, n candidates;
k a layer of units inside the step. ``W`` reads the input, ``U`` the hidden state, ``P`` the cell state, ``V`` k.
States of other axes are vectors too, in row-major order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from holdfast.engine.network import Linear, Network
from tests.oracle import reals
from tests.oracle.reals import (
    Real,
    absolute,
    add,
    divide,
    exp,
    logsigmoid,
    maximum,
    multiply,
    negative,
    relu,
    root,
    sigmoid,
    softplus,
    subtract,
    tanh,
)

Vector = list[Real]
State = dict[str, Vector]


@dataclass(frozen=True)
class Gate:
    """For every unit the sources it reads with weights that are not 0, [(source, weight)], and its bias."""

    reads: tuple[tuple[tuple[int, Real], ...], ...]
    bias: tuple[Real, ...]

    def __call__(self, source: Vector) -> Vector:
        found = []
        for reads, total in zip(self.reads, self.bias, strict=True):
            for j, weight in reads:
                total = add(total, multiply(weight, source[j]))
            found.append(total)
        return found


Gates = Mapping[tuple[str, str], Gate]
"""By source (x, h, c, k) and gate."""


class Layer:
    """One layer: ``W("forget", x)`` is the forget gate's matrix times x plus its bias, ``U`` likewise of h."""

    def __init__(self, layer: Mapping[str, Linear], heads: int = 1) -> None:
        self.gates: Gates = {(s, gate): _gate(linear, gate) for s, linear in layer.items() for gate in linear.gates}
        self.heads = heads

    def of(self, number: int) -> Layer:
        """The part of a stack's weights that its cell of this number has, by the names that this cell has for them."""
        end = "" if number == 1 else str(number)
        found = Layer({}, self.heads)
        found.gates = {(_base(s), _base(gate)): one for (s, gate), one in self.gates.items() if _end(gate) == end}
        return found

    def W(self, gate: str, x: Vector) -> Vector:  # noqa: N802 -- the letters of the literature
        return self.gates["x", gate](x)

    def U(self, gate: str, h: Vector) -> Vector:  # noqa: N802
        return self.gates["h", gate](h)

    def P(self, gate: str, c: Vector) -> Vector:  # noqa: N802
        return self.gates["c", gate](c)

    def V(self, gate: str, k: Vector) -> Vector:  # noqa: N802
        return self.gates["k", gate](k)


def _base(name: str) -> str:
    """A name without the number of its cell in a stack."""
    return name.rstrip("23")


def _end(name: str) -> str:
    return name[len(_base(name)) :]


Equation = Callable[[Layer, Vector, State], tuple[Vector, State]]
"""From weights, what is read and the state before to the output and the state after."""


class Oracle:
    """A whole network. ``step`` gives the next state of every layer and the outputs."""

    def __init__(self, network: Network) -> None:
        self.equation, self.states = equation_of(network.cell_name)
        self.layers = [Layer(layer, network.heads) for layer in network.layers]
        *hidden, last = [_gate(linear, linear.gates[0]) for linear in network.readout_maps]
        self.hidden, self.readout = hidden, last
        below = network.embedding
        self.embedding = None if below is None else _gate(below, below.gates[0])
        part = network.units // network.heads
        of_heads = "C" in map(_base, self.states)
        self.sizes = {"C": network.units * part} | ({"m": network.heads} if of_heads else {})
        self.units = network.units

    def start(self) -> list[State]:
        return [
            {name: [reals.ZERO] * self.sizes.get(_base(name), self.units) for name in self.states} for _ in self.layers
        ]

    def step(self, before: Sequence[State], inputs: Sequence[float]) -> tuple[list[State], Vector]:
        x, after = [reals.real(value) for value in inputs], []
        if self.embedding is not None:
            x = self.embedding(x)
        for layer, state in zip(self.layers, before, strict=True):
            x, new = self.equation(layer, x, state)
            after.append(new)
        for hidden in self.hidden:
            x = _each(relu, hidden(x))
        return after, self.readout(x)


def _gate(linear: Linear, gate: str) -> Gate:
    matrix, bias = (None if part is None else np.asarray(part, np.float64) for part in linear.of(gate))
    assert matrix is not None
    units = matrix.shape[1]
    if linear.diagonal:
        matrix = np.diag(matrix[0])
    reads = tuple(
        tuple((j, reals.real(matrix[j, u])) for j in range(len(matrix)) if matrix[j, u] != 0) for u in range(units)
    )
    return Gate(reads, tuple(reals.ZERO if bias is None else reals.real(bias[u]) for u in range(units)))


def _each(function: Callable[..., Real], *vectors: Vector) -> Vector:
    return [function(*parts) for parts in zip(*vectors, strict=True)]


def _sum(*vectors: Vector) -> Vector:
    total = vectors[0]
    for vector in vectors[1:]:
        total = _each(add, total, vector)
    return total


def _weighted(f: Vector, a: Vector, b: Vector) -> Vector:
    """f a + (1 - f) b."""
    return [add(multiply(p, x), multiply(subtract(reals.ONE, p), y)) for p, x, y in zip(f, a, b, strict=True)]


def _product(a: Vector, b: Vector) -> Vector:
    return _each(multiply, a, b)


def _open(*parts: Vector) -> Vector:
    return _each(sigmoid, _sum(*parts))


def _squash(*parts: Vector) -> Vector:
    return _each(tanh, _sum(*parts))


def feedforward(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """n = tanh(W x)."""
    return _squash(w.W("candidate", x)), {}


def elman(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = tanh(W x + U h)."""
    h = _squash(w.W("candidate", x), w.U("candidate", s["h"]))
    return h, {"h": h}


def irnn(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = max(W x + U h, 0)."""
    h = _each(relu, _sum(w.W("candidate", x), w.U("candidate", s["h"])))
    return h, {"h": h}


def gru(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """n = tanh(W x + r (U h + b)), h' = z h + (1 - z) n."""
    r, z = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("reset", "update"))
    n = _squash(w.W("candidate", x), _product(r, w.U("candidate", s["h"])))
    h = _weighted(z, s["h"], n)
    return h, {"h": h}


def mingru(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = z h + (1 - z) n, z = sigmoid(W x), n = W x."""
    h = _weighted(_open(w.W("update", x)), s["h"], w.W("candidate", x))
    return h, {"h": h}


def minlstm(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = (f h + i n) / (f + i)."""
    f, i = _open(w.W("forget", x)), _open(w.W("input", x))
    total = _sum(f, i)
    keep, write = _each(divide, f, total), _each(divide, i, total)
    h = _sum(_product(keep, s["h"]), _product(write, w.W("candidate", x)))
    return h, {"h": h}


def lstm(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = o tanh c'."""
    i, f, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget", "output"))
    return _seen(o, _sum(_product(f, s["c"]), _product(i, _candidate(w, x, s))))


def coupled(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + (1 - f) g, h' = o tanh c'."""
    f, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("forget", "output"))
    return _seen(o, _weighted(f, s["c"], _candidate(w, x, s)))


def lstm1997(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = c + i g, h' = o tanh c'."""
    i, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "output"))
    return _seen(o, _sum(s["c"], _product(i, _candidate(w, x, s))))


def no_input_gate(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + g, h' = o tanh c'."""
    f, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("forget", "output"))
    return _seen(o, _sum(_product(f, s["c"]), _candidate(w, x, s)))


def no_output_gate(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = tanh c'."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget"))
    c = _sum(_product(f, s["c"]), _product(i, _candidate(w, x, s)))
    h = _squash(c)
    return h, {"h": h, "c": c}


def masked_output(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = sigmoid(c') tanh(W x + U h)."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget"))
    n = _squash(w.W("hidden", x), w.U("hidden", s["h"]))
    c = _sum(_product(f, s["c"]), _product(i, _candidate(w, x, s)))
    h = _product(n, _open(c))
    return h, {"h": h, "c": c}


def peephole(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """i and f see c, o sees c'; each unit its own."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"]), w.P(gate, s["c"])) for gate in ("input", "forget"))
    c = _sum(_product(f, s["c"]), _product(i, _candidate(w, x, s)))
    return _seen(_open(w.W("output", x), w.U("output", s["h"]), w.P("output", c)), c)


def output_network(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = V k + b, k = tanh(W x + U h + P c')."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget"))
    c = _sum(_product(f, s["c"]), _product(i, _candidate(w, x, s)))
    k = _squash(w.W("hidden", x), w.U("hidden", s["h"]), w.P("hidden", c))
    h = w.V("reading", k)
    return h, {"h": h, "c": c}


def one_network(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = V k + b, k = tanh(W x + U h + P c), h' = o tanh c'."""
    return _seen(*_from_inside(w, x, s))


def residual(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = c + V k + b, k = tanh(W x + U h + P c), h' = o tanh c'."""
    o, g = _from_inside(w, x, s)
    return _seen(o, _sum(s["c"], g))


def _candidate(w: Layer, x: Vector, s: State) -> Vector:
    return _squash(w.W("candidate", x), w.U("candidate", s["h"]))


def _seen(o: Vector, c: Vector) -> tuple[Vector, State]:
    h = _product(o, _each(tanh, c))
    return h, {"h": h, "c": c}


def _from_inside(w: Layer, x: Vector, s: State) -> tuple[Vector, Vector]:
    k = _squash(w.W("hidden", x), w.U("hidden", s["h"]), w.P("hidden", s["c"]))
    return _open(w.W("output", x), w.U("output", s["h"])), w.V("candidate", k)


def _normalised(w: Layer, x: Vector, s: State, i: Vector, f: Vector) -> tuple[Vector, State]:
    """c' = f c + i g, n' = f n + i, h' = o c' / n'."""
    o = _open(w.W("output", x), w.U("output", s["h"]))
    c, n = _sum(_product(f, s["c"]), _product(i, _candidate(w, x, s))), _sum(_product(f, s["n"]), i)
    h = _product(o, _each(divide, c, n))
    return h, {"h": h, "c": c, "n": n}


def slstm(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """i = exp(W x + U h)."""
    i = _each(exp, _sum(w.W("input", x), w.U("input", s["h"])))
    return _normalised(w, x, s, i, _open(w.W("forget", x), w.U("forget", s["h"])))


def stabilised(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """m' = max(log f + m, log i), i = exp(log i - m'), f = exp(log f + m - m')."""
    log_i = _sum(w.W("input", x), w.U("input", s["h"]))
    log_f = _sum(_each(logsigmoid, _sum(w.W("forget", x), w.U("forget", s["h"]))), s["m"])
    m = _each(maximum, log_f, log_i)
    i, f = _each(exp, _each(subtract, log_i, m)), _each(exp, _each(subtract, log_f, m))
    h, after = _normalised(w, x, s, i, f)
    return h, {**after, "m": m}


def quotients(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = max((h / (1/2 + r)) / s, n / (s / (r + s))) - r / s."""
    sums = {gate: _sum(w.W(gate, x), w.U(gate, s["h"])) for gate in ("rate", "scale", "candidate")}
    r, scale, n = _each(softplus, sums["rate"]), _each(exp, _each(tanh, sums["scale"])), _each(tanh, sums["candidate"])
    half = [reals.real(0.5)] * len(r)
    kept = _each(divide, _each(divide, s["h"], _each(add, half, r)), scale)
    new = _each(divide, n, _each(divide, scale, _each(add, r, scale)))
    h = _each(subtract, _each(maximum, kept, new), _each(divide, r, scale))
    return h, {"h": h}


def mlstm(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """A head: m' = max(log f + m, log i), C' = f C + i v k^T, n' = f n + i k, h = o C' q / max(|n' q|, e^-m')."""
    part = len(s["n"]) // w.heads
    q, v, o = (w.W(gate, x) for gate in ("query", "value", "output"))
    shrunk = [divide(reals.ONE, root(reals.real(part)))] * len(q)
    k, log_i = _product(w.W("key", x), shrunk), w.W("input", x)
    log_f = _sum(_each(logsigmoid, w.W("forget", x)), s["m"])
    m = _each(maximum, log_f, log_i)
    f, i = _each(exp, _each(subtract, log_f, m)), _each(exp, _each(subtract, log_i, m))
    memory, n, h = [], [], []
    for head in range(w.heads):
        mine = range(head * part, (head + 1) * part)
        n += [add(multiply(f[head], s["n"][b]), multiply(i[head], k[b])) for b in mine]
        size = maximum(absolute(_dot(n[head * part :], q, mine)), exp(negative(m[head])))
        for a in mine:
            row = [
                add(multiply(f[head], s["C"][a * part + b - head * part]), multiply(i[head], multiply(v[a], k[b])))
                for b in mine
            ]
            h.append(multiply(sigmoid(o[a]), divide(_dot(row, q, mine), size)))
            memory += row
    return h, {"C": memory, "n": n, "m": m}


def _dot(a: Vector, b: Vector, places: range) -> Real:
    """Of a vector and of these places of another."""
    total = reals.ZERO
    for x, place in zip(a, places, strict=True):
        total = add(total, multiply(x, b[place]))
    return total


def _normal(x: Vector) -> Vector:
    """x / sqrt(mean(x^2) + 1e-6)."""
    squares = reals.ZERO
    for one in x:
        squares = add(squares, multiply(absolute(one), absolute(one)))
    size = root(add(divide(squares, reals.real(len(x))), reals.real(1e-6)))
    return [divide(one, size) for one in x]


def prenorm(inner: Equation) -> Equation:
    """y = x + A cell(s normal(x)), z = y + B relu(D (t normal(y)) + d) + b."""

    def block(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
        learned = {gate: list(w.gates["constant", gate].bias) for gate in ("scale", "scale_above")}
        read, after = inner(w, _product(learned["scale"], _normal(x)), s)
        y = _sum(x, w.gates["read", "projection"](read))
        hidden = w.gates["normalised", "expansion"](_product(learned["scale_above"], _normal(y)))
        return _sum(y, w.gates["expansion", "contraction"](_each(relu, hidden))), after

    return block


def mlp(inner: Equation) -> Equation:
    """y = B relu(D r + d) + b, r = cell(x)."""

    def block(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
        read, after = inner(w, x, s)
        return w.gates["mlp_hidden", "mlp_output"](_each(relu, w.gates["cell_output", "mlp_hidden"](read))), after

    return block


def stack(parts: Sequence[tuple[Equation, tuple[str, ...]]]) -> tuple[Equation, tuple[str, ...]]:
    """Each reads the output of the one before; states and weights of the second end in 2, of the third in 3."""
    ends = ["" if number == 1 else str(number) for number in range(1, len(parts) + 1)]

    def whole(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
        after: State = {}
        for number, (end, (equation, states)) in enumerate(zip(ends, parts, strict=True), 1):
            x, new = equation(w.of(number), x, {name: s[name + end] for name in states})
            after |= {name + end: value for name, value in new.items()}
        return x, after

    return whole, tuple(name + end for end, (_, states) in zip(ends, parts, strict=True) for name in states)


def equation_of(name: str) -> tuple[Equation, tuple[str, ...]]:
    """The equation of a cell, of a cell inside a block, or of a stack of these, and the names of its states."""
    if "(" not in name:
        return {**CELLS, **EXPONENTIAL}[name]
    block, inside = name.removesuffix(")").split("(", 1)
    if block == "stack":  # of cells, each perhaps in blocks of one cell
        return stack([equation_of(one) for one in inside.split(",")])
    equation, states = equation_of(inside)
    return BLOCKS[block](equation), states


CELLS: dict[str, tuple[Equation, tuple[str, ...]]] = {
    "feedforward": (feedforward, ()),
    "elman": (elman, ("h",)),
    "irnn": (irnn, ("h",)),
    "gru": (gru, ("h",)),
    "mingru": (mingru, ("h",)),
    "minlstm": (minlstm, ("h",)),
    "lstm": (lstm, ("h", "c")),
    "coupled": (coupled, ("h", "c")),
    "lstm1997": (lstm1997, ("h", "c")),
    "no_input_gate": (no_input_gate, ("h", "c")),
    "no_output_gate": (no_output_gate, ("h", "c")),
    "masked_output": (masked_output, ("h", "c")),
    "peephole": (peephole, ("h", "c")),
    "output_network": (output_network, ("h", "c")),
    "one_network": (one_network, ("h", "c")),
    "residual": (residual, ("h", "c")),
    "mlstm": (mlstm, ("C", "n", "m")),
}
"""The equation of every cell and the names of its states, in the order in which a proof lists them."""
EXPONENTIAL: dict[str, tuple[Equation, tuple[str, ...]]] = {
    "slstm": (slstm, ("h", "c", "n")),
    "stabilised": (stabilised, ("h", "c", "n", "m")),
    "quotients": (quotients, ("h",)),
}
"""The same of the cells in ``tests/exponential``."""
BLOCKS: dict[str, Callable[[Equation], Equation]] = {"prenorm": prenorm, "mlp": mlp}
WRAPPED = (
    "prenorm(lstm)",
    "prenorm(mlstm)",
    "mlp(gru)",
    "stack(lstm,gru)",
    "stack(gru,mlstm)",
    "stack(prenorm(gru),lstm)",
)
"""Cells inside blocks with which bounds are met."""
