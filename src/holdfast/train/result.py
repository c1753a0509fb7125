"""What a training gives: every network's outcome, the success rate, and what sequences to success took."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from holdfast.core.rates import Rate
from holdfast.core.results import Part, Table, Text, finite
from holdfast.engine.network import Network
from holdfast.train.block import Outcome
from holdfast.train.settings import Settings


@dataclass(frozen=True)
class Training:
    """``outcomes`` in the order of the networks' numbers; ``history`` has a row per check and network; ``run`` and
    ``weights`` say where it is kept, if it is."""

    settings: Settings
    outcomes: tuple[Outcome, ...]
    networks: Mapping[int, Network] = field(repr=False)
    history: Sequence[Mapping[str, Any]] = field(repr=False)
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
        low, middle, high = statistics.quantiles(read, n=4, method="inclusive") if len(read) > 1 else read * 3
        return (float(low), float(middle), float(high))

    def as_json(self) -> dict[str, Any]:
        """The document of ``holdfast train --json``; figures that are not numbers are null."""
        s, quartiles, numbers = self.settings, self.sequences_to_success, self.settings.task.criterion.of_numbers
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
                    "error_sup": finite(o.error_sup) if numbers else None,
                    "accuracy": None if numbers else finite(o.accuracy),
                }
                for o in self.outcomes
            ],
            "run": str(self.run) if self.run else None,
            "weights": list(self.weights),
            "settings": s.as_json(),
        }

    def parts(self) -> list[Part]:
        """What ``holdfast train`` prints: what was done, every network's line, the rate, where things are."""
        s, quartiles = self.settings, self.sequences_to_success
        said = [f"Solved: {self.rate}. Criterion: {s.task.criterion}."]
        if quartiles:
            low, middle, high = quartiles
            said.append(f"Sequences to success: median {middle:,.0f}, quartiles {low:,.0f} to {high:,.0f}.")
        if self.interrupted:
            said.append(f"Interrupted; go on with: holdfast train --resume {self.run}")
        if self.run:
            said.append(f"Run: {self.run}")
        return [Text(self._set_up()), seeds_table(self.as_json()), Text("\n".join(said))]

    def _set_up(self) -> str:
        s = self.settings
        values = {f.name: getattr(s.task, f.name) for f in fields(s.task)}
        axes = ", ".join(f"{name} {_shown(value)}" for name, value in values.items() if value is not None)
        clip = f", gradient clipped at norm {s.clip:g}" if s.clip is not None else ""
        cut = f", gradient cut every {s.truncate} steps" if s.truncate is not None else ""
        deep = f"{s.layers} x {s.units}" if s.layers > 1 else str(s.units)
        return (
            f"{s.task.name}: {axes}\n{s.cell}: {deep} units, initialisation {s.how}; update per {s.update} of "
            f"{s.rows}, Adam {s.learning_rate:g}{clip}{cut}; at most {s.budget:,} sequences; seed {s.seed}"
        )


def seeds_table(document: Mapping[str, Any], title: str = "") -> Table:
    """A line for every network of a training, from its document: that of ``Training.as_json``, stored or not."""
    seeds = document["seeds"]
    of_numbers = all(seed["accuracy"] is None for seed in seeds)  # to which it does not apply
    figure, name = ("error_sup", "largest error") if of_numbers else ("accuracy", "accuracy")
    rows = [
        (str(s["seed"]), s["verdict"], f"{s['sequences']:,}", _number(s["loss"]), _number(s[figure])) for s in seeds
    ]
    return Table(("seed", "verdict", "sequences", "loss", name), tuple(rows), title)


def _number(value: float | None) -> str:
    """With three digits; JSON has null for what is none."""
    return "nan" if value is None else f"{value:.3g}"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(",".join(part) if isinstance(part, tuple) else f"{part:g}" for part in value)
    return str(value)
