"""Verify plug-ins with the quick laws before they are used, once in a process.

Built-in cells and tasks are verified by the tests. A cell or task of a plug-in, or of a caller's own module, is refused
if a quick law fails. The result is cached, since an imported module does not change.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache

from holdfast import blocks, cells, tasks
from holdfast.core.errors import BadFile, BadValue, Problem
from holdfast.core.task import Task
from holdfast.core.text import argument
from holdfast.engine.resolve import resolve, taken_apart
from holdfast.plugins.laws import LawResult, judged, raised

QUICK_STEPS = 2000
"""The length of the longest rows in a quick verification. A task with longer rows is tested with shorter ones."""
QUICK_READ = 6000
"""The total number of steps in a quick verification."""


def verified(task: Task) -> Task:
    """The task itself. Raises ``BadFile`` with every law that it breaks, unless it is a built-in task."""
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

    Raises ``BadValue`` for invalid axes, and ``BadFile`` if a plug-in breaks a law.
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
    """The full name itself.

    Raises ``UnknownName`` if there is no such cell, and ``BadFile`` with every law that a cell or block in it breaks,
    unless they are built-in.
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
    from holdfast.plugins import tasks as task_laws
    from holdfast.plugins.rows import shortened

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
    """The laws of a cell. The step is part of the cache key, since another file may have the same name."""
    from holdfast.plugins import cells as cell_laws

    return cell_laws.check(name, file, cell_laws.QUICK)


def _refuse(kind: str, name: str, file: str, found: list[LawResult]) -> None:
    if wrong := [one for one in found if one.fails]:
        reasons = "; ".join(f"{one.check}: {one.found}" for one in wrong)
        raise BadFile(
            f"the {kind} '{name}' in {file} is refused: {reasons}.",
            f"'holdfast check-plugin {argument(file)}' runs every check on it.",
        )
