"""Summarise the points at one place in a grid: the best learning rate and its results, corrected for selection bias.

The learning rate is selected by the success of all seeds, so its success rate is biased upwards. Two figures account
for this. ``interval`` is simultaneous: for R rates, each has a Wilson interval at the level 1 - 0.05 / R (Bonferroni),
so that with probability 95 % all R intervals hold, including that of the selected rate. ``crossed`` is free of
selection bias: even seeds select a rate on which the odd seeds are counted, and vice versa. Up to nine rates, the
simultaneous interval is narrower than one from half of the seeds.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.comparison.grid.place import Plain
from holdfast.comparison.results.result import Result
from holdfast.core.rates import Rate, quartiles


@dataclass(frozen=True)
class LearningRateResult:
    """The result of one learning rate: the success rate, and the median of sequences to success (None if no network
    succeeded)."""

    learning_rate: float
    success: Rate
    sequences: float | None


@dataclass(frozen=True)
class Summary:
    """The summary of one place: it has one value of every axis other than the learning rate (``line["cell"]``).
    ``rates`` are the results of all learning rates, the smallest first. The other figures are those of ``best_rate``:
    quartiles of sequences to success, and medians of the gradient's slopes in decades per step."""

    place: tuple[tuple[str, Plain], ...]
    best_rate: float
    success: Rate
    interval: tuple[float, float]
    crossed: Rate
    sequences_to_success: tuple[float, float, float] | None
    slope_start: float | None
    slope_end: float | None
    rates: tuple[LearningRateResult, ...]

    def __getitem__(self, axis: str) -> Any:
        """The value of an axis."""
        return dict(self.place)[axis]

    @property
    def solved(self) -> int:
        return self.success.solved

    @property
    def of(self) -> int:
        return self.success.of

    def as_json(self) -> dict[str, object]:
        """An entry of "summary" in ``holdfast compare --json``."""
        return {
            **dict(self.place),
            "best_rate": self.best_rate,
            "solved": self.solved,
            "of": self.of,
            "interval": list(self.interval),
            "crossed": {"solved": self.crossed.solved, "of": self.crossed.of},
            "sequences_to_success": list(self.sequences_to_success) if self.sequences_to_success else None,
            "slope_start": self.slope_start,
            "slope_end": self.slope_end,
            "rates": [
                {
                    "learning_rate": r.learning_rate,
                    "solved": r.success.solved,
                    "of": r.success.of,
                    "interval": list(r.success.interval),
                    "sequences": r.sequences,
                }
                for r in self.rates
            ],
        }


def summarise(points: Iterable[Result]) -> tuple[Summary, ...]:
    """A summary of every place that has points, in the order of first appearance."""
    lines: dict[tuple, dict[float, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in points:
        place = tuple((name, value) for name, value in result.place.values if name != "learning_rate")
        lines[place][result["learning_rate"]].append(result)
    return tuple(_line(place, by_rate) for place, by_rate in lines.items())


def _line(place: tuple[tuple[str, Plain], ...], by_rate: dict[float, list[Result]]) -> Summary:
    best = _best(by_rate)
    chosen = by_rate[best]
    read = [r.sequences for r in chosen if r.solved]
    success = _rate(chosen)
    return Summary(
        place,
        best_rate=best,
        success=success,
        interval=success.simultaneous(len(by_rate)),
        crossed=_crossed(by_rate),
        sequences_to_success=quartiles(read),
        slope_start=_median(r.slope_start for r in chosen),
        slope_end=_median(r.slope_end for r in chosen),
        rates=tuple(LearningRateResult(rate, _rate(some), _taken(some)) for rate, some in sorted(by_rate.items())),
    )


def _best(by_rate: dict[float, list[Result]]) -> float:
    """The learning rate with the highest success rate; ties go to the fewest sequences, then to the smallest rate."""

    def merit(rate: float) -> tuple[float, float, float]:
        some = by_rate[rate]
        return (-_rate(some).solved / max(1, len(some)), _taken(some) or float("inf"), rate)

    return min(by_rate, key=merit)


def _crossed(by_rate: dict[float, list[Result]]) -> Rate:
    """The success rate with each half of the seeds evaluated at the learning rate that the other half selects."""
    solved = of = 0
    for judged in (0, 1):
        halves = [
            {rate: [r for r in some if r.seed % 2 == parity] for rate, some in by_rate.items()}
            for parity in (1 - judged, judged)
        ]
        choosing, counted = ({rate: some for rate, some in half.items() if some} for half in halves)
        rates = {rate: some for rate, some in choosing.items() if rate in counted}
        if rates:
            some = counted[_best(rates)]
            solved, of = solved + _rate(some).solved, of + len(some)
    return Rate(solved, of)


def _rate(some: Sequence[Result]) -> Rate:
    return Rate(sum(r.solved for r in some), len(some))


def _taken(some: Sequence[Result]) -> float | None:
    return _median(r.sequences for r in some if r.solved)


def _median(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(statistics.median(known)) if known else None
