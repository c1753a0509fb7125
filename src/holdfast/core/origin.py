"""Where a network's weights come from, as its file says it: checked in shape, believed by no proof.

    {"settings": {"task": {"name": "recall", ...}, ...}}                     trained
    {"constructed": {"task": "recall", "axes": {...}, "claim": {...}}}       constructed
    {"imported": {"from": "keras", "file": ..., "task": {"name": ...}}}      imported; the task where it was given
    {"definitions": {"cells/leaky_unit": "class LeakyUnit: ..."}}            the text of what was registered

Everything else in it is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from holdfast.core.documents import STEPS, convert, parse_json

Length = Annotated[int, msgspec.Meta(ge=1, le=STEPS)]
Error = Annotated[float, msgspec.Meta(ge=0)]


class _Task(msgspec.Struct):
    """Its axes are compared with the task's own fields where the task is made (``core.task.with_axes``)."""

    name: str


class _Settings(msgspec.Struct):
    task: _Task


class _Claim(msgspec.Struct, frozen=True):
    """``core.claim.Claim.as_json``, or a part of it."""

    error: Error | None = None
    steps: Length | Literal["any"] | None = None
    semantics: str = ""
    dtype: str = ""
    range: tuple[float, float] | None = None
    least_steps: Length = 1


class _Constructed(msgspec.Struct):
    task: str
    axes: dict[str, Any]
    claim: _Claim = _Claim()


class _Imported(msgspec.Struct):
    task: _Task | None = None


class _Origin(msgspec.Struct):
    settings: _Settings | None = None
    constructed: _Constructed | None = None
    imported: _Imported | None = None
    definitions: dict[str, str] = {}


KNOWN = _Origin.__struct_fields__
"""What is looked at; null is as good as absent."""


def parse(text: str, where: str) -> dict[str, Any]:
    """The origin in a file's metadata, plain. Raises ``BadFile`` with the key that is wrong."""
    document = parse_json(text, where)
    convert(document, _Origin, where)
    return {key: value for key, value in document.items() if value is not None or key not in KNOWN}


def task_of(origin: Mapping[str, Any]) -> dict[str, Any]:
    """The task that a network was trained on, constructed or imported for: its ``name`` and its axes; empty where
    unknown."""
    if settings := origin.get("settings"):
        return dict(settings["task"])
    if task := origin.get("imported", {}).get("task"):
        return dict(task)
    made = origin.get("constructed")
    return {"name": made["task"], **{k: v for k, v in made["axes"].items() if k != "name"}} if made else {}
