"""The cells with a matrix memory on real numbers, as ``cells.py`` has the others: an oracle for bounds.

A memory is a list of rows [head * value][key] while a step works on it, and in the state in row-major order.
"""

from __future__ import annotations

from tests.oracle import reals
from tests.oracle.cells import Equation, Layer, State, Vector, each, product
from tests.oracle.reals import (
    ONE,
    Real,
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
    subtract,
)

Rows = list[Vector]
SIXTEENTH = reals.real(1 / 16)
RATE = exp(reals.real(-0.5))
TINY = reals.real(1e-12)


def dot(a: Vector, b: Vector) -> Real:
    total = reals.ZERO
    for x, y in zip(a, b, strict=True):
        total = add(total, multiply(x, y))
    return total


class Heads:
    """Vectors of all heads, of which ``size`` components belong to each."""

    def __init__(self, w: Layer, units: int) -> None:
        self.size = units // w.heads
        self.count = w.heads

    def of(self, vector: Vector, head: int) -> Vector:
        return vector[head * self.size : (head + 1) * self.size]

    def rows(self, memory: Vector) -> Rows:
        return [memory[first : first + self.size] for first in range(0, len(memory), self.size)]

    def along_rows(self, vector: Vector) -> list[Vector]:
        """The vector of the head to which each row belongs."""
        return [self.of(vector, head) for head in range(self.count) for _ in range(self.size)]

    def for_rows(self, numbers: Vector) -> Vector:
        """The number of the head to which each row belongs."""
        return [number for number in numbers for _ in range(self.size)]

    def unit(self, vector: Vector) -> Vector:
        """Each head's part divided by its length, or by 1e-12 where that is larger."""
        found: Vector = []
        for head in range(self.count):
            part = self.of(vector, head)
            size = root(maximum(dot(part, part), multiply(TINY, TINY)))
            found += [divide(one, size) for one in part]
        return found

    def shrunk(self, vector: Vector) -> Vector:
        return product(vector, [divide(ONE, root(reals.real(self.size)))] * len(vector))

    def added(self, rows: Rows, value: Vector, key: Vector) -> Rows:
        keys = self.along_rows(key)
        return [
            [add(x, multiply(v, k)) for x, k in zip(row, keys[n], strict=True)]
            for n, (row, v) in enumerate(zip(rows, value, strict=True))
        ]

    def delta(self, rows: Rows, strength: Vector, key: Vector, value: Vector) -> Rows:
        """Towards the value: S + b (v - S k) k^T."""
        found = [dot(row, key) for row, key in zip(rows, self.along_rows(key), strict=True)]
        change = product(self.for_rows(strength), each(subtract, value, found))
        return self.added(rows, change, key)

    def read(self, rows: Rows, query: Vector) -> Vector:
        return [dot(row, q) for row, q in zip(rows, self.along_rows(query), strict=True)]


def flat(rows: Rows) -> Vector:
    return [one for row in rows for one in row]


def positive(a: Real) -> Real:
    """elu(a) + 1."""
    return add(relu(a), exp(negative(relu(negative(a)))))


def linear_attention(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    heads = Heads(w, len(s["z"]))
    q, k = each(positive, w.W("query", x)), each(positive, w.W("key", x))
    rows = heads.added(heads.rows(s["S"]), w.W("value", x), k)
    z = each(add, s["z"], k)
    size = heads.for_rows([dot(heads.of(z, head), heads.of(q, head)) for head in range(heads.count)])
    return each(divide, heads.read(rows, q), size), {"S": flat(rows), "z": z}


def retnet(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    heads = Heads(w, len(w.W("value", x)))
    decay = heads.for_rows(each(sigmoid, list(w.gates["constant", "decay"].bias)))
    rows = [[multiply(a, one) for one in row] for a, row in zip(decay, heads.rows(s["S"]), strict=True)]
    rows = heads.added(rows, w.W("value", x), heads.shrunk(w.W("key", x)))
    return heads.read(rows, w.W("query", x)), {"S": flat(rows)}


def gla(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    heads = Heads(w, len(w.W("value", x)))
    decay = [exp(multiply(SIXTEENTH, logsigmoid(one))) for one in w.W("decay", x)]
    rows = each(product, heads.rows(s["S"]), heads.along_rows(decay))
    rows = heads.added(rows, w.W("value", x), heads.shrunk(w.W("key", x)))
    return heads.read(rows, w.W("query", x)), {"S": flat(rows)}


def doubled(a: Real) -> Real:
    return add(sigmoid(a), sigmoid(a))


def deltanet(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    return _delta(w, x, s, each(sigmoid, w.W("strength", x)))


def deltanet_negative(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    return _delta(w, x, s, each(doubled, w.W("strength", x)))


def _delta(w: Layer, x: Vector, s: State, strength: Vector) -> tuple[Vector, State]:
    v = w.W("value", x)
    heads = Heads(w, len(v))
    rows = heads.delta(heads.rows(s["S"]), strength, heads.unit(w.W("key", x)), v)
    return heads.read(rows, heads.unit(w.W("query", x))), {"S": flat(rows)}


def gated_deltanet(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    decay = each(sigmoid, w.W("decay", x))
    size = len(s["S"]) // w.heads
    left = [multiply(decay[n // size], one) for n, one in enumerate(s["S"])]
    return _delta(w, x, {"S": left}, each(sigmoid, w.W("strength", x)))


def deltaproduct(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    heads = Heads(w, len(w.W("value", x)))
    rows = heads.rows(s["S"])
    for order in ("", "second_"):
        strength, key = each(doubled, w.W(f"{order}strength", x)), heads.unit(w.W(f"{order}key", x))
        rows = heads.delta(rows, strength, key, w.W(f"{order}value", x))
    return heads.read(rows, heads.unit(w.W("query", x))), {"S": flat(rows)}


def rwkv7(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
    v, key, a = w.W("value", x), w.W("key", x), each(sigmoid, w.W("rate", x))
    heads = Heads(w, len(v))
    scales = {gate: list(w.gates["constant", gate].bias) for gate in ("removal", "replacement")}
    n = heads.unit(product(scales["removal"], key))
    share = [add(ONE, multiply(subtract(one, ONE), m)) for one, m in zip(a, scales["replacement"], strict=True)]
    decay = [exp(negative(multiply(RATE, sigmoid(negative(one))))) for one in w.W("decay", x)]
    rows = heads.rows(s["S"])
    removed = [negative(one) for one in heads.read(rows, n)]
    rows = heads.added(each(product, rows, heads.along_rows(decay)), removed, product(a, n))
    rows = heads.added(rows, v, product(key, share))
    return heads.read(rows, w.W("receptance", x)), {"S": flat(rows)}


MATRICES: dict[str, tuple[Equation, tuple[str, ...]]] = {
    "deltanet": (deltanet, ("S",)),
    "deltanet_negative": (deltanet_negative, ("S",)),
    "deltaproduct": (deltaproduct, ("S",)),
    "gated_deltanet": (gated_deltanet, ("S",)),
    "gla": (gla, ("S",)),
    "linear_attention": (linear_attention, ("S", "z")),
    "retnet": (retnet, ("S",)),
    "rwkv7": (rwkv7, ("S",)),
}
