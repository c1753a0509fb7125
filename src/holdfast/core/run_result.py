"""``result.json`` of a run folder, as it is read again: ``train.result.Training.as_json`` wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from holdfast.core.documents import convert, read_json
from holdfast.core.errors import BadFile

Count = Annotated[int, msgspec.Meta(ge=0)]


class _Seed(msgspec.Struct):
    seed: Count
    verdict: str
    sequences: Count
    loss: float | None
    error_sup: float | None
    accuracy: float | None


class _Result(msgspec.Struct):
    """The fields that are read; a later version may write more."""

    task: str
    cell: str
    units: Count
    solved: Count
    of: Count
    criterion: str
    interrupted: bool
    seeds: list[_Seed]


def read_result(path: Path) -> dict[str, Any]:
    """The document, plain. Raises ``BadFile`` with the key that is wrong."""
    document = read_json(path, "the result of a run")
    read = convert(document, _Result, str(path))
    if read.solved > read.of:
        raise BadFile(f"{path}: solved is {read.solved}, expected at most {read.of}, the number of networks.")
    return document
