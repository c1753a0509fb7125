"""A block: some networks that are trained together on one core, from evaluation to evaluation, until all are done."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import numpy as np

from holdfast.core.results import finite
from holdfast.engine.network import Network
from holdfast.training.learner import Learner
from holdfast.training.programs import Programs
from holdfast.training.stops import Check, Figures

FIGURES = ("loss", "error_sup", "accuracy")
"""The figures of an evaluation that are stored."""

PIECE_SECONDS = 1.0
"""About how long a compiled call runs before progress is reported and a stop is checked for."""


@dataclass(frozen=True)
class Outcome:
    """The result of training one network. ``sequences`` is the number of sequences up to the verdict: ``solved``, ``not
    solved`` (the budget is used up), ``nan`` (training diverged) or ``interrupted``. The figures are those of the last
    evaluation: ``loss`` in nats or squared units of the target, ``error_sup`` in units of the target."""

    seed: int
    verdict: str
    sequences: int
    loss: float
    error_sup: float
    accuracy: float

    @property
    def solved(self) -> bool:
        return self.verdict == "solved"

    def as_json(self) -> dict[str, object]:
        """The outcome as plain JSON; figures that are not finite are null."""
        figures = {name: finite(getattr(self, name)) for name in FIGURES}
        return {
            "seed": self.seed,
            "solved": self.solved,
            "sequences": self.sequences,
            "verdict": self.verdict,
            **figures,
        }


def reported(row: Mapping[str, Any], of_numbers: bool) -> dict[str, Any]:
    """A row of history as it is handed out. Of a task of numbers ``accuracy`` is None: no output is a symbol."""
    return {**row, "accuracy": None} if of_numbers else dict(row)


@dataclass
class Block:
    """The networks ``numbers`` in training: ``drawn`` batches were read; ``history`` has their evaluations,
    ``outcomes`` and ``solutions`` the results and networks of those that are done."""

    numbers: list[int]
    learner: Learner
    drawn: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    solutions: dict[int, Network] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return len(self.outcomes) == len(self.numbers)

    def network(self, number: int) -> Network:
        """The result for network ``number``: as it was when it solved the task, or as it is now."""
        if number in self.solutions:
            return self.solutions[number]
        lane = self.numbers.index(number)
        return jax.tree.map(lambda a: np.asarray(a)[lane], self.learner.network)

    def networks(self) -> list[Network]:
        """All networks as they are now, one by one."""
        together = jax.device_get(self.learner.network)
        return [jax.tree.map(lambda a, lane=lane: a[lane], together) for lane in range(len(self.numbers))]


def run(block: Block, programs: Programs, stopped: Callable[[], bool], tell: Callable[[Block], None]) -> None:
    """Train ``block`` until every network is done or ``stopped()`` is true. ``tell`` is called after every piece."""
    settings = programs.settings
    batches = 1
    while not block.done and not stopped():
        check = min((block.drawn // settings.check_batches + 1) * settings.check_batches, settings.batches)
        count = min(batches, check - block.drawn)
        began = time.perf_counter()
        block.learner = programs.learn(block.learner, count)
        seconds = time.perf_counter() - began
        block.drawn += count
        # The next piece takes about PIECE_SECONDS. The division into pieces does not affect the result.
        batches = max(1, min(4 * batches, int(count * PIECE_SECONDS / max(seconds, 1e-6))))
        if block.drawn == check:
            _check(block, programs)
        tell(block)


def _check(block: Block, programs: Programs) -> None:
    settings = programs.settings
    at_end, criterion = block.drawn >= settings.batches, settings.task.criterion
    drawn_afresh, of_dataset = settings.task.examples() is None, criterion.of_dataset
    read, streaks = np.asarray(block.learner.drawn), block.learner.streak
    for lane, (number, network) in enumerate(zip(block.numbers, block.networks(), strict=True)):
        if number in block.outcomes:
            continue
        sequences = min(int(read[lane]) * settings.rows, settings.budget)
        figures = programs.validate(network, number, block.drawn)
        earlier = [row for row in block.history if row["seed"] == number]
        block.history.append({"seed": number, "sequences": sequences, **_reported(figures)})
        streak = 0 if streaks is None else int(np.asarray(streaks)[lane])
        # With given sequences, every evaluation already covers all of them, or, of a dataset, all for validation.
        test = partial(programs.test, network, number, block.drawn) if drawn_afresh else partial(dict, figures)
        check = Check(criterion, figures, test, earlier, streak)
        nan = not math.isfinite(figures["loss"])
        if nan or at_end or settings.stopping.ends(check):
            if of_dataset:
                figures = programs.test(network, number, block.drawn)
            elif not nan:
                figures = check.tested
            verdict = "nan" if nan else "solved" if criterion.met(figures) else "not solved"
            block.outcomes[number] = Outcome(number, verdict, sequences, **_reported(figures))
            block.solutions[number] = network
    assert not at_end or block.done, f"{settings.task.name}: the budget is spent and some network has no verdict"


def _reported(figures: Figures) -> dict[str, float]:
    return {name: figures[name] for name in FIGURES}
