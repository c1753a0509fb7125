"""Random networks of the kinds on which bounds go wrong: weights drawn gate by gate and unit by unit.

A *kind* says how the weights of one unit of one gate are drawn, over all that it reads. Tiny, subnormal and huge
weights meet units that are constant or alternate, since only there an error of the last bit is not hidden by a range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from holdfast.core.cell import CONSTANT
from holdfast.core.formats import FORMATS, Format
from holdfast.engine.network import Linear, Network, create, read_out
from holdfast.engine.resolve import resolve

PLAIN = ("normal", "sparse", "powers", "saturated")
STEADY = ("pinned", "saturated", "constant", "constant", "alternating", "zero")
SPECIAL = ("carry", "tiny", "subnormal", "huge")
COMPANIONS = {"carry": ("pinned", "alternating"), "huge": ("pinned", "pinned", "constant")}
"""What a special kind needs beside it; for the others all of ``STEADY``."""
READOUTS = ("normal", "normal", "normal", "powers", "one", "one", "tiny", "subnormal", "huge")
THEMES = ("one kind", "one kind", "gates", "units", "units", *SPECIAL, "carry", "huge")
"""All gates of one kind; one kind a gate; one a unit; or some units of a special kind among steady ones."""


@dataclass(frozen=True)
class Shape:
    """What is compiled once: networks of one shape are run side by side."""

    cell: str
    inputs: int
    outputs: int
    units: int
    layers: int
    dtype: str
    readout_hidden: tuple[int, ...] = ()

    def template(self) -> Network:
        """Zeros; units in two heads where that can be, and inputs embedded where a block has to read units."""
        cell = resolve(self.cell)
        heads = 2 if cell.has_heads and self.units % 2 == 0 else 1
        sizes = (self.cell, self.inputs, self.units, self.outputs, self.layers)
        made = create(*sizes, heads=heads, embedding=cell.reads_units, readout_hidden=self.readout_hidden)
        return replace(
            made,
            layers=tuple({s: _numpy(linear) for s, linear in layer.items()} for layer in made.layers),
            readout=read_out([(np.asarray(m.matrix), np.asarray(m.bias)) for m in made.readout_maps]),
            embedding=None if made.embedding is None else _numpy(made.embedding),
        )


def _numpy(linear: Linear) -> Linear:
    bias = None if linear.bias is None else np.asarray(linear.bias)
    return replace(linear, matrix=np.asarray(linear.matrix), bias=bias)


def network(template: Network, dtype: str, draw: np.random.Generator, themes: Sequence[str]) -> tuple[Network, str]:
    """The template with weights of one of these themes, and in words how they were drawn."""
    painter = Painter(FORMATS[dtype], 10 ** draw.uniform(-3, 3), draw)
    theme = themes[draw.integers(len(themes))]
    layers = tuple(painter.layer(layer, theme) for layer in template.layers)
    kind = theme if theme in READOUTS and draw.random() < 0.5 else READOUTS[draw.integers(len(READOUTS))]
    *hidden, last = template.readout_maps
    painted = [painter.layer({"y": last}, f"only {kind}")["y"]]
    painted = [painter.layer({"y": m}, f"only {painter.one(READOUTS)}")["y"] for m in hidden] + painted
    readout = read_out([(m.matrix, m.bias) for m in painted])
    below = template.embedding
    if below is not None:
        below = painter.layer({"x": below}, f"only {painter.one(('normal', 'powers', 'one'))}")["x"]
    words = f"{theme}, scale {painter.scale:.3g}, read-out {kind}"
    return replace(template, layers=layers, readout=readout, embedding=below), words


@dataclass(frozen=True)
class Painter:
    """Draws weights of one number format: column by column, a column being all that one unit of one gate reads."""

    format: Format
    scale: float
    draw: np.random.Generator

    def layer(self, layer: Any, theme: str) -> dict[str, Linear]:
        """Every map of a layer, a gate's columns in all maps drawn together."""
        matrices = {s: np.zeros(linear.matrix.shape) for s, linear in layer.items()}
        biases = {s: None if linear.bias is None else np.zeros(linear.bias.shape) for s, linear in layer.items()}
        whole, gates = self.one(PLAIN), {g for linear in layer.values() for g in linear.gates}
        beside = COMPANIONS.get(theme, STEADY)
        if self.draw.random() < 0.5:
            beside = (self.one(beside),)
        for gate in sorted(gates):
            width = next(linear.width(gate) for linear in layer.values() if gate in linear.gates)
            kinds = self.kinds(theme, whole, beside, width)
            steady = [unit for unit, kind in enumerate(kinds) if kind in STEADY]
            for unit, kind in enumerate(kinds):
                for source, linear in layer.items():
                    if gate not in linear.gates:
                        continue
                    column = linear.columns(gate).start + unit
                    rows = len(matrices[source])
                    own = 0 if linear.diagonal or source == "y" else unit if rows == width else None
                    own = None if source in ("x", CONSTANT) else own
                    bias, others = biases[source], () if linear.diagonal else [j for j in steady if j < rows]
                    weights = self.column(kind, rows, own, others)
                    matrices[source][:, column] = weights[0]
                    if bias is not None:
                        bias[column] = weights[1]
            if "h" in layer and gate in layer["h"].gates and self.draw.random() < 0.8:
                self.cancel([u for u, kind in enumerate(kinds) if kind == "carry"], layer, gate, matrices, biases)
        kind = np.dtype(self.format.name)
        most = float(np.finfo(kind).max)
        cut = lambda a: None if a is None else np.clip(a, -most, most).astype(kind)  # noqa: E731
        return {s: replace(linear, matrix=cut(matrices[s]), bias=cut(biases[s])) for s, linear in layer.items()}

    def cancel(self, carrying: list[int], layer: Any, gate: str, matrices: Any, biases: Any) -> None:
        """Turn one K of m + K - K so that they do cancel where both others are 1 or -1 as their biases say."""
        start, bias = layer["h"].columns(gate).start, biases.get("x")
        for unit in carrying:
            column = matrices["h"][:, start + unit]
            others = [j for j in np.flatnonzero(column) if j != unit]
            if len(others) == 2 and bias is not None:
                signs = np.sign(bias[layer["x"].columns(gate).start + np.array(others)])
                column[others[1]] = -column[others[0]] * signs[0] * (signs[1] or 1)

    def kinds(self, theme: str, whole: str, beside: Sequence[str], units: int) -> list[str]:
        """How the weights of every unit of one gate are drawn."""
        if theme == "one kind":
            return [whole] * units
        if theme == "gates":
            return [self.one(PLAIN + STEADY + SPECIAL)] * units
        if theme == "units":
            return [self.one(PLAIN + STEADY + SPECIAL) for _ in range(units)]
        if theme in SPECIAL:
            share = self.one((0.1, 0.3, 0.5))
            found = [theme if self.draw.random() < share else self.one(beside) for _ in range(units)]
            found[self.draw.integers(units)] = theme
            return found
        return [theme.removeprefix("only ")] * units

    def column(self, kind: str, rows: int, own: int | None, steady: Sequence[int]) -> tuple[np.ndarray, float]:
        """Weights on ``rows`` sources (``own``: the unit itself; ``steady``: those that hardly change) and the bias."""
        weights, bias = self.carry(rows, own, steady) if kind == "carry" else _KINDS[kind](self, rows, own)
        return np.asarray(weights, np.float64), float(bias)

    def one(self, of: Any) -> Any:
        return of[self.draw.integers(len(of))]

    def signs(self, size: int) -> np.ndarray:
        return self.draw.choice([-1.0, 1.0], size)

    def some(self, size: int, share: float) -> np.ndarray:
        return self.draw.random(size) < share

    def normal(self, rows: int, own: int | None) -> tuple[Any, float]:
        found = self.draw.normal(0, self.scale, rows + 1)
        return found[:-1], found[-1]

    def sparse(self, rows: int, own: int | None) -> tuple[Any, float]:
        found = self.draw.normal(0, self.scale, rows + 1) * self.some(rows + 1, 0.3)
        return found[:-1], found[-1]

    def powers(self, rows: int, own: int | None) -> tuple[Any, float]:
        found = self.signs(rows + 1) * 2.0 ** self.draw.integers(-4, 5, rows + 1) * self.some(rows + 1, 0.6)
        return found[:-1], found[-1]

    def saturated(self, rows: int, own: int | None) -> tuple[Any, float]:
        weights = self.draw.normal(0, self.scale, rows) * self.one((0, 0, 1))
        return weights, self.one((-1, 1)) * self.one((15, 20, 30, 100, 400, 1000))

    def pinned(self, rows: int, own: int | None) -> tuple[Any, float]:
        """A unit of exactly 1 or -1; a gate of exactly 0 or 1."""
        return np.zeros(rows), self.one((-1, 1)) * self.one((30, 40, 400))

    def constant(self, rows: int, own: int | None) -> tuple[Any, float]:
        return np.zeros(rows), self.one((-1, 1)) * self.one((0.5, 1, 1, 2, 32, self.draw.uniform(0.1, 3)))

    def zero(self, rows: int, own: int | None) -> tuple[Any, float]:
        return np.zeros(rows), 0.0

    def alternating(self, rows: int, own: int | None) -> tuple[Any, float]:
        """A unit that is 1 and -1 by turns, or 0 and 1 where it is a gate."""
        weights, sign = np.zeros(rows), self.one((-1, 1))
        if own is None:
            return weights, sign * 30
        weights[own] = -100 * self.one((1, 1, 4))
        return weights, 0.0

    def carry(self, rows: int, own: int | None, steady: Sequence[int]) -> tuple[Any, float]:
        """m + K - K: the unit's own state with weight 1, and two others that cancel, so that m is rounded by K."""
        weights = np.zeros(rows)
        if own is None:
            sizes = self.one((1.0, self.draw.uniform(0.5, 1))) * 2.0 ** -self.draw.integers(12, 16)
            return self.signs(rows) * sizes * self.some(rows, 0.8), 0.0
        weights[own] = self.one((1, 1, 1, 1, 1, -1, 0.5))
        others = self.draw.permutation([j for j in steady if j != own])[:2].astype(int)
        weights[others] = 2.0 ** self.draw.integers(-2, 4) * np.array([self.one((-1, 1)), 1.0])[: len(others)]
        return weights, 0.0

    def tiny(self, rows: int, own: int | None) -> tuple[Any, float]:
        """Around the least normal number, so that partial sums lie below it."""
        sizes = self.draw.choice([0.75, 1, 1, 1.25, 1.5, 2, 3], rows + 1) * 2.0**self.format.least_normal
        found = self.signs(rows + 1) * sizes * self.some(rows + 1, 0.6)
        return found[:-1], found[-1]

    def subnormal(self, rows: int, own: int | None) -> tuple[Any, float]:
        sizes = self.draw.choice([0.5, 0.25, 0.99, self.draw.random(), 2.0**-10], rows + 1)
        found = self.signs(rows + 1) * sizes * 2.0**self.format.least_normal * self.some(rows + 1, 0.7)
        return found[:-1], found[-1] * self.one((0, 1))

    def huge(self, rows: int, own: int | None) -> tuple[Any, float]:
        """Around the largest number, so that partial sums lie past it; half of them with as many signs of each kind."""
        sizes = self.draw.choice([1.0, 1.0, 1.0, 0.5], rows) * 2.0 ** (1 - self.format.least_normal)
        if own is None and self.draw.random() < 0.7:  # not of inputs: these have a range
            return np.zeros(rows), 0.0
        if self.draw.random() < 0.5:
            return self.draw.permutation(np.resize([1.0, -1.0], rows)) * sizes.max(initial=0), 0.0
        return self.signs(rows) * sizes * self.some(rows, 0.8), 0.0

    def single(self, rows: int, own: int | None) -> tuple[Any, float]:
        """One weight of 1."""
        weights = np.zeros(rows)
        weights[self.draw.integers(rows)] = 1
        return weights, 0.0


_KINDS: dict[str, Callable[[Painter, int, int | None], tuple[Any, float]]] = {
    kind: getattr(Painter, "single" if kind == "one" else kind)
    for kind in {*PLAIN, *STEADY, *SPECIAL, *READOUTS} - {"carry"}
}
