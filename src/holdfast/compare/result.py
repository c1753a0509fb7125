"""One finished point of a grid: one network, how it ended and what that took."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from holdfast.compare.grid import Place
from holdfast.core.errors import BadFile
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
    def from_json(entry: dict[str, Any]) -> Result:
        """A point as ``as_json`` writes it. Raises ``BadFile`` where it is foreign."""
        try:
            place = Place(**{f.name: entry[f.name] for f in fields(Place)})
            figures = {f.name: entry[f.name] for f in fields(Result) if f.name != "place"}
        except (KeyError, TypeError) as error:
            raise BadFile(f"this is no point of a study: {error!r}.") from error
        for name in ("loss", "error_sup", "accuracy"):
            figures[name] = float("nan") if figures[name] is None else figures[name]
        return Result(place, **figures)
