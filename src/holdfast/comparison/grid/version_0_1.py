"""Grids in the format of version 0.1: lists of some fields under different names, and lags in place of tasks."""

from __future__ import annotations

from typing import Any

import msgspec

from holdfast.cells._former import FORMER, settings_of
from holdfast.comparison.grid.grid import Grid, formed
from holdfast.comparison.grid.lags import with_lags
from holdfast.core.documents import convert
from holdfast.core.fields import field_infos
from holdfast.training.rules import RULES
from holdfast.training.settings import Settings, make_task

FIELDS = {
    "cells": "cell",
    "units": "units",
    "initialisations": "initialisation",
    "updates": "update",
    "orders": "order",
    "rates": "learning_rate",
}
"""The lists, and the fields of ``Settings`` that they stand for."""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    task: str
    cells: list[str]
    lags: list[int] | None
    units: list[int]
    rates: list[float]
    initialisations: list[str]
    updates: list[str]
    orders: list[str]
    axes: dict[str, Any]
    seeds: int
    seed: int
    layers: int
    batch: int | None
    truncate: int | None
    clip: float | None
    budget: int
    check_every: int | None
    stop: bool
    engine: str
    gradient: str = "full"
    weights: str = "shared"


def renamed(document: object) -> list[Any]:
    """The grids of a document in current names. A cell with a former name becomes a grid of its own, since it is now
    another cell with other settings. A document of another format is returned unchanged."""
    if not isinstance(document, dict):
        return [document]
    names, schemes = document.get("cells"), document.get("initialisations")
    if not isinstance(names, list) or not isinstance(schemes, list) or not schemes:
        return [document]
    if not all(isinstance(value, str) for value in [*names, *schemes]):
        return [document]
    former = [name for name in names if name in FORMER]
    usual = [name for name in names if name not in former]
    made = [{**document, "cells": usual}] if usual or not former else []
    for name in former:
        now = [settings_of({"cell": name, "initialisation": scheme}) for scheme in schemes]
        (cell, *_), how = ([one.pop(field) for one in now] for field in ("cell", "initialisation"))
        made.append({**document, **now[0], "cells": [cell], "initialisations": list(dict.fromkeys(how))})
    return made


def read(document: object, where: str) -> Grid:
    """The grid in a document. Raises ``BadFile`` if it is not a grid of version 0.1, and the errors of ``Grid``."""
    old = msgspec.structs.asdict(convert(document, _Document, where))
    name, lags, axes = old.pop("task"), old.pop("lags"), old.pop("axes")
    over: dict[str, Any] = {
        "task": [make_task(name, axes)] if lags is None else with_lags(name, axes, lags),
        **{field: old.pop(plural) for plural, field in FIELDS.items()},
    }
    for field in ("batch", "truncate"):  # version 0.1 left out fields that no update rule of the grid uses
        if over["update"] and all(field in RULES.parse(rule).unused for rule in over["update"]):
            old[field] = None
    for field in ("stop", "engine"):
        old[field] = field_infos(Settings)[field].renewed(old[field])
    return formed(old, over)
