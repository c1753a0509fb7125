"""Every cell a second time, from its equations in the literature, on real numbers: an oracle for bounds.

Nothing of the cells' own steps, of their alphabet or of its readings is used; only the layout of weights is shared:
a gate's matrix [source, unit] and bias [unit]. Letters are those of the papers: i, f, o, z, r gates; g, n candidates;
k a layer of units inside the step. ``W`` reads the input, ``U`` the hidden state, ``P`` the cell state, ``V`` k.
States of other axes are vectors too, in row-major order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from holdfast.engine.network import Linear
from tests.oracle import reals
from tests.oracle.reals import (
    Real,
    absolute,
    add,
    cos,
    divide,
    exp,
    logsigmoid,
    maximum,
    multiply,
    negative,
    relu,
    root,
    sigmoid,
    sin,
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
"""By source (x, h, c, k, ...) and gate."""


class Layer:
    """One layer: ``W("forget", x)`` is the forget gate's matrix times x plus its bias, ``U`` likewise of h."""

    def __init__(self, layer: Mapping[str, Linear], heads: int = 1) -> None:
        self.gates: Gates = {(s, gate): gate_of(linear, gate) for s, linear in layer.items() for gate in linear.gates}
        self.heads = heads

    def of(self, number: int) -> Layer:
        """The part of a stack's weights that its cell of this number has, by the names that this cell has for them."""
        end = "" if number == 1 else str(number)
        found = Layer({}, self.heads)
        found.gates = {
            (base_name(s), base_name(gate)): one for (s, gate), one in self.gates.items() if _end(gate) == end
        }
        return found

    def W(self, gate: str, x: Vector) -> Vector:  # noqa: N802 -- the letters of the literature
        return self.gates["x", gate](x)

    def U(self, gate: str, h: Vector) -> Vector:  # noqa: N802
        return self.gates["h", gate](h)

    def P(self, gate: str, c: Vector) -> Vector:  # noqa: N802
        return self.gates["c", gate](c)

    def V(self, gate: str, k: Vector) -> Vector:  # noqa: N802
        return self.gates["k", gate](k)

    def constant(self, gate: str) -> Vector:
        return self.gates["constant", gate]([])


def base_name(name: str) -> str:
    """A name without the number of its cell in a stack."""
    return name.rstrip("23")


def _end(name: str) -> str:
    return name[len(base_name(name)) :]


Equation = Callable[[Layer, Vector, State], tuple[Vector, State]]
"""From weights, what is read and the state before to the output and the state after."""


def gate_of(linear: Linear, gate: str) -> Gate:
    if linear.heads > 1:
        return _gate_of_heads(linear, gate)
    matrix, bias = (None if part is None else np.asarray(part, np.float64) for part in linear.of(gate))
    assert matrix is not None
    units = matrix.shape[1]
    if linear.diagonal:
        matrix = np.diag(matrix[0])
    reads = tuple(
        tuple((j, reals.real(matrix[j, u])) for j in range(len(matrix)) if matrix[j, u] != 0) for u in range(units)
    )
    return Gate(reads, tuple(reals.ZERO if bias is None else reals.real(bias[u]) for u in range(units)))


def _gate_of_heads(linear: Linear, gate: str) -> Gate:
    """Of a map per head: column by column, the sources of the column's own head."""
    matrix = np.asarray(linear.of(gate)[0], np.float64)
    assert linear.bias is None
    (rows, columns), found = matrix.shape, []
    for column in range(columns):
        first = column // (columns // linear.heads) * rows
        found.append(tuple((first + j, reals.real(a)) for j, a in enumerate(matrix[:, column]) if a != 0))
    return Gate(tuple(found), (reals.ZERO,) * columns)


def each(function: Callable[..., Real], *vectors: Vector) -> Vector:
    return [function(*parts) for parts in zip(*vectors, strict=True)]


def sum_of(*vectors: Vector) -> Vector:
    total = vectors[0]
    for vector in vectors[1:]:
        total = each(add, total, vector)
    return total


