"""The study of ``compare``: a built-in one, one in the store, or a grid made of the arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from holdfast.core import values
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.fields import FieldInfo, field_infos
from holdfast.core.registered import class_name
from holdfast.verbs import _arguments as arguments

if TYPE_CHECKING:
    from holdfast.comparison.grid.grid import Grid
    from holdfast.comparison.store.store import Store
    from holdfast.comparison.study import Study
    from holdfast.core.task import Task
    from holdfast.tasks import Dataset
    from holdfast.verbs._request import TaskChoice

Values = str | Sequence[object]

LISTS = {
    "cells": "cell",
    "units": "units",
    "initialisations": "initialisation",
    "updates": "update",
    "orders": "order",
    "rates": "learning_rate",
}
"""Arguments that take several values of a setting; ``over`` does that for every other."""
SWEPT: dict[str, tuple[object, ...]] = {
    "cell": ("elman", "lstm", "gru"),
    "units": (8, 32),
    "learning_rate": (1e-3, 3e-3, 1e-2),
}
"""The values that are swept by default. Recurrent networks learn in a narrow range of learning rates only."""
FIXED: dict[str, Any] = {"seeds": 20}
"""Settings whose defaults differ from those of 'train'."""


@dataclass(frozen=True)
class GridArguments:
    """The grid as the arguments give it: its lags, settings with one value, and settings with several."""

    lags: tuple[int, ...] | None
    fixed: dict[str, Any]
    over: dict[str, tuple[Any, ...]]

    @property
    def anything(self) -> bool:
        return self.lags is not None or bool(self.fixed or self.over)


def chosen_study(
    task: Task | type[Task] | Dataset | str | None,
    study: str | None,
    lags: Values | None,
    lists: Mapping[str, Values | None],
    over: Mapping[str, Values] | Sequence[str],
    named: Mapping[str, object],
    store: Store | None,
) -> Study:
    """The built-in study of that name, the stored one, or a new one from the arguments of ``compare``."""
    from holdfast import tasks
    from holdfast.comparison.study import Study
    from holdfast.studies import questions
    from holdfast.training.settings import Settings
    from holdfast.verbs._request import choose_task

    if task is None and study is None:
        raise BadValue(
            "holdfast compare needs a task or a study.", "Try 'holdfast compare --task recall --lags 10,30'."
        )
    choice = None if task is None else choose_task(task, {}, "")
    if choice:
        tasks.refuse_dataset(
            choice.kind,
            "compare trains in other processes, which do not have the arrays of a dataset.",
            "Use holdfast.tune(dataset), or holdfast.train(dataset, cell=...) for one cell after the other.",
        )
    settings = {name: one for name, one in field_infos(Settings).items() if name not in LISTS.values()}
    axes, fixed = arguments.divided(
        "compare", named, arguments.axes_of(choice.kind) if choice else {}, settings, own=("task", "study", *lists)
    )
    given = grid_arguments(lags, lists, over, fixed)
    if study in questions.FOLDER.names():
        if task is not None:
            raise BadValue(
                f"'{study}' is a built-in study and has its own task.", "Leave --task out, or choose another name."
            )
        built_in = questions.get(study)
        return _altered(built_in, given) if given.anything else built_in
    if choice is None:
        there = store.studies() if store else []
        if study is None or store is None or study not in there:
            raise UnknownName("study", str(study), [*questions.FOLDER.names(), *there])
        stored = Study(study, store.grids(study))
        return _altered(stored, given) if given.anything else stored
    return _fresh(choice, axes, study, given, store)


def grid_arguments(
    lags: Values | None,
    lists: Mapping[str, Values | None],
    over: Mapping[str, Values] | Sequence[str],
    fixed: Mapping[str, Any],
) -> GridArguments:
    """The grid of these arguments: ``lists`` as in ``LISTS``, ``over`` by setting or as texts ``optimiser=adam,sgd``.

    Raises ``UnknownName`` for a setting that cannot be swept, ``BadValue`` for values of another type, or a setting
    that is given twice.
    """
    from holdfast.comparison.grid.place import sweepable
    from holdfast.training.settings import Settings

    known = sweepable(Settings)
    asked: list[tuple[str, str, Values]] = [
        (f"--{name}", field, some) for name, field in LISTS.items() if (some := lists.get(name)) is not None
    ]
    for field, listed in _swept(over):
        if field not in known:
            raise UnknownName("setting to sweep", field, known)
        asked.append((f"--over {field}", field, listed))
    swept: dict[str, tuple[Any, ...]] = {}
    for flag, field, listed in asked:
        if field in swept or field in fixed:
            raise BadValue(f"{field} is given twice, the second time by {flag}.", "Give it once, with all its values.")
        swept[field] = _values(flag, known[field], listed)
    steps = None if lags is None else tuple(_listed("--lags", int, lags))
    return GridArguments(steps, dict(fixed), swept)


def _swept(over: Mapping[str, Values] | Sequence[str]) -> list[tuple[str, Values]]:
    if isinstance(over, Mapping):
        return list(over.items())
    found: list[tuple[str, Values]] = []
    for one in over:
        field, equals, listed = one.partition("=")
        if not equals:
            raise BadValue(f"--over is '{one}', expected a setting and its values.", "For example optimiser=adam,sgd.")
        found.append((field, listed))
    return found


def _altered(study: Study, given: GridArguments) -> Study:
    from holdfast.comparison.grid.lags import with_lags

    def altered(grid: Grid) -> Grid:
        over, task = dict(given.over), grid.base.task
        if given.lags is not None:
            axes = {name: getattr(task, name) for name in field_infos(type(task)) if name != task.length_axis}
            over["task"] = with_lags(task.name, axes, given.lags)
        return grid.altered(over, **given.fixed)

    return replace(study, grids=tuple(map(altered, study.grids)))


def _fresh(
    choice: TaskChoice, axes: Mapping[str, Any], study: str | None, given: GridArguments, store: Store | None
) -> Study:
    import hashlib
    import json

    from holdfast.comparison.grid.grid import formed
    from holdfast.comparison.grid.lags import with_lags
    from holdfast.comparison.study import Study
    from holdfast.verbs._request import made_task

    of_task, task = {**choice.axes, **axes}, class_name(choice.kind)
    lags = given.lags
    if lags is not None:
        of_task = {name: value for name, value in of_task.items() if name != choice.kind.length_axis or name in axes}
    made = (made_task(choice.kind, of_task),) if lags is None else with_lags(task, of_task, lags)
    grid = formed(FIXED | given.fixed, {"task": made, **SWEPT, **given.over})
    there = store.studies() if store else []
    unnamed = (n for n in there if n.startswith(f"{task}-") and store and store.grids(n) == (grid,))
    name = study or next(unnamed, None)
    digest = hashlib.sha256(json.dumps(grid.as_json(), sort_keys=True).encode()).hexdigest()
    return Study(name or f"{task}-{digest[:8]}", (grid,))


def _values(flag: str, field: FieldInfo, listed: Values) -> tuple[Any, ...]:
    found = [arguments.named(field.name, one) for one in _listed(flag, field.kind, listed, field.read)]
    for value in found:
        if why := field.wrong(value):
            raise BadValue(f"{flag} {why}.")
    return tuple(map(field.taken, found))


def _listed(flag: str, kind: Any, listed: Values, read: Callable[[str], Any] | None = None) -> list[Any]:
    """The values of a list, from text as a flag has it, or from a sequence, whose values are checked later."""
    if not isinstance(listed, str):
        found = list(listed) if isinstance(listed, Sequence) else [listed]
        if not found:
            raise BadValue(f"{flag} is empty, expected at least one value.", "For example 10,30,100.")
        if read:
            return found
        try:
            return [values.taken(kind, one) for one in found]
        except ValueError:
            raise _no_list(flag, kind, values.got(listed)) from None
    words = [word.strip() for word in values.listed(listed) if word.strip()]
    words = [word[1:-1] if word.startswith("(") and word.endswith(")") else word for word in words]  # has commas itself
    if not words:
        raise BadValue(f"{flag} is empty, expected at least one value.", "For example 10,30,100.")
    try:
        return [read(word) if read else values.read(kind, word) for word in words]
    except ValueError:
        raise _no_list(flag, kind, f"'{listed}'") from None


def _no_list(flag: str, kind: Any, got: str) -> BadValue:
    wanted = values.PLURALS.get(kind, values.words(kind))
    return BadValue(f"{flag} is {got}, expected {wanted} separated by commas.", "For example 10,30,100.")
