"""A block: a few networks trained side by side on one core, from check to check, until all are done."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax

from holdfast.engine.network import Network
from holdfast.train.programs import Programs
from holdfast.train.update import Learner

PIECE_SECONDS = 1.0
"""How long a compiled piece may run before progress is told and a stop is heard."""


@dataclass(frozen=True)
class Outcome:
    """How one network ended. ``sequences`` were read up to the verdict: ``solved``, ``not solved`` (the budget is
    spent), ``nan`` (its numbers blew up) or ``interrupted``; the figures are those of the last judgement."""

    seed: int
    verdict: str
    sequences: int
    loss: float
    error_sup: float
    accuracy: float

    @property
    def solved(self) -> bool:
        return self.verdict == "solved"


@dataclass
class Block:
    """The networks ``numbers``, what they have read (``drawn`` batches), their history, and those that are done."""

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
        """The network that is judged: as it was when it solved the task, or as it is now."""
        if number in self.solutions:
            return self.solutions[number]
        lane = self.numbers.index(number)
        return jax.tree.map(lambda a: a[lane], self.learner.network)


def run(block: Block, programs: Programs, stopped: Callable[[], bool], tell: Callable[[Block], None]) -> None:
    """Train ``block`` until every network is done or ``stopped()``; call ``tell`` after every piece."""
    settings = programs.settings
    batches = 1
    while not block.done and not stopped():
        check = min((block.drawn // settings.check_batches + 1) * settings.check_batches, settings.batches)
        count = min(batches, check - block.drawn)
        began = time.perf_counter()
        block.learner = programs.learn(block.learner, count)
        seconds = time.perf_counter() - began
        block.drawn += count
        # The next piece takes about PIECE_SECONDS. How a run is cut into pieces changes no bit of its result.
        batches = max(1, min(4 * batches, int(count * PIECE_SECONDS / max(seconds, 1e-6))))
        if block.drawn == check:
            _check(block, programs)
        tell(block)


def _check(block: Block, programs: Programs) -> None:
    settings = programs.settings
    at_end = block.drawn >= settings.batches
    sequences = min(block.drawn * settings.rows, settings.budget)
    figures = programs.validate(block.learner, block.numbers, block.drawn)
    for number, figure in zip(block.numbers, figures, strict=True):
        if number in block.outcomes:
            continue
        block.history.append({"seed": number, "sequences": sequences, **_reported(figure)})
        verdict = _verdict(block, programs, number, figure, at_end)
        if verdict is not None:
            word, figure = verdict
            block.outcomes[number] = Outcome(number, word, sequences, **_reported(figure))
            block.solutions[number] = block.network(number)
    assert not at_end or block.done, f"{settings.task.name}: the budget is spent and some network has no verdict"


def _verdict(block: Block, programs: Programs, number: int, figure: dict, at_end: bool) -> tuple[str, dict] | None:
    task = programs.settings.task
    if not math.isfinite(figure["loss"]):
        return "nan", figure
    if (programs.settings.stop or at_end) and task.criterion.met(figure):
        if task.examples() is None:
            figure = programs.test(block.network(number), number, block.drawn)
        if task.criterion.met(figure):
            return "solved", figure
    return ("not solved", figure) if at_end else None


def _reported(figure: dict[str, float]) -> dict[str, float]:
    return {name: figure[name] for name in ("loss", "error_sup", "accuracy")}
