"""Configurations of a grid, and their places: the plain value on every axis.

A configuration is one ``train.settings.Settings`` without the seed; each of its seeds is a point.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from holdfast.cells._former import settings_of
from holdfast.core import values
from holdfast.core.errors import BadFile, Problem
from holdfast.core.fields import REQUIRED, FieldInfo, field_infos
from holdfast.training.settings import Settings

AXES = ("task", "cell", "lag_steps", "units", "learning_rate", "initialisation", "update", "order", "layers", "weights")
"""The axes of every point. Other fields of the settings are added if a grid sweeps them."""

ONCE = ("seeds", "seed")
"""Fields that select which networks are trained, and not how. They are not swept."""

OF_TASK = {"task": str, "lag_steps": int}
"""The axes that are derived from the task."""

Plain = str | int | float | bool | None


@dataclass(frozen=True)
class Place:
    """A place in a grid: the plain value of every axis, for grouping and filtering. ``configuration`` is the key of the
    configuration, which also covers other settings such as the task's other axes, budget and batch size."""

    configuration: str
    values: tuple[tuple[str, Plain], ...]

    def __getitem__(self, axis: str) -> Any:
        """The value of an axis. Raises ``KeyError`` for a name that is not an axis."""
        return dict(self.values)[axis]

    def as_json(self) -> dict[str, Plain]:
        return {**dict(self.values), "configuration": self.configuration}

    @staticmethod
    def from_json(document: Mapping[str, Any], where: str) -> Place:
        """The place in a document, which may have other entries too. ``where`` names the file. Raises ``BadFile``."""
        known, document = sweepable(Settings), settings_of(dict(document))
        younger = {name: known[name].meta.before for name in AXES if name in known}
        document = {**{name: value for name, value in younger.items() if value is not REQUIRED}, **document}
        if missing := [name for name in (*AXES, "configuration") if name not in document]:
            raise BadFile(f"{where} lacks the field '{missing[0]}'.")
        names = dict.fromkeys((*AXES, *(name for name in document if name in known)))
        axes = {name: document[name] for name in names}
        try:
            for name, value in axes.items():
                if name in known:
                    known[name].taken(value)
                else:
                    values.taken(OF_TASK[name], value)
            return Place(values.taken(str, document["configuration"]), tuple(axes.items()))
        except (ValueError, Problem) as why:
            raise BadFile(f"{where}: a value of its configuration {why}.") from None


@dataclass(frozen=True)
class Configuration:
    """One combination of a grid, with all its seeds. ``settings`` determine every bit of its results. Their
    ``initialisation`` is the requested text, so that "auto" is one place in the grid although it means different
    numbers at each lag. ``stored`` is the key under which a store already has it; ``swept`` are the axes that its study
    sweeps besides ``AXES``."""

    settings: Settings
    stored: str = ""
    swept: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """The name of the configuration in the store. Settings with the same key give the same results."""
        if self.stored:
            return self.stored
        text = json.dumps(self.settings.identity(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @cached_property
    def place(self) -> Place:
        s = self.settings
        of_task: dict[str, Plain] = {"task": s.task.name, "lag_steps": s.task.lag_steps}
        names = (*AXES, *self.swept)
        axes = {n: of_task[n] if n in of_task else cast("Plain", values.plain(getattr(s, n))) for n in names}
        return Place(self.key, tuple(axes.items()))


def sweepable(record: type[Settings]) -> dict[str, FieldInfo]:
    """The fields of settings that a grid may sweep, besides the task."""
    return {name: one for name, one in field_infos(record).items() if name not in ONCE}
