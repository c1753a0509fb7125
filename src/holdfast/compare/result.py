"""One finished point of a grid: one network, how it ended and what that took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import msgspec

from holdfast.compare.grid import Place
from holdfast.core.documents import convert
from holdfast.core.results import finite


@dataclass(frozen=True)
class Result:
    """One finished point: network ``seed`` at ``place``. ``verdict`` and figures are those of ``train.block.Outcome``;
    the slopes are decades per step of the gradient with respect to the state, going back from the answer, before and
    after training (None where no gradient arrives); ``seconds`` is its share of one core's time."""

    place: Place
    seed: int
    verdict: str
    sequences: int
    loss: float
    error_sup: float
    accuracy: float
    slope_start: float | None
    slope_end: float | None
    seconds: float

    @property
    def solved(self) -> bool:
        return self.verdict == "solved"

    def as_json(self) -> dict[str, Any]:
        """An entry of "points" in ``holdfast compare --json``."""
        p = self.place
        return {
            "task": p.task,
            "cell": p.cell,
            "lag_steps": p.lag_steps,
            "units": p.units,
            "learning_rate": p.learning_rate,
            "initialisation": p.initialisation,
            "update": p.update,
            "order": p.order,
            "layers": p.layers,
            "weights": p.weights,
            "seed": self.seed,
            "solved": self.solved,
            "sequences": self.sequences,
            "verdict": self.verdict,
            "loss": finite(self.loss),
            "error_sup": finite(self.error_sup),
            "accuracy": finite(self.accuracy),
            "slope_start": self.slope_start,
            "slope_end": self.slope_end,
            "seconds": self.seconds,
            "configuration": p.configuration,
        }

    @staticmethod
    def from_json(entry: Any, where: str = "a point of this study") -> Result:
        """A point as ``as_json`` writes it. Raises ``BadFile`` where it is foreign."""
        convert(entry, dict[str, Any], where)
        place = convert({f.name: entry[f.name] for f in fields(Place) if f.name in entry}, Place, where)
        return Result.of(place, {f.name: entry.get(f.name) for f in fields(Result) if f.name != "place"}, where)

    @staticmethod
    def of(place: Place, figures: Mapping[str, Any], where: str) -> Result:
        """The point at ``place`` with a file's figures, null where one is no number. Raises ``BadFile``."""
        named = {**figures, **{n: math.nan for n in ("loss", "error_sup", "accuracy") if figures.get(n) is None}}
        read = convert(named, _Figures, where)
        return Result(place, **msgspec.structs.asdict(read))


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
