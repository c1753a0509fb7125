"""What is searched, within which bounds, and what counts as solved: one frozen record, stored with every study."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np

from holdfast import cells
from holdfast.core.errors import refuse
from holdfast.core.formats import not_positive
from holdfast.core.rates import Rate
from holdfast.core.task import Task
from holdfast.engine.native import choice
from holdfast.engine.network import create
from holdfast.train.settings import Settings

WIDEST_BATCH = 256
CONFIRMATION = 2**32 - 1
"""The number, among those of trials, that the seeds of a confirmation are made from: no trial has it."""


@dataclass(frozen=True)
class Search:
    """Bounds are inclusive. ``units`` and ``layers`` bound the size, ``learning_rates`` Adam's rate (searched on a
    logarithmic scale), ``batches`` the sequences per update; ``initialisations`` are compared as they are named.

    Every trial trains ``seeds`` networks with at most ``budget`` sequences each. A setting *solves* the task where
    the lower end of the 95 % interval of its success rate is at least ``success``: in a trial, and once more over
    ``confirm`` networks with seeds that no trial has seen. ``seed`` is the root of all randomness.

    Raises ``BadValue`` with every reason at once, ``UnknownName`` for a cell that does not exist.
    """

    task: Task
    cell: str = "lstm"
    units: tuple[int, int] = (1, 32)
    layers: int = 1
    learning_rates: tuple[float, float] = (1e-3, 1e-1)
    batches: tuple[int, ...] = (8, 32)
    initialisations: tuple[str, ...] = ()
    budget: int = 30_000
    seeds: int = 8
    confirm: int = 20
    success: float = 0.5
    clip: float | None = 1.0
    seed: int = 0
    engine: str = "auto"

    def __post_init__(self) -> None:
        kind = cells.get(self.cell)
        if not self.initialisations:
            object.__setattr__(self, "initialisations", _schemes(self))
        if self.task.examples() is not None:
            # Given sequences: one update for all of them, as there are few.
            object.__setattr__(self, "batches", ())
        refuse(self._mistakes(), f"tune {self.task.name}, {self.cell}")
        for scheme in self.initialisations:
            replace(self.start, initialisation=scheme)
        object.__setattr__(self, "engine", choice.resolved(self.engine, kind))

    def _mistakes(self) -> list[str]:
        (small, large), (slow, fast) = self.units, self.learning_rates
        reasons = []
        if not 1 <= small <= large:
            reasons.append(f"--units is {small} {large}, expected two numbers from 1 up, the smaller first")
        reasons += not_positive("learning-rates", slow, fast)
        if slow > fast:
            reasons.append(f"--learning-rates is {slow:g} {fast:g}, expected the smaller first")
        for name in ("layers", "budget", "seeds", "confirm"):
            if getattr(self, name) < 1:
                reasons.append(f"--{name} is {getattr(self, name)}, expected at least 1")
        if self.task.examples() is None and not self.batches:
            reasons.append("--batches is empty, expected at least one number")
        reasons += [
            f"--batches has {size}, expected 1 to {WIDEST_BATCH}"
            for size in self.batches
            if not 1 <= size <= WIDEST_BATCH
        ]
        if not 0 < self.success < 1:
            reasons.append(f"--success is {self.success:g}, expected a share between 0 and 1")
            return reasons
        for name in ("seeds", "confirm"):
            most = getattr(self, name)
            if most >= 1 and not self.solves(Rate(most, most)):
                reasons.append(
                    f"--{name} is {most}, and even {Rate(most, most)} does not show a success of "
                    f"{100 * self.success:g} %: at least {_enough(self.success)} are needed"
                )
        return reasons

    def solves(self, rate: Rate) -> bool:
        """Whether so many of so many show that the success is at least what is asked."""
        return rate.interval[0] >= self.success

    @property
    def start(self) -> Settings:
        """The settings that the search begins with: the largest network, the usual rate, everything else as it is."""
        slow, fast = self.learning_rates
        return Settings(
            self.task,
            self.cell,
            self.units[1],
            1,
            initialisation="auto",
            batch=self.batches[-1] if self.batches else None,
            learning_rate=min(max(1e-2, slow), fast),
            clip=self.clip,
            budget=self.budget,
            seeds=self.seeds,
            seed=self.seed,
            engine=self.engine,
        )

    def settings(self, values: dict[str, Any], seeds: int, number: int) -> Settings:
        """The training with these values of what is searched; ``number`` decides the seeds of its networks."""
        (seed,) = np.random.SeedSequence([self.seed, number]).generate_state(1)
        return replace(self.start, **values, seeds=seeds, seed=int(seed))

    def weights(self, units: int, layers: int) -> int:
        """How many numbers such a network has, read-out included."""
        made = create(self.cell, self.task.inputs, units, self.task.outputs, layers)
        return sum(leaf.size for leaf in jax.tree.leaves(made))

    @cached_property
    def most_weights(self) -> int:
        return self.weights(self.units[1], self.layers)

    def most_units(self, weights: int, layers: int) -> int:
        """The largest number of units within the bounds with at most so many weights; 0 where there is none."""
        low, high = self.units[0] - 1, self.units[1]
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.weights(middle, layers) <= weights else (low, middle - 1)
        return low if low >= self.units[0] else 0

    def as_json(self) -> dict[str, Any]:
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "task"}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
        axes = {name: _listed(value) for name, value in dataclasses.asdict(self.task).items()}
        return {"task": {"name": self.task.name, **axes}, **plain}


def _listed(value: Any) -> Any:
    return [_listed(part) for part in value] if isinstance(value, tuple | list) else value


def _schemes(search: Search) -> tuple[str, ...]:
    """The initialisations that this cell has: a scheme for a gate means nothing where there is no gate."""
    kind = cells.get(search.cell)
    gated = ("keras+chrono", "keras") + (() if kind.keep == "forget" else ("keras+forget=1",))
    if kind.keep:
        return gated
    return ("keras+identity", "keras") if kind.identity else ("keras",)


def _enough(success: float) -> int:
    """So many seeds that all of them solving would show this success."""
    seeds = 1
    while Rate(seeds, seeds).interval[0] < success:
        seeds += 1
    return seeds
