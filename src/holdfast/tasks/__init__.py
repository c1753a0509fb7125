"""The tasks: one file, one task. ``get("recall")`` is the class in ``recall.py``; its fields are the axes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from holdfast.core.errors import BadFile
from holdfast.core.fields import FieldInfo, field_infos, lacking
from holdfast.core.registered import call_class, class_name, forgotten_on_change, is_named
from holdfast.core.registry import Folder
from holdfast.core.task import Task
from holdfast.tasks._dataset import AGAIN as AGAIN
from holdfast.tasks._dataset import NAME as DATASET
from holdfast.tasks._dataset import Dataset as Dataset
from holdfast.tasks._dataset import DatasetTask
from holdfast.tasks._dataset import refuse_dataset as refuse_dataset

FOLDER = Folder("task", "holdfast.tasks", Path(__file__).parent)


def register(kind: type[Task]) -> str:
    """Make a task known by name in this process, and return the name: that of the class, ``RecallTwice`` as
    ``recall_twice``. Raises ``BadValue`` where the name is taken, ``BadFile`` where the class is no whole task."""
    return FOLDER.register(kind, class_name(kind), get)


def named(kind: type[Task]) -> str:
    """The name of a task that is given as a class: of a file, of an entry point, or registered now. Raises as
    ``register`` does."""
    if not is_named(kind):
        if not (entry := FOLDER.entry_name(kind)):
            return register(kind)
        call_class(kind, entry)
    return class_name(kind)


@forgotten_on_change
@cache
def get(name: str) -> type[Task]:
    """The task of this name; ``dataset`` is the one of arrays, which is no file.

    Raises ``UnknownName``, or ``BadFile`` where its file does not hold one whole task.
    """
    if name == DATASET:
        return DatasetTask
    kind = FOLDER.load_class(name, Task)
    if reasons := _lacking(kind):
        file = FOLDER.files()[name]
        raise BadFile(f"the task {file} {'; '.join(reasons)}.", "tasks/recall.py is a complete example.")
    return kind


def sentence(name: str) -> str:
    """The first sentence of the docstring of a task."""
    return FOLDER.sentence(name) if name != DATASET else str(DatasetTask.__doc__)


def _lacking(kind: type[Task]) -> list[str]:
    """Why this class is no task, as far as can be seen without making one."""
    axes = field_infos(kind).values()
    reasons = lacking(kind, "axis(default, help)") + [reason for axis in axes if (reason := _no_axis(axis))]
    length = getattr(kind, "length_axis", None)
    if not axes:
        reasons.append("has no axes, expected fields made with axis(default, help)")
    elif not any(axis.name == length and type(axis.default) is int for axis in axes):
        reasons.append(f"has the 'length_axis' {length!r}, expected the name of an axis that is a whole number")
    return reasons


def _no_axis(axis: FieldInfo) -> str:
    """Why this is no axis that a user could vary; empty where it is one."""
    default = axis.default
    numbers = isinstance(default, tuple) and all(isinstance(value, int | float) for value in default)
    if default is None or isinstance(default, int | float | str) or numbers:
        return ""
    return f"has the axis '{axis.name}' = {default!r}, expected a number, a word, a tuple of numbers or None"
