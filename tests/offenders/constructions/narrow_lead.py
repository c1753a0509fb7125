"""OFFENDER: echo's construction, with half of the scores' differences and the claim of the whole lead."""

from __future__ import annotations

from holdfast.construction.constructions import echo
from holdfast.construction.program import RegisterProgram
from holdfast.tasks.echo import Echo


def program(task: Echo, cell: str) -> RegisterProgram:
    made = echo.program(task, cell)
    made.outputs = [score * 0.5 for score in made.outputs]
    return made
