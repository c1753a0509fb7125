"""The tasks: one file, one task. ``get("recall")`` is the class in ``recall.py``; its fields are the axes."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from functools import cache
from pathlib import Path
from typing import Any

from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder
from holdfast.core.task import Task

FOLDER = Folder("task", "holdfast.tasks", Path(__file__).parent)


@cache
def get(name: str) -> type[Task]:
    """The task of this name. Raises ``UnknownName``, or ``BadFile`` where its file does not hold one whole task."""
    module = FOLDER.load(name)
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Task) and thing.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise BadFile(f"{module.__file__} holds {len(found)} tasks, expected one class derived from Task.")
    (kind,) = found
    if reasons := _lacking(kind):
        raise BadFile(f"the task {module.__file__} {'; '.join(reasons)}.", "tasks/recall.py shows a whole one.")
    return kind


def _lacking(kind: type[Task]) -> list[str]:
    """Why this class is no task, as far as can be seen without making one."""
    if "__dataclass_params__" not in vars(kind):
        return ["is no frozen dataclass: write @dataclass(frozen=True) above the class"]
    reasons = [f"lacks {', '.join(missing)}"] if (missing := sorted(kind.__abstractmethods__)) else []
    axes = fields(kind)
    reasons += [reason for axis in axes if (reason := _no_axis(axis))]
    length = getattr(kind, "length_axis", None)
    if not axes:
        reasons.append("has no axes, expected fields made with axis(default, help)")
    elif not any(axis.name == length and type(axis.default) is int for axis in axes):
        reasons.append(f"has the 'length_axis' {length!r}, expected the name of an axis that is a whole number")
    return reasons


def _no_axis(axis: Field[Any]) -> str:
    """Why this field is no axis that a user could vary; empty where it is one."""
    if axis.default is MISSING or "setting" not in axis.metadata:
        return f"has the field '{axis.name}', which is not made with axis(default, help)"
    default = axis.default
    numbers = isinstance(default, tuple) and all(isinstance(value, int | float) for value in default)
    if default is None or isinstance(default, int | float | str) or numbers:
        return ""
    return f"has the axis '{axis.name}' = {default!r}, expected a number, a word, a tuple of numbers or None"
