"""The error of a network on a few rows of a task, computed in floating point: no proved bound can be smaller.

Where this error is close to a proved bound, cutting the range cannot improve the bound by much, and the search ends.
Proofs do not depend on these numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from holdfast.alphabet import Words
from holdfast.alphabet.enclosures.arrays import FormArray, aligned
from holdfast.certification.paths import PathSampler
from holdfast.certification.propagate import advance, start
from holdfast.certification.weights import Weights, mixes_units
from holdfast.core.ops import Value, Word
from holdfast.core.scenario import Lengths, Scenario
from holdfast.engine.readings.bounds import Exact

ENDS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
"""A row each: the end of their ranges at which all remembered numbers are, and the end at which all others are."""


class RowNumbers(Words):
    """Words on numbers of several rows in float64: the value of each unit is an array [row]."""

    def __init__(self) -> None:
        self._floats: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def linear(self, weights: Exact, source: Value) -> Mapping[str, Value]:
        if id(weights) not in self._floats:
            rows = [[float(weight) for weight in row] for row in weights.matrix.tolist()]
            self._floats[id(weights)] = np.array(rows), np.array([float(bias) for bias in weights.bias])
        matrix, bias = self._floats[id(weights)]
        values = iter(matrix @ np.stack(source) + bias[:, None] if len(source) else bias[:, None])
        return {
            gate: FormArray.of(shape, itertools.islice(values, prod(shape)))
            for gate, shape in zip(weights.gates, weights.shapes, strict=True)
        }

    def apply(self, word: Word, *operands: Value) -> Value:
        shape, parts = aligned(operands)
        return FormArray.of(shape, (word.reference(*one) for one in zip(*parts, strict=True)))

    def carried(self, state: list[np.ndarray]) -> list[np.ndarray]:
        return state

    def apart(self, values: Value) -> Value:
        return values


def sampled_error(weights: Weights, scenario: Scenario, lengths: Lengths) -> float:
    """The largest error on the rows of ``ENDS`` along one random path of these lengths; 0 if the answers are symbols,
    or the cell mixes units."""
    if mixes_units(weights.cell):
        return 0.0
    outputs = len(weights.readout[-1].bias)
    path = PathSampler(scenario, lengths, outputs, np.random.default_rng(0)).some(1)
    if not path.asked.any():
        return 0.0
    remembered = np.zeros(path.low.shape[1:], bool)
    remembered[path.when[0], path.channel[0]] = True
    place = np.where(remembered, ENDS[:, :1, None], ENDS[:, 1:, None])
    inputs = path.low + place * (path.high - path.low)
    ops: Any = RowNumbers()
    state: Any = (np.zeros(len(ENDS)),) * len(start(weights))
    output: Any = ()
    with np.errstate(all="ignore"):
        for x in np.moveaxis(inputs[:, : path.last[0] + 1], 0, -1):
            state, output = advance(weights, ops, state, tuple(x))
    answers = path.constant + inputs[:, path.when[0], path.channel[0]] @ path.weight[0].T
    return float(np.abs(np.stack(output, -1) - answers)[:, path.asked[0]].max())
