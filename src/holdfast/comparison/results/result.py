"""One finished point of a grid: the result of training one network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import msgspec

from holdfast.comparison.grid.place import Place
from holdfast.core.documents import convert
from holdfast.training.block import FIGURES, Outcome


@dataclass(frozen=True)
class Result(Outcome):
    """The result of training the network ``seed`` at ``place``. ``slope_start`` and ``slope_end`` are the change of the
    gradient with respect to the state, in decades per step back in time from the answer, before and after training
    (None if no gradient arrives). ``seconds`` is this network's share of the time of one core."""

    place: Place
    slope_start: float | None
    slope_end: float | None
    seconds: float

    @property
    def point(self) -> tuple[str, int]:
        """The key of the point in a store: (configuration, seed)."""
        return self.place.configuration, self.seed

    def __getitem__(self, axis: str) -> Any:
        """The value of an axis of its place: ``point["lag_steps"]``."""
        return self.place[axis]

    def as_json(self) -> dict[str, object]:
        """An entry of "points" in ``holdfast compare --json``."""
        slopes = {"slope_start": self.slope_start, "slope_end": self.slope_end}
        own = {**super().as_json(), **slopes, "seconds": self.seconds}
        return {**dict(self.place.values), **own, "configuration": self.place.configuration}

    @staticmethod
    def from_json(entry: object, where: str = "a point of this study") -> Result:
        """The point in a document of ``as_json``. Raises ``BadFile`` if the document is not a point."""
        read = convert(entry, dict[str, Any], where)
        figures = {f.name: read.get(f.name) for f in fields(Result) if f.name != "place"}
        return Result.of(Place.from_json({n: v for n, v in read.items() if n not in figures}, where), figures, where)

    @staticmethod
    def of(place: Place, figures: Mapping[str, object], where: str) -> Result:
        """The point at ``place`` with the figures of a file; null stands for NaN. Raises ``BadFile``."""
        named = {**figures, **{n: math.nan for n in FIGURES if figures.get(n) is None}}
        read = convert(named, _Figures, where)
        return Result(place=place, **msgspec.structs.asdict(read))


Count = Annotated[int, msgspec.Meta(ge=0)]


class _Figures(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a ``Result`` without its place."""

    seed: Count
    verdict: Literal["solved", "not solved", "nan", "interrupted"]
    sequences: Count
    loss: float
    error_sup: float
    accuracy: float
    slope_start: float | None
    slope_end: float | None
    seconds: Annotated[float, msgspec.Meta(ge=0)]
