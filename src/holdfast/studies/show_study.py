"""A built-in study as ``holdfast show`` describes it: its question, the verdicts of its kept run, and their figures.

It is read without JAX, so that it is shown at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from holdfast.core.documents import convert, read_json
from holdfast.core.registry import Folder
from holdfast.core.results import Part, Table, Text
from holdfast.core.text import paragraphs
from holdfast.studies.description import Description
from holdfast.studies.kept import FOLDER


class KeptVerdict(msgspec.Struct):
    """``comparison.results.verdicts.Verdict`` as it is kept."""

    claim: str
    figures: dict[str, str | float | int | None]
    verdict: Literal["holds", "does not hold", "undecided"]
    why: str


class _Kept(msgspec.Struct):
    """What is read of a kept run."""

    verdicts: list[KeptVerdict]
    machine: dict[str, str | int | float | None]
    of: int


def study(folder: Folder, name: str, kept: Path = FOLDER) -> Description:
    """The study ``name`` of ``folder``. Raises ``BadFile`` where its run cannot be read."""
    text = paragraphs(folder.docstring(name))
    document: dict[str, Any] = {"name": name, "question": folder.sentence(name), "networks": None, "verdicts": None}
    again = f"To run it: holdfast compare --study {name}"
    parts: list[Part] = [Text(text, name)]
    file = kept / f"{name}.json"
    if not file.is_file():
        return Description(document, [*parts, Text(f"No run of this study is kept. {again}")])
    run = convert(read_json(file, "a study as it is kept"), _Kept, str(file))
    document |= {"networks": run.of, "verdicts": msgspec.to_builtins(run.verdicts), "machine": run.machine}
    figures = [
        (verdict.claim if number == 0 else "", figure, "-" if value is None else str(value))
        for verdict in run.verdicts
        for number, (figure, value) in enumerate(verdict.figures.items())
    ]
    machine = run.machine
    seconds = machine.get("wall_seconds")
    took = "in several parts" if seconds is None else f"in {seconds:,} s"
    by = f"holdfast {machine.get('holdfast')}"
    on = f"{machine.get('cores')} cores ({machine.get('processor')})"
    ran = f"{run.of:,} networks, trained by {by} {took} on {on}."
    counts = [
        f"{sum(v.verdict == word for v in run.verdicts)} {word}" for word in ("holds", "does not hold", "undecided")
    ]
    parts += [
        Table(("claim", "verdict", "why"), tuple((v.claim, v.verdict, v.why) for v in run.verdicts), "Verdicts"),
        Text(f"Of {len(run.verdicts)} claims: {', '.join(counts)}."),
        Table(("claim", "figure", "value"), tuple(figures), "Measured"),
        Text(f"{ran}\n{again}"),
    ]
    return Description(document, parts)
