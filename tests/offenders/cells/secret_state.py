"""OFFENDER: an Elman network that remembers outside its state how often it was run."""

from __future__ import annotations

import itertools

from holdfast.cells import elman
from holdfast.cells.elman import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step

runs = itertools.count(1)


def step(ops, weights, x, state):
    n = elman.step(ops, weights, x, state).output / next(runs)
    return Step(n, State(n), Gates(n))
