"""OFFENDER: echo's construction, with the scores of the first two symbols in each other's place."""

from __future__ import annotations

from holdfast.construction.constructions import echo
from holdfast.construction.program import RegisterProgram
from holdfast.tasks.echo import Echo


def program(task: Echo, cell: str) -> RegisterProgram:
    made = echo.program(task, cell)
    made.outputs[:2] = made.outputs[1::-1]
    return made
