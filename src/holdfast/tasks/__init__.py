"""The tasks: one file, one task. ``get("recall")`` is the class in ``recall.py``; its fields are the axes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder
from holdfast.core.task import Task

FOLDER = Folder("task", "holdfast.tasks", Path(__file__).parent)


@cache
def get(name: str) -> type[Task]:
    """The task of this name. Raises ``UnknownName``, or ``BadFile`` where its file does not hold one task."""
    module = FOLDER.load(name)
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Task) and thing.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise BadFile(f"{module.__file__} holds {len(found)} tasks, expected one class derived from Task.")
    return found[0]
