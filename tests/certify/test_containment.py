"""Random networks of every cell, run by an independent oracle and by all engines: every number lies in its set."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from holdfast import cells
from holdfast.engine.native import environment
from tests.oracle import containment, runs
from tests.oracle.networks import Shape
from tests.oracle.scenarios import SIZES

CELLS = [name for name in cells.FOLDER.names() if not cells.get(name).per_step]
REAL, IEEE = 60, 40
"""Networks of every cell, and of every cell and number format."""


@pytest.fixture(scope="module")
def processes() -> Iterator[runs.Processes]:
    """Forced choices of engine or instructions are for other tests."""
    asked = {name: os.environ.pop(name, None) for name in (environment.ENGINE, environment.INSTRUCTIONS)}
    started = runs.Processes(runs.instruction_sets())
    yield started
    started.close()
    os.environ.update({name: value for name, value in asked.items() if value is not None})


def shapes(cell: str, dtype: str, seed: int) -> Iterator[tuple[Shape, int]]:
    draw = np.random.default_rng(seed)
    inputs, outputs = SIZES[draw.integers(3)]
    yield Shape(cell, inputs, outputs, int(draw.integers(1, 5)), int(draw.integers(1, 3)), dtype), seed


def told(result: containment.Result) -> str:
    return "\n".join(str(one) for one in result.outside[:3])


@pytest.mark.parametrize("cell", CELLS)
def test_in_real_arithmetic_every_number_lies_in_its_set(cell):
    found = containment.Result()
    for shape, seed in shapes(cell, "float64", CELLS.index(cell)):
        found += containment.check_real(list(containment.cases(shape, (seed,), REAL, 2, 4)))
    assert not found.outside, told(found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", CELLS)
def test_in_ieee_arithmetic_every_number_lies_in_its_set(cell, dtype, processes):
    seed = 2 * CELLS.index(cell) + (dtype == "float64")
    how = ("side by side", "one by one")[seed // 2 % 2]
    found = containment.Result()
    for shape, seed in shapes(cell, dtype, 100 + seed):
        some = list(containment.cases(shape, (seed,), IEEE, 3, 4))
        found += containment.check_ieee(some, dtype, [how], processes)
    assert not found.outside, told(found)
