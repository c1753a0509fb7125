"""What the page of the laboratory holds besides its engine: cells in words, settings, tour, and constructed weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.core.cell import Cell
from holdfast.engine.readings.equation import equation
from holdfast.engine.readings.record import record
from holdfast.engine.resolve import resolve
from holdfast.laboratory import tour
from holdfast.laboratory.settings import CHOICES, DEFAULTS, LIMITS


def document(
    names: Iterable[str],
    *,
    settings: Mapping[str, Any] | None = None,
    guide: Mapping[str, Any] | None = None,
    constructed: Mapping[str, Any] | None = None,
    version: str = "",
) -> dict[str, Any]:
    """The document for ``report.page.render("lab", ...)``, with the cells of these ``names``.

    ``settings`` override the defaults; ``guide`` is a tour (default: holdfast's own); ``constructed`` has the settings,
    weights, error and sentence of the network of the last stop.
    """
    return {
        "holdfast": version,
        "cells": {name: cell_as_data(resolve(name)) for name in names},
        "settings": DEFAULTS | dict(settings or {}),
        "choices": CHOICES,
        "limits": LIMITS,
        "tour": dict(guide or tour.own()),
        "tour_form": tour.form(),
        "constructed": None if constructed is None else dict(constructed),
    }


def cell_as_data(cell: Cell) -> dict[str, Any]:
    """A cell in words: its equation, and its gates with their letter, last word and whether they have one number for
    every unit."""
    recording = record(cell)
    words = dict(zip(cell.gates, (gate.word for gate in recording.gates), strict=True))
    return {
        "title": cell.title,
        "equation": equation(cell),
        "gates": list(cell.gates),
        "states": list(cell.states),
        "letters": dict(cell.letters),
        "words": words,
        "of_units": [name for name in (*cell.gates, *cell.states) if cell.axes_of(name) == ("unit",)],
        "memory": cell.memory,
        "keep": cell.keep,
        "write": cell.write,
        "maps": [{"name": m.source, "gates": list(m.gates), "diagonal": m.diagonal} for m in cell.maps],
    }
