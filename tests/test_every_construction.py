"""Every construction, on every cell that does not refuse it, obeys the laws of ``construction_laws.py``.

A new file in ``construct/constructions`` is met at once with its task's baseline; the variants below are of ours.
What a cell refuses is written down too, so that none is lost unseen.
"""

from __future__ import annotations

import math
from functools import cache

import pytest

from holdfast import tasks
from holdfast.construct import constructions
from holdfast.construct.compile import Construction, compile_program
from holdfast.core.errors import BadValue
from tests import construction_laws as laws

pytestmark = pytest.mark.usefixtures("quick_to_compile", "float64")

UNITS = 24
GIVEN = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
VARIANTS: dict[str, list[dict]] = {
    "adding": [
        {"steps": 60, "tolerance": 1e-3},
        {"steps": 30, "variant": "anywhere"},
        {"steps": 40, "variant": "1997"},
    ],
    "bits": [{"steps": 60, "bits": 2}, {"steps": 30, "bits": 2, "noise": 0.1, "tolerance": 0.05}],
    "copy": [
        {"steps": 4, "lag": 30},
        {"steps": 2, "lag": 20, "symbols": 40},
        {"steps": 3, "lag": 30, "variant": "reals"},
        {"steps": 2, "lag": 20, "variant": "reals", "range": (1.0, 3.0), "tolerance": 1e-3},
    ],
    "echo": [{"lag": 30}, {"lag": 30, "symbols": 5, "variant": "shared"}, {"sequences": GIVEN}],
    "order": [{"steps": 30}, {"steps": 30, "variant": "three"}],
    "recall": [
        {"steps": 200, "tolerance": 1e-3},
        {"steps": 40, "position": 3, "range": (-0.1, 0.1), "tolerance": 1e-3},
        {"steps": 40, "position": 2, "range": (-100.0, 3.0)},
        {"steps": 40, "range": (2.0, 5.0), "tolerance": 1e-2},
    ],
}
CELLS = {
    "lstm": ("lstm", ""),
    "gru": ("gru", ""),
    "gru_pytorch": ("gru", "pytorch"),
    "elman": ("elman", ""),
    "irnn": ("irnn", ""),
    "lstm1997": ("lstm1997", ""),
    "lstm1997_forever": ("lstm1997", "forever"),
}


def label(name: str, axes: dict) -> str:
    return "-".join([name, *(f"{axis}={value}" for axis, value in axes.items() if axis != "sequences")])


every_task = pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(name, number, id=label(name, axes))
        for name in constructions.FOLDER.names()
        for number, axes in enumerate(VARIANTS.get(name, [{}]))
    ],
)
every_cell = pytest.mark.parametrize("backend", CELLS)
every_format = pytest.mark.parametrize("dtype", ["float32", "float64"])


def task_of(name: str, number: int):
    return tasks.get(name)(**VARIANTS.get(name, [{}])[number])


def tolerance_of(task) -> float:
    return getattr(task, "tolerance", math.inf)


@cache
def built(task, backend: str, steps: int | None, dtype: str, tolerance: float | None = None) -> Construction | None:
    """The construction; None where it is refused."""
    try:
        return build(task, backend, steps, dtype, tolerance)
    except BadValue:
        return None


def build(task, backend: str, steps: int | None, dtype: str, tolerance: float | None = None) -> Construction:
    cell, form = CELLS[backend]
    program = constructions.get(task.name).program(task, cell)
    allowed = tolerance_of(task) if tolerance is None else tolerance
    return compile_program(
        program, cell, units=UNITS, steps=steps, tolerance=allowed, dtype=dtype, task=task.name, form=form
    )


def accepted(task, backend: str, dtype: str) -> list[Construction]:
    """For the task's own length, and for every length."""
    made = [built(task, backend, steps, dtype) for steps in (task.longest, None)]
    return [one for one in made if one is not None]


def runs(made: Construction, backend: str) -> list[tuple[laws.Run, float]]:
    """Where a claim is to be met, and what that arithmetic itself may be off."""
    found: list[tuple[laws.Run, float]] = []
    if "ieee" in made.claim.semantics:
        found.append((laws.ours, 0.0))
        # For every length, PyTorch's GRU is gru_pytorch: it rounds where ours does not.
        if made.sheet.cell in laws.PEERS and not (backend == "gru" and made.claim.steps is None):
            found.append((laws.torchs, 0.0))
    if "real" in made.claim.semantics:
        found.append((laws.exactly, laws.EXACT))
    return found


@every_format
@every_cell
@every_task
def test_the_error_is_within_the_claim(name, number, backend, dtype):
    task = task_of(name, number)
    for made in accepted(task, backend, dtype):
        for run, room in runs(made, backend):
            laws.error_is_within_the_claim(made, task, run, room)


@every_format
@every_cell
@every_task
def test_the_claim_is_what_was_asked_and_the_weights_are_those_told(name, number, backend, dtype):
    task = task_of(name, number)
    for made in accepted(task, backend, dtype):
        laws.claims_what_was_asked(made, tolerance_of(task))
        laws.weights_are_those_told(made)
