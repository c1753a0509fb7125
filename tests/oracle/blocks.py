"""Blocks a second time, from their equations, around the cells of ``cells.py``; and whole networks of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from holdfast.engine.network import Network
from tests.oracle import reals
from tests.oracle.cells import (
    CELLS,
    EXPONENTIAL,
    Equation,
    Layer,
    State,
    Vector,
    each,
    gate_of,
    product,
    sum_of,
)
from tests.oracle.real_matrices import MATRICES
from tests.oracle.reals import absolute, add, divide, multiply, relu, root


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
        read, after = inner(w, product(learned["scale"], _normal(x)), s)
        y = sum_of(x, w.gates["read", "projection"](read))
        hidden = w.gates["normalised", "expansion"](product(learned["scale_above"], _normal(y)))
        return sum_of(y, w.gates["expansion", "contraction"](each(relu, hidden))), after

    return block


def mlp(inner: Equation) -> Equation:
    """y = B relu(D r + d) + b, r = cell(x)."""

    def block(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
        read, after = inner(w, x, s)
        return w.gates["mlp_hidden", "mlp_output"](each(relu, w.gates["cell_output", "mlp_hidden"](read))), after

    return block


def shift(inner: Equation) -> Equation:
    """W x + A p in the place of every W x, and p' = P x + b."""

    def block(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
        both = Layer({}, w.heads)
        both.gates = {
            (source, gate): _added(here, w.gates["p", gate](s["p"])) if source == "x" and gate != "shifted" else here
            for (source, gate), here in w.gates.items()
        }
        shown, after = inner(both, x, s)
        return shown, {**after, "p": w.gates["x", "shifted"](x)}

    return block


def _added(here: Callable[[Vector], Vector], before: Vector) -> Any:
    return lambda x: sum_of(here(x), before)


def short_convolution(inner: Equation) -> Equation:
    """cell(v sigmoid(v)), v = w x + w1 p + w2 pp + w3 ppp + b, component by component."""

    def block(w: Layer, x: Vector, s: State) -> tuple[Vector, State]:
        tap = {gate: list(w.gates["constant", gate].bias) for gate in TAPS}
        *weights, v = (tap[gate] for gate in TAPS)
        for weight, past in zip(weights, (x, s["p"], s["pp"], s["ppp"]), strict=True):
            v = sum_of(v, product(weight, past))
        shown, after = inner(w, product(v, each(reals.sigmoid, v)), s)
        return shown, {**after, "p": x, "pp": s["p"], "ppp": s["pp"]}

    return block


TAPS = ("tap", "tap_one", "tap_two", "tap_three", "tap_bias")


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
        return {**EVERY, **EXPONENTIAL}[name]
    block, inside = name.removesuffix(")").split("(", 1)
    if block == "stack":  # of cells, each perhaps in blocks of one cell
        return stack([equation_of(one) for one in inside.split(",")])
    equation, states = equation_of(inside)
    return BLOCKS[block](equation), (*states, *KEEPS.get(block, ()))


EVERY = {**CELLS, **MATRICES}
"""The equation of every cell and the names of its states, in the order in which a proof lists them."""
BLOCKS: dict[str, Callable[[Equation], Equation]] = {
    "prenorm": prenorm,
    "mlp": mlp,
    "shift": shift,
    "short_convolution": short_convolution,
}
KEEPS = {"shift": ("p",), "short_convolution": ("p", "pp", "ppp")}
"""The states of blocks that have some."""
WRAPPED = (
    "prenorm(lstm)",
    "prenorm(mlstm)",
    "mlp(gru)",
    "stack(lstm,gru)",
    "stack(gru,mlstm)",
    "stack(prenorm(gru),lstm)",
    "shift(deltanet)",
    "short_convolution(gru)",
)
"""Cells inside blocks with which bounds are met."""


class Oracle:
    """A whole network. ``step`` gives the next state of every layer and the outputs."""

    def __init__(self, network: Network) -> None:
        self.equation, self.states = equation_of(network.cell_name)
        self.layers = [Layer(layer, network.heads) for layer in network.layers]
        *hidden, last = [gate_of(linear, linear.gates[0]) for linear in network.readout_maps]
        self.hidden, self.readout = hidden, last
        below = network.embedding
        self.embedding = None if below is None else gate_of(below, below.gates[0])
        self.sizes = {name: prod(network.shape(name)) for name in self.states}

    def start(self) -> list[State]:
        return [{name: [reals.ZERO] * size for name, size in self.sizes.items()} for _ in self.layers]

    def step(self, before: Sequence[State], inputs: Sequence[float]) -> tuple[list[State], Vector]:
        x, after = [reals.real(value) for value in inputs], []
        if self.embedding is not None:
            x = self.embedding(x)
        for layer, state in zip(self.layers, before, strict=True):
            x, new = self.equation(layer, x, state)
            after.append(new)
        for hidden in self.hidden:
            x = each(relu, hidden(x))
        return after, self.readout(x)
