"""One finished point of a grid: one network, how it ended and what that took."""

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
    """One finished point: how the network ``seed`` at ``place`` ended. The slopes are decades per step of the gradient
    with respect to the state, going back from the answer, before and after training (None where no gradient arrives);
    ``seconds`` is its share of one core's time."""

    place: Place
    slope_start: float | None
    slope_end: float | None
    seconds: float

    @property
    def point(self) -> tuple[str, int]:
        """By which a store knows it: (configuration, seed)."""
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
        """A point as ``as_json`` writes it. Raises ``BadFile`` where it is foreign."""
        read = convert(entry, dict[str, Any], where)
        figures = {f.name: read.get(f.name) for f in fields(Result) if f.name != "place"}
        return Result.of(Place.from_json({n: v for n, v in read.items() if n not in figures}, where), figures, where)

    @staticmethod
    def of(place: Place, figures: Mapping[str, object], where: str) -> Result:
        """The point at ``place`` with a file's figures, null where one is no number. Raises ``BadFile``."""
        named = {**figures, **{n: math.nan for n in FIGURES if figures.get(n) is None}}
        read = convert(named, _Figures, where)
        return Result(place=place, **msgspec.structs.asdict(read))


Count = Annotated[int, msgspec.Meta(ge=0)]


class _Figures(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a ``Result`` but its place."""

    seed: Count
    verdict: Literal["solved", "not solved", "nan", "interrupted"]
    sequences: Count
    loss: float
    error_sup: float
    accuracy: float
    slope_start: float | None
    slope_end: float | None
    seconds: Annotated[float, msgspec.Meta(ge=0)]
