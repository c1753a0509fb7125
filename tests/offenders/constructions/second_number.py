"""OFFENDER: recall's construction, but for the number after the one that is asked for."""

from __future__ import annotations

from dataclasses import replace

from holdfast.construction.constructions import recall
from holdfast.construction.program import RegisterProgram
from holdfast.tasks.recall import Recall


def program(task: Recall, cell: str) -> RegisterProgram:
    return recall.program(replace(task, position=task.position + 1), cell)
