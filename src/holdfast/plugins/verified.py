"""A plug-in is verified before anything is said of it: quickly, and once in a process.

Built-in cells and tasks are verified by the tests. A cell or a task of a plug-in, or of a caller's own module, is
refused where a quick law fails. What was found is kept: a module that was imported does not change.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache

from holdfast import blocks, cells, tasks
from holdfast.core.errors import BadFile, BadValue, Problem
from holdfast.core.task import Task
from holdfast.engine.resolve import resolve, taken_apart
from holdfast.plugins import cells as cell_laws
from holdfast.plugins import tasks as task_laws
from holdfast.plugins.laws import LawResult, judged, raised
from holdfast.plugins.rows import shortened

QUICK_STEPS = 2000
"""Steps of the longest rows that a quick verification reads: a longer task is met with shorter rows."""
QUICK_READ = 6000
"""Steps that it reads in all."""


def verified(task: Task) -> Task:
    """The task itself. Raises ``BadFile`` with every law that it breaks, where it is none of the built-in ones."""
    if not _built_in(type(task)):
        try:
            found = _task(task)
        except TypeError as error:
            raise BadValue(
                f"{task.name}: an axis cannot be hashed: {error}.", "Give tuples in place of lists."
            ) from error
        _refuse("task", task.name, _file(type(task)), found)
    return task


def made(kind: type[Task], axes: Mapping[str, object]) -> Task:
    """The task of this kind with these axes, verified.

    Raises ``BadValue`` for axes that make no task, ``BadFile`` where a plug-in is wrong.
    """
    try:
        task = kind(**axes)
    except Problem:
        raise
    except Exception as error:
        if _built_in(kind):
            raise
        raise BadFile(f"the task in {_file(kind)} {raised(error, _file(kind))}, made with {dict(axes)}.") from error
    return verified(task)


def verified_cell(name: str) -> str:
    """The full name itself. Raises ``BadFile`` with every law that a cell or block in it breaks, where that is none of
    the built-in ones.

    Raises ``UnknownName`` where there is no such cell.
    """
    block, inside = taken_apart(name)
    for one in inside:
        verified_cell(one)
    kind, folder = ("block", blocks.FOLDER) if block else ("cell", cells.FOLDER)
    if folder.is_plugin(block or name):
        file = str(folder.files()[block or name])
        _refuse(kind, block or name, file, _cell(name, file, resolve(name).step))
    return name


@cache
def _task(task: Task) -> list[LawResult]:
    kept: list[Task] = []
    found = judged("length", lambda: kept.append(shortened(task, QUICK_STEPS)), _file(type(task)))
    if not kept:
        return [found]
    return task_laws.quick(kept[0], _file(type(task)), QUICK_READ)


def _built_in(kind: type[Task]) -> bool:
    return kind.__module__.startswith(f"{tasks.__name__}.")


def _file(kind: type[Task]) -> str:
    module = kind.__module__
    return getattr(sys.modules.get(module), "__file__", None) or module


@cache
def _cell(name: str, file: str, step: object) -> list[LawResult]:
    """By the step, too: another file of the same name has another."""
    return cell_laws.check(name, file, cell_laws.QUICK)


def _refuse(kind: str, name: str, file: str, found: list[LawResult]) -> None:
    if wrong := [one for one in found if one.fails]:
        reasons = "; ".join(f"{one.check}: {one.found}" for one in wrong)
        raise BadFile(
            f"the {kind} '{name}' in {file} is refused: {reasons}.",
            f"'holdfast check-plugin {file}' runs every check on it.",
        )
