"""A guided tour of the laboratory: stops of one sentence and one action each, as teachers write them in JSON.

    {"title": "...", "stops": [{"title": "...", "text": "one sentence", "label": "words of the button", "do": "train",
                                "epochs": 250, "set": {"cell": "gru"}}]}

``form()`` describes what a stop may contain; the page checks a file that it is given against the same form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from holdfast.core.errors import BadFile
from holdfast.laboratory.settings import DEFAULTS

OWN = Path(__file__).with_name("tour.json")
ACTIONS = ("train", "reset", "exchange", "gate", "weight", "read", "construct")
MOST_STOPS, MOST_CHARACTERS, MOST_BYTES = 50, 400, 1_000_000


def form() -> dict[str, Any]:
    """The fields of a stop by name: "text", "whole" (a whole number of at least 1) or "settings"; ``needed`` are those
    that every stop has."""
    return {
        "fields": {
            "title": "text",
            "text": "text",
            "label": "text",
            "do": "text",
            "gate": "text",
            "step": "whole",
            "epochs": "whole",
            "set": "settings",
        },
        "needed": ["title", "text", "label", "do"],
        "actions": list(ACTIONS),
        "most_stops": MOST_STOPS,
        "most_characters": MOST_CHARACTERS,
    }


def own() -> dict[str, Any]:
    """The tour of holdfast."""
    return json.loads(OWN.read_text(encoding="utf-8"))


def read(path: Path | str) -> dict[str, Any]:
    """The tour in a file. Raises ``BadFile`` with a sentence for every mistake."""
    place = Path(path)
    try:
        if place.stat().st_size > MOST_BYTES:
            raise BadFile(f"{place}: a tour has at most {MOST_BYTES:,} bytes.")
        tour: object = json.loads(place.read_text(encoding="utf-8"))
    except OSError as why:
        raise BadFile(f"{place}: the tour cannot be read ({why.strerror}).") from None
    except (ValueError, RecursionError) as why:
        raise BadFile(f"{place}: this is no JSON ({why}).", "A tour is a JSON file; see docs/lab.md.") from None
    return checked(tour, str(place))


def checked(tour: object, where: str = "the tour") -> dict[str, Any]:
    """The tour. Raises ``BadFile`` with a sentence for every mistake."""
    wrong = list(mistakes(tour))
    if wrong:
        raise BadFile(f"{where}: " + " ".join(wrong), "docs/lab.md has an example.")
    return cast("dict[str, Any]", tour)


def mistakes(tour: object) -> Iterator[str]:
    """One sentence for every mistake of a tour.

    >>> list(mistakes({"title": "T", "stops": []}))
    ['A tour has between 1 and 50 stops under "stops".']
    """
    if not isinstance(tour, Mapping):
        yield 'A tour is an object with "title" and "stops".'
        return
    whole = cast("Mapping[str, object]", tour)
    for name in whole:
        if name not in ("title", "stops"):
            yield f'A tour has no "{name}", only "title" and "stops".'
    if not _is_text(whole.get("title")):
        yield f'A tour has a "title" of 1 to {MOST_CHARACTERS} characters.'
    stops = whole.get("stops")
    if not isinstance(stops, Sequence) or isinstance(stops, str) or not 1 <= len(stops) <= MOST_STOPS:
        yield f'A tour has between 1 and {MOST_STOPS} stops under "stops".'
        return
    for number, stop in enumerate(cast("Sequence[object]", stops), 1):
        if isinstance(stop, Mapping):
            yield from (f"Stop {number}: {wrong}" for wrong in _of_stop(cast("Mapping[str, object]", stop)))
        else:
            yield f"Stop {number}: it is no object."


def _of_stop(stop: Mapping[str, object]) -> Iterator[str]:
    told = form()
    for name in told["needed"]:
        if name not in stop:
            yield f'"{name}" is missing.'
    for name, value in stop.items():
        kind = told["fields"].get(name)
        if kind is None:
            yield f'"{name}" is unknown; a stop has {", ".join(told["fields"])}.'
        elif kind == "text" and not _is_text(value):
            yield f'"{name}" is expected to be a text of 1 to {MOST_CHARACTERS} characters.'
        elif kind == "whole" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            yield f'"{name}" is expected to be a whole number of at least 1.'
        elif kind == "settings":
            yield from _of_settings(value)
    if isinstance(stop.get("do"), str) and stop["do"] not in ACTIONS:
        yield f'"do" is "{stop["do"]}", expected one of {", ".join(ACTIONS)}.'


def _of_settings(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield '"set" is expected to be an object of settings.'
        return
    for name in cast("Mapping[str, object]", value):
        if name not in DEFAULTS:
            yield f'"set" has the unknown setting "{name}"; known are {", ".join(DEFAULTS)}.'


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MOST_CHARACTERS
