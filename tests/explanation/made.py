"""Every construction with what is true of its units, so that the roles which `explain` finds are compared with it.
The truth is the sheet that a network was written from, in the roles of ``explain``. Of a writer and its shadow (cells
without gates) nothing is demanded: what they do, once saturated, is what a flag does. A unit that on no row of the
task is anything but 0, or whose weights going out change no answer there, may be called unused: that is true of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from holdfast.construction import constructions
from holdfast.construction.compile import Construction
from holdfast.construction.program import ALWAYS
from holdfast.core.task import Task
from holdfast.engine.unroll import unroll
from holdfast.explanation.subject import Subject, examine
from tests.test_every_construction import CELLS, VARIANTS, accepted, task_of

ROLES = {
    "latch": {"latch"},
    "bit": {"latch"},
    "memory": {"latch"},
    "sum": {"accumulator"},
    "flag": {"flag"},
    "event": {"flag"},
    "clock": {"flag", "counter"},
}


class Made(NamedTuple):
    """One network and what is true of its units: the roles that each may be given, by its number."""

    label: str
    subject: Subject
    construction: Construction
    truth: dict[int, set[str]]


def made(name: str, number: int, backend: str, dtype: str = "float32") -> Iterator[Made]:
    """The networks of one variant of a task on one backend: for its own length, and for every length."""
    task = task_of(name, number)
    for construction in accepted(task, backend, dtype):
        subject = _examined(task, construction)
        truth = _truth(task, backend, construction)
        yield Made(f"{name} {number} {backend} {construction.claim.steps}", subject, construction, truth)


def _examined(task: Task, construction: Construction) -> Subject:
    return examine(construction.network, task)


def _truth(task: Task, backend: str, construction: Construction) -> dict[int, set[str]]:
    program = _program(task, CELLS[backend][0])
    adds = {register.name for register in program.registers if register.adds}
    always = {register.name for register in program.registers if register.when is ALWAYS}
    found = {}
    for number, (name, role) in enumerate(construction.sheet.roles.items()):
        register = name.rstrip("+-")
        if register in always:
            found[number] = {"delay"}
        elif role == "memory" and register in adds:
            found[number] = {"accumulator"}
        elif role in ROLES:
            found[number] = ROLES[role]
    return found


@cache
def _program(task: Task, cell: str):
    return constructions.get(task.name).program(task, cell)


def is_idle(one: Made, unit: int) -> bool:
    """Whether the unit's weights going out change no answer on these rows, by surgery on the weights."""
    network = one.subject.network
    layer = {
        source: replace(linear, matrix=linear.matrix.at[unit].set(0)) if source != "x" else linear
        for source, linear in network.layers[0].items()
    }
    # What it keeps of itself goes with it: a unit that nobody reads may well remember.
    cut = replace(
        network,
        layers=(layer,),
        readout=replace(network.readout, matrix=network.readout.matrix.at[unit].set(0)),
    )
    inputs, scored = one.subject.batch.inputs, one.subject.scored
    outputs, _ = unroll(cut, jnp.asarray(inputs), present=one.subject.batch.present)
    answers = one.subject.outputs[scored]
    moved = np.abs(np.asarray(outputs, np.float64)[scored] - answers).max()
    return bool(moved <= 1e-3 * np.ptp(answers))


OTHERS = {"mqar"}
"""Constructions on none of the cells of ``CELLS``."""
every_variant = [
    (name, number)
    for name in sorted({*constructions.FOLDER.names()} - OTHERS)
    for number in range(len(VARIANTS.get(name, [{}])))
]
