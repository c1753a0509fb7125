"""What a training gives: every network's outcome, the success rate, and what sequences to success took."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.core.rates import Rate
from holdfast.core.results import Table, finite
from holdfast.engine.network import Network
from holdfast.train.block import Outcome
from holdfast.train.settings import Settings


@dataclass
class Training:
    """``outcomes`` in the order of the networks' numbers; ``history`` has a row per check and network."""

    settings: Settings
    outcomes: tuple[Outcome, ...]
    networks: dict[int, Network] = field(repr=False)
    history: list[dict[str, Any]] = field(repr=False)
    interrupted: bool = False
    run: Path | None = None
    weights: tuple[str, ...] = ()

    @property
    def rate(self) -> Rate:
        return Rate(sum(o.solved for o in self.outcomes), len(self.outcomes))

    @property
    def sequences_to_success(self) -> tuple[float, float, float] | None:
        """First quartile, median and third quartile over the networks that solved the task; None where none did."""
        read = sorted(o.sequences for o in self.outcomes if o.solved)
        if not read:
            return None
        if len(read) == 1:
            return (float(read[0]),) * 3
        low, middle, high = statistics.quantiles(read, n=4, method="inclusive")
        return (low, middle, high)

    def as_json(self) -> dict[str, Any]:
        """The document of ``holdfast train --json``; figures that are not numbers are null."""
        s, quartiles = self.settings, self.sequences_to_success
        return {
            "task": s.task.name,
            "cell": s.cell,
            "units": s.units,
            "solved": self.rate.solved,
            "of": self.rate.of,
            "interval": list(self.rate.interval),
            "sequences_to_success": list(quartiles) if quartiles else None,
            "criterion": str(s.task.criterion),
            "interrupted": self.interrupted,
            "seeds": [
                {
                    "seed": o.seed,
                    "solved": o.solved,
                    "sequences": o.sequences,
                    "verdict": o.verdict,
                    "loss": finite(o.loss),
                    "error_sup": finite(o.error_sup) if self._real else None,
                    "accuracy": None if self._real else finite(o.accuracy),
                }
                for o in self.outcomes
            ],
            "run": str(self.run) if self.run else None,
            "weights": list(self.weights),
            "settings": s.as_json(),
        }

    @property
    def _real(self) -> bool:
        return self.settings.task.criterion.metric == "error_sup"

    def table(self) -> Table:
        """Every network's line."""
        last = "largest error" if self._real else "accuracy"
        rows = [
            (str(o.seed), o.verdict, f"{o.sequences:,}", f"{o.loss:.3g}", f"{self._figure(o):.3g}")
            for o in self.outcomes
        ]
        return Table(("seed", "verdict", "sequences", "loss", last), tuple(rows))

    def _figure(self, outcome: Outcome) -> float:
        return outcome.error_sup if self._real else outcome.accuracy