def _weighted(f: Vector, a: Vector, b: Vector) -> Vector:
    """f a + (1 - f) b."""
    return [add(multiply(p, x), multiply(subtract(reals.ONE, p), y)) for p, x, y in zip(f, a, b, strict=True)]


def product(a: Vector, b: Vector) -> Vector:
    return each(multiply, a, b)


def _open(*parts: Vector) -> Vector:
    return each(sigmoid, sum_of(*parts))


def _squash(*parts: Vector) -> Vector:
    return each(tanh, sum_of(*parts))


def feedforward(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """n = tanh(W x)."""
    return _squash(w.W("candidate", x)), {}


def elman(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = tanh(W x + U h)."""
    h = _squash(w.W("candidate", x), w.U("candidate", s["h"]))
    return h, {"h": h}


def irnn(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = max(W x + U h, 0)."""
    h = each(relu, sum_of(w.W("candidate", x), w.U("candidate", s["h"])))
    return h, {"h": h}


def gru(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """n = tanh(W x + r (U h + b)), h' = z h + (1 - z) n."""
    r, z = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("reset", "update"))
    n = _squash(w.W("candidate", x), product(r, w.U("candidate", s["h"])))
    h = _weighted(z, s["h"], n)
    return h, {"h": h}


def mingru(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = z h + (1 - z) n, z = sigmoid(W x), n = W x."""
    h = _weighted(_open(w.W("update", x)), s["h"], w.W("candidate", x))
    return h, {"h": h}


def minlstm(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = (f h + i n) / (f + i)."""
    f, i = _open(w.W("forget", x)), _open(w.W("input", x))
    total = sum_of(f, i)
    keep, write = each(divide, f, total), each(divide, i, total)
    h = sum_of(product(keep, s["h"]), product(write, w.W("candidate", x)))
    return h, {"h": h}


def lstm(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = o tanh c'."""
    i, f, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget", "output"))
    return _seen(o, sum_of(product(f, s["c"]), product(i, _candidate(w, x, s))))


def coupled(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + (1 - f) g, h' = o tanh c'."""
    f, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("forget", "output"))
    return _seen(o, _weighted(f, s["c"], _candidate(w, x, s)))


def lstm1997(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = c + i g, h' = o tanh c'."""
    i, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "output"))
    return _seen(o, sum_of(s["c"], product(i, _candidate(w, x, s))))


def no_input_gate(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + g, h' = o tanh c'."""
    f, o = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("forget", "output"))
    return _seen(o, sum_of(product(f, s["c"]), _candidate(w, x, s)))


def no_output_gate(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = tanh c'."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget"))
    c = sum_of(product(f, s["c"]), product(i, _candidate(w, x, s)))
    h = _squash(c)
    return h, {"h": h, "c": c}


def masked_output(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = sigmoid(c') tanh(W x + U h)."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget"))
    n = _squash(w.W("hidden", x), w.U("hidden", s["h"]))
    c = sum_of(product(f, s["c"]), product(i, _candidate(w, x, s)))
    h = product(n, _open(c))
    return h, {"h": h, "c": c}


def peephole(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """i and f see c, o sees c'; each unit its own."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"]), w.P(gate, s["c"])) for gate in ("input", "forget"))
    c = sum_of(product(f, s["c"]), product(i, _candidate(w, x, s)))
    return _seen(_open(w.W("output", x), w.U("output", s["h"]), w.P("output", c)), c)


def output_network(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = f c + i g, h' = V k + b, k = tanh(W x + U h + P c')."""
    i, f = (_open(w.W(gate, x), w.U(gate, s["h"])) for gate in ("input", "forget"))
    c = sum_of(product(f, s["c"]), product(i, _candidate(w, x, s)))
    k = _squash(w.W("hidden", x), w.U("hidden", s["h"]), w.P("hidden", c))
    h = w.V("reading", k)
    return h, {"h": h, "c": c}


def one_network(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = V k + b, k = tanh(W x + U h + P c), h' = o tanh c'."""
    return _seen(*_from_inside(w, x, s))


def residual(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """c' = c + V k + b, k = tanh(W x + U h + P c), h' = o tanh c'."""
    o, g = _from_inside(w, x, s)
    return _seen(o, sum_of(s["c"], g))


def _candidate(w: Layer, x: Vector, s: State) -> Vector:
    return _squash(w.W("candidate", x), w.U("candidate", s["h"]))


def _seen(o: Vector, c: Vector) -> tuple[Vector, State]:
    h = product(o, each(tanh, c))
    return h, {"h": h, "c": c}


def _from_inside(w: Layer, x: Vector, s: State) -> tuple[Vector, Vector]:
    k = _squash(w.W("hidden", x), w.U("hidden", s["h"]), w.P("hidden", s["c"]))
    return _open(w.W("output", x), w.U("output", s["h"])), w.V("candidate", k)


def _normalised(w: Layer, x: Vector, s: State, i: Vector, f: Vector) -> tuple[Vector, State]:
    """c' = f c + i g, n' = f n + i, h' = o c' / n'."""
    o = _open(w.W("output", x), w.U("output", s["h"]))
    c, n = sum_of(product(f, s["c"]), product(i, _candidate(w, x, s))), sum_of(product(f, s["n"]), i)
    h = product(o, each(divide, c, n))
    return h, {"h": h, "c": c, "n": n}


def unstabilised(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """i = exp(W x + U h)."""
    i = each(exp, sum_of(w.W("input", x), w.U("input", s["h"])))
    return _normalised(w, x, s, i, _open(w.W("forget", x), w.U("forget", s["h"])))


def stabilised(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """m' = max(log f + m, log i), i = exp(log i - m'), f = exp(log f + m - m')."""
    log_i = sum_of(w.W("input", x), w.U("input", s["h"]))
    log_f = sum_of(each(logsigmoid, sum_of(w.W("forget", x), w.U("forget", s["h"]))), s["m"])
    m = each(maximum, log_f, log_i)
    i, f = each(exp, each(subtract, log_i, m)), each(exp, each(subtract, log_f, m))
    h, after = _normalised(w, x, s, i, f)
    return h, {**after, "m": m}


def quotients(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """h' = max((h / (1/2 + r)) / s, n / (s / (r + s))) - r / s."""
    sums = {gate: sum_of(w.W(gate, x), w.U(gate, s["h"])) for gate in ("rate", "scale", "candidate")}
    r, scale, n = each(softplus, sums["rate"]), each(exp, each(tanh, sums["scale"])), each(tanh, sums["candidate"])
    half = [reals.real(0.5)] * len(r)
    kept = each(divide, each(divide, s["h"], each(add, half, r)), scale)
    new = each(divide, n, each(divide, scale, each(add, r, scale)))
    h = each(subtract, each(maximum, kept, new), each(divide, r, scale))
    return h, {"h": h}


def mlstm(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """A head: m' = max(log f + m, log i), C' = f C + i v k^T, n' = f n + i k, h = o C' q / max(|n' q|, e^-m')."""
    part = len(s["n"]) // w.heads
    q, v, o = (w.W(gate, x) for gate in ("query", "value", "output"))
    shrunk = [divide(reals.ONE, root(reals.real(part)))] * len(q)
    k, log_i = product(w.W("key", x), shrunk), w.W("input", x)
    log_f = sum_of(each(logsigmoid, w.W("forget", x)), s["m"])
    m = each(maximum, log_f, log_i)
    f, i = each(exp, each(subtract, log_f, m)), each(exp, each(subtract, log_i, m))
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


def lru(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """A complex state times r exp(i t), plus g (W x): y = A re' + B im' + W x."""
    r, t, g = (w.constant(gate) for gate in ("radius", "angle", "scale"))
    r, t, g = each(exp, each(negative, each(exp, r))), each(exp, t), each(exp, g)
    written = [product(g, w.W(gate, x)) for gate in ("real", "imaginary")]
    re, im = _turned(product(r, each(cos, t)), product(r, each(sin, t)), s["re"], s["im"])
    re, im = sum_of(re, written[0]), sum_of(im, written[1])
    y = sum_of(w.W("output", x), w.gates["re", "output"](re), w.gates["im", "output"](im))
    return y, {"re": re, "im": im}


def s5(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """A complex state times L = exp(d l), plus (L - 1) / l (W x): y = A re' + B im' + W x."""
    e, f, d = each(negative, each(exp, w.constant("decay"))), w.constant("frequency"), each(exp, w.constant("step"))
    size, angle = each(exp, product(d, e)), product(d, f)
    p, q = product(size, each(cos, angle)), product(size, each(sin, angle))
    ones, squares = [reals.ONE] * len(p), sum_of(product(e, e), each(absolute, product(f, f)))
    over = [each(divide, part, squares) for part in (e, each(negative, f))]
    held = _turned(each(subtract, p, ones), q, over[0], over[1])
    written = _turned(*held, w.W("real", x), w.W("imaginary", x))
    re, im = (sum_of(kept, new) for kept, new in zip(_turned(p, q, s["re"], s["im"]), written, strict=True))
    y = sum_of(w.W("output", x), w.gates["re", "output"](re), w.gates["im", "output"](im))
    return y, {"re": re, "im": im}


def rglru(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    """a = exp(-8 r softplus(p)), h' = a h + sqrt(1 - a^2) i u."""
    rate = product(_open(w.W("recurrence", x)), each(softplus, w.constant("decay")))
    a = each(exp, each(negative, product([reals.real(8.0)] * len(rate), rate)))
    written = product(_open(w.W("input", x)), w.W("value", x))
    h = sum_of(product(a, s["h"]), product(each(reals.root_of_rest, a), written))
    return h, {"h": h}


def mamba(w: Layer, x: Vector, s: State, negative_too: bool = False) -> tuple[Vector, State]:
    """Of a unit: h' = exp(d A) h + d u B, or 2 exp(d A) - 1 in place of exp(d A); y = C h' + D u."""
    d, u = each(softplus, w.W("step", x)), w.W("value", x)
    write, read, rates = w.W("input", x), w.W("output", x), each(exp, w.constant("decay"))
    after, y = [], []
    for unit, skip in enumerate(w.constant("skip")):
        mine = range(unit * len(write), (unit + 1) * len(write))
        kept = [exp(negative(multiply(d[unit], rates[place]))) for place in mine]
        if negative_too:
            kept = [subtract(add(a, a), reals.ONE) for a in kept]
        new = [multiply(multiply(d[unit], u[unit]), b) for b in write]
        after += sum_of(product(kept, [s["h"][place] for place in mine]), new)
        y.append(add(_dot(read, after, mine), multiply(skip, u[unit])))
    return y, {"h": after}


def mamba_negative(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    return mamba(w, x, s, negative_too=True)


def _turned(p: Vector, q: Vector, re: Vector, im: Vector) -> tuple[Vector, Vector]:
    """(p + iq) (re + i im)."""
    return each(subtract, product(p, re), product(q, im)), sum_of(product(q, re), product(p, im))


def _dot(a: Vector, b: Vector, places: range) -> Real:
    """Of a vector and of these places of another."""
    total = reals.ZERO
    for x, place in zip(a, places, strict=True):
        total = add(total, multiply(x, b[place]))
    return total


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
    "lru": (lru, ("re", "im")),
    "mamba": (mamba, ("h",)),
    "mamba_negative": (mamba_negative, ("h",)),
    "rglru": (rglru, ("h",)),
    "s5": (s5, ("re", "im")),
    "slstm": (stabilised, ("h", "c", "n", "m")),
}
"""The equation of every cell and the names of its states, in the order in which a proof lists them."""
EXPONENTIAL: dict[str, tuple[Equation, tuple[str, ...]]] = {
    "unstabilised": (unstabilised, ("h", "c", "n")),
    "stabilised": (stabilised, ("h", "c", "n", "m")),
    "quotients": (quotients, ("h",)),
}
"""The same of the cells in ``tests/exponential``."""
