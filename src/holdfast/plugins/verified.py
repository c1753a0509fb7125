"""A plug-in is verified before anything is said of it: quickly, and once in a process.

Built-in cells and tasks are verified by the tests. A cell or a task of a plug-in, or of a caller's own module, is
refused where a quick law fails; what it said before is kept, since a module that was imported does not change.
"""

from __future__ import annotations

import inspect
from functools import cache

from holdfast import cells, tasks
from holdfast.core.errors import BadFile
from holdfast.core.task import Task
from holdfast.plugins import cells as cell_laws
from holdfast.plugins import tasks as task_laws
from holdfast.plugins.laws import Checked
from holdfast.plugins.rows import shortened

QUICK_STEPS = 2000
"""Steps of the longest rows that a quick verification reads: a longer task is met with shorter rows."""


def verified(task: Task) -> Task:
    """The task itself. Raises ``BadFile`` with the law that it breaks, where it is none of the built-in ones."""
    if not type(task).__module__.startswith(f"{tasks.__name__}."):
        _refuse("task", task.name, *_task(task))
    return task


def verified_cell(name: str) -> str:
    """The name itself. Raises ``BadFile`` with the law that this cell breaks, where it is none of the built-in ones."""
    if cells.FOLDER.is_plugin(name):
        _refuse("cell", name, *_cell(name, cells.get(name).step))
    return name


@cache
def _task(task: Task) -> tuple[str, list[Checked]]:
    file = inspect.getsourcefile(type(task)) or type(task).__module__
    short = shortened(task, QUICK_STEPS)
    rows = max(2, min(task_laws.QUICK_ROWS, task_laws.QUICK_ROWS * QUICK_STEPS // 8 // short.longest))
    return file, task_laws.laws_of(short, file, task_laws.QUICK, rows)


@cache
def _cell(name: str, step: object) -> tuple[str, list[Checked]]:
    """By the step, too: another file of the same name has another."""
    file = str(cells.FOLDER.files()[name])
    return file, cell_laws.check(name, file, cell_laws.QUICK)


def _refuse(kind: str, name: str, file: str, found: list[Checked]) -> None:
    if wrong := [one for one in found if one.fails]:
        reasons = "; ".join(f"{one.check}: {one.found}" for one in wrong)
        raise BadFile(
            f"the {kind} '{name}' in {file} is refused: {reasons}.",
            f"'holdfast check-plugin {file}' applies every law to it.",
        )
