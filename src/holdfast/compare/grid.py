"""A grid: one task over lags, cells, sizes, learning rates, first weights and ways of updating, many seeds each.

Every configuration of it (all axes but the seed) is one ``train.settings.Settings``; every seed of that is a point.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from holdfast.compare.lags import with_lag
from holdfast.core.documents import convert
from holdfast.core.errors import BadFile, BadValue, Problem, refuse
from holdfast.core.formats import not_positive
from holdfast.train.settings import Settings, make_task

SWEPT = ("cells", "units", "rates", "initialisations", "updates", "orders")
"""Axes that every grid has; none may be empty. ``lags`` may be None: the task's own."""

RATES = (1e-3, 3e-3, 1e-2)
"""Learning rates tried where nothing else is asked for: recurrent networks succeed in a narrow window of them."""

BUDGET = 20_000
"""Sequences per network where nothing else is asked for."""


@dataclass(frozen=True)
class Configuration:
    """One place of a grid, all seeds of it. ``settings`` decide every bit of its results; ``initialisation`` is as it
    was asked for, so that "auto" is one place in the grid though it means other numbers at every lag. ``stored`` is
    the key under which a store already has it."""

    settings: Settings
    stored: str = ""

    @cached_property
    def key(self) -> str:
        """Settings with the same key give the same results: the name of the configuration in the store."""
        if self.stored:
            return self.stored
        text = json.dumps(self.settings.as_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @cached_property
    def place(self) -> Place:
        s = self.settings
        return Place(
            s.task.name,
            s.cell,
            s.task.lag_steps,
            s.units,
            s.learning_rate,
            s.initialisation,
            s.update,
            s.order,
            s.layers,
            self.key,
            s.weights,
        )


@dataclass(frozen=True)
class Place:
    """Where in a grid: plain values to group and filter by. ``configuration`` names everything else as well, such as
    the task's other axes, budget and batch."""

    task: str
    cell: str
    lag_steps: int
    units: int
    learning_rate: float
    initialisation: str
    update: str
    order: str
    layers: int
    configuration: str
    weights: str = "shared"


@dataclass(frozen=True)
class Grid:
    """What is compared. ``axes`` are the task's own besides its length, ``lags`` in steps (None: the length that the
    task has with these axes), ``seeds`` networks per configuration from the root ``seed``; the rest is as in
    ``Settings`` and the same everywhere.

    Raises ``BadValue`` for an empty axis, a value twice, or settings that cannot be trained, with every reason.

    >>> Grid("recall", cells=("lstm", "gru"), lags=(10, 30), units=(8,), seeds=20).of
    240
    """

    task: str
    cells: tuple[str, ...] = ("elman", "lstm", "gru")
    lags: tuple[int, ...] | None = None
    units: tuple[int, ...] = (8, 32)
    rates: tuple[float, ...] = RATES
    initialisations: tuple[str, ...] = ("auto",)
    updates: tuple[str, ...] = ("batch",)
    orders: tuple[str, ...] = ("fixed",)
    axes: dict[str, Any] = field(default_factory=dict)
    seeds: int = 20
    seed: int = 0
    layers: int = 1
    weights: str = "shared"
    batch: int | None = None
    truncate: int | None = None
    clip: float | None = 1.0
    budget: int = BUDGET
    check_every: int | None = None
    stop: bool = True
    engine: str = "auto"

    def __post_init__(self) -> None:
        refuse(self._mistakes(), "this grid cannot be run")

    def _mistakes(self) -> list[str]:
        reasons = []
        for name in (*SWEPT, "lags"):
            values = getattr(self, name)
            flag = f"--{name}"
            if values is None:
                continue
            if not values:
                reasons.append(f"{flag} is empty, expected at least one value")
            for value in sorted({v for v in values if values.count(v) > 1}, key=str):
                reasons.append(f"{flag} has {value} twice")
        reasons += not_positive("rates", *self.rates)
        reasons += [f"--lags has {lag}, expected at least 1 step" for lag in self.lags or () if lag < 1]
        reasons += [f"--units has {n}, expected at least 1" for n in self.units if n < 1]
        if self.seeds < 1:
            reasons.append(f"--seeds is {self.seeds}, expected at least 1")
        return reasons

    @property
    def of(self) -> int:
        """Points, counted without making any."""
        lags = 1 if self.lags is None else len(self.lags)
        return self.seeds * lags * math.prod(len(getattr(self, name)) for name in SWEPT)

    def configurations(self) -> Iterator[Configuration]:
        """Every configuration in the grid's order. Raises ``BadValue`` or ``UnknownName`` at the first that cannot be,
        with its place."""
        seen: dict[int, int] = {}
        for lag in self.lags if self.lags is not None else (None,):
            task = make_task(self.task, self.axes) if lag is None else with_lag(self.task, self.axes, lag)
            if task.lag_steps in seen:
                refuse([f"--lags {seen[task.lag_steps]} and {lag} are the same {self.task}"], "this grid cannot be run")
            seen[task.lag_steps] = lag or task.lag_steps
            for cell, units, how, update, order, rate in itertools.product(
                self.cells, self.units, self.initialisations, self.updates, self.orders, self.rates
            ):
                try:
                    settings = Settings(
                        task,
                        cell,
                        units,
                        layers=self.layers,
                        weights=self.weights,
                        initialisation=how,
                        update=update,  # pyright: ignore[reportArgumentType] -- Settings refuses what is none
                        batch=self.batch if update != "sequence" else None,
                        order=order,
                        truncate=self.truncate if update != "step" else None,
                        learning_rate=rate,
                        clip=self.clip,
                        budget=self.budget,
                        check_every=self.check_every,
                        seeds=self.seeds,
                        seed=self.seed,
                        stop=self.stop,
                        engine=self.engine,
                    )
                    engine = settings.used_engine
                except Problem as problem:
                    problem.message = f"{self.task}, {cell}, {units} units, {how}: {problem.message}"
                    raise
                yield Configuration(replace(settings, engine=engine))

    def as_json(self) -> dict[str, Any]:
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    @staticmethod
    def from_json(document: Any, where: str = "the grid of this study") -> Grid:
        """A grid as a store keeps it; ``where`` names the file. Raises ``BadFile`` where it is foreign."""
        try:
            grid = convert(document, Grid, where)
        except BadValue as problem:  # the grid's own refusals
            raise BadFile(f"{where}: {problem.message}") from problem
        return replace(grid, axes=_frozen(grid.axes))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _frozen(v) for name, v in value.items()}
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
