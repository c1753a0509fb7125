"""A grid: settings, with lists of values for some of their fields. Every combination of values is a configuration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from holdfast.comparison.grid.place import AXES, Configuration, sweepable
from holdfast.core import values
from holdfast.core.errors import BadFile, BadValue, Problem, UnknownName, refuse
from holdfast.core.fields import FieldInfo, given
from holdfast.core.task import Task
from holdfast.training.rules import RULES
from holdfast.training.settings import Settings, task_as_json, task_from_json


@dataclass(frozen=True, eq=False)
class Grid:
    """A grid: the settings ``base`` with every combination of the values in ``over``, which has values by field. The
    values of ``task`` are tasks; ``lags.with_lags`` makes them from lags. If the update rule is swept, settings that a
    rule does not use are left out for it.

    Raises ``UnknownName`` for a name that is not a field, and ``BadValue``, with every reason, for an empty axis and
    for repeated or invalid values. Two grids are equal if they have the same places.

    >>> from holdfast.tasks.recall import Recall
    >>> Grid(Settings(Recall(), seeds=20), {"cell": ("lstm", "gru"), "learning_rate": (1e-3, 1e-2)}).of
    80
    """

    base: Settings
    over: Mapping[str, Sequence[object]]

    def __post_init__(self) -> None:
        fields = sweepable(type(self.base))
        for name in self.over:
            if name not in fields and name != "task":
                raise UnknownName("setting to sweep", name, fields)
        refuse(
            [reason for name, some in self.over.items() for reason in _mistakes(fields.get(name), name, some)],
            "this grid is invalid",
        )
        order = ["task", *(name for name in fields)]
        taken = {
            name: tuple(map(fields[name].taken, self.over[name])) if name in fields else tuple(self.over[name])
            for name in sorted(self.over, key=order.index)
        }
        single = {name: some[0] for name, some in taken.items() if len(some) == 1}
        object.__setattr__(self, "base", replace(self.base, **single))
        object.__setattr__(self, "over", {name: some for name, some in taken.items() if name not in single})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.as_json() == other.as_json()

    @property
    def of(self) -> int:
        """The number of points, computed without creating them."""
        return self.base.seeds * math.prod(map(len, self.over.values()))

    def values(self, name: str) -> tuple[Any, ...]:
        """All values of a field of the settings in this grid."""
        return tuple(self.over.get(name, (getattr(self.base, name),)))

    def configurations(self) -> Iterator[Configuration]:
        """Every configuration, with the last field varying fastest. Raises ``BadValue`` or ``UnknownName`` for the
        first invalid combination, with its place."""
        swept = tuple(name for name in self.over if name not in AXES)
        for some in itertools.product(*self.over.values()):
            at = dict(zip(self.over, some, strict=True))
            try:
                settings = replace(self.base, **self._unused(at), **at)
                engine = settings.used_engine
            except Problem as problem:
                where = ", ".join(f"{name} {said(value)}" for name, value in at.items())
                problem.message = f"{where}: {problem.message}" if where else problem.message
                raise
            yield Configuration(replace(settings, engine=engine), swept=swept)

    def _unused(self, at: Mapping[str, Any]) -> dict[str, None]:
        rule = RULES.of(at.get("update", self.base.update))
        return {name: None for name in rule.unused if "update" in at and name not in at}

    def altered(self, over: Mapping[str, Sequence[object]], **fixed: Any) -> Grid:
        """The same grid with other values of some fields: one value each in ``fixed``, several in ``over``."""
        kept = {name: some for name, some in self.over.items() if name not in fixed}
        return Grid(replace(self.base, **fixed), {**kept, **over})

    def as_json(self) -> dict[str, object]:
        base = {name: value for name, value in self.base.as_json().items() if name not in self.over}
        over = {name: [_plain(value) for value in some] for name, some in self.over.items()}
        return {"base": base, "over": over}

    @staticmethod
    def from_json(document: object, where: str = "the grid of this study") -> Grid:
        """The grid in a document of a store. ``where`` names the file in messages. Raises ``BadFile`` if the document
        is not a grid."""
        from holdfast.comparison.grid import version_0_1

        try:
            if not isinstance(document, dict):
                raise BadFile(f"{where} is {values.got(document)}, expected an object.")
            if "base" not in document:
                return version_0_1.read(document, where)
            base, over = document["base"], document.get("over")
            if not isinstance(base, dict) or not isinstance(over, dict) or len(document) != 2:
                raise BadFile(f"{where} has {values.got(document)}, expected 'base' and 'over', two objects.")
            if odd := [name for name, some in over.items() if not isinstance(some, list)]:
                raise BadFile(f"{where}: '{odd[0]}' is {values.got(over[odd[0]])}, expected a list.")
            tasks = over.pop("task", None) or [base.pop("task", None)]
            known = sweepable(Settings)
            over = {
                name: [known[name].renewed(v) for v in some] if name in known else some for name, some in over.items()
            }
            over = {"task": [task_from_json(task, where) for task in tasks], **over}
            first = {name: some[0] for name, some in over.items() if name != "task" and some}
            fixed = given(Settings, {**base, **first}, where)
            return formed({name: fixed[name] for name in fixed if name not in over}, over)
        except Problem as problem:
            message = problem.message if isinstance(problem, BadFile) else f"{where}: {problem.message}"
            raise BadFile(message) from problem


def formed(fixed: Mapping[str, Any], over: Mapping[str, Sequence[Any]]) -> Grid:
    """The grid of these settings, including the task: one value each in ``fixed``, several in ``over``.

    Raises the errors of ``Grid``, and those of ``Settings`` if no combination is valid.
    """
    first = {name: some[0] for name, some in over.items() if some}
    problem = BadValue("this grid is invalid: update is empty, expected at least one value.")
    for rule in over.get("update", ("",)):
        try:
            return Grid(Settings(**{**fixed, **first, **({"update": rule} if rule else {})}), over)
        except BadValue as refused:
            problem = refused
    raise problem


def _mistakes(field: FieldInfo | None, name: str, some: Sequence[object]) -> list[str]:
    if not some:
        return [f"{name} is empty, expected at least one value"]
    shown = [said(value) for value in some]
    twice = sorted({text for text in shown if shown.count(text) > 1})
    reasons = [f"{name} has {text} twice" for text in twice]
    for value in some:
        if field is None:
            why = "" if isinstance(value, Task) else f"is {values.got(value)}, expected a task"
        else:
            why = field.wrong(value)
        reasons += [f"{name} {why}"] if why else []
    return reasons


def _plain(value: object) -> Any:
    return task_as_json(value) if isinstance(value, Task) else values.plain(value)


def said(value: object) -> str:
    """The text of a value of a field, or of a task, in a message."""
    if not isinstance(value, Task):
        return values.text(value)
    return " ".join(f"{name} {values.text(axis)}" for name, axis in task_as_json(value).items())
