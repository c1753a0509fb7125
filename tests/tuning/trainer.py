"""A stand-in for training, exact and instant: whether a network solves its task is a rule of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from holdfast.training.block import Outcome
from holdfast.training.result import Training
from holdfast.training.settings import Settings

Rule = Callable[[Settings], int]
"""How many of the networks solve the task."""


class Trainer:
    """Calls are kept in ``calls``; the one with number ``interrupted_at`` ends as if Ctrl-C had been pressed."""

    def __init__(self, rule: Rule, interrupted_at: int | None = None) -> None:
        self.rule, self.interrupted_at = rule, interrupted_at
        self.calls: list[Settings] = []
        self.numbers: list[range] = []

    def __call__(
        self, settings, *, out=None, threads=None, watch=lambda progress: None, on_check=None, numbers
    ) -> Training:
        self.calls.append(settings)
        self.numbers.append(numbers)
        solved = self.rule(settings)
        outcomes = tuple(
            Outcome(n, "solved" if n < solved else "budget spent", 100 * (n + 1), 0.1, 0.01, 1.0) for n in numbers
        )
        done = Training(settings, outcomes, {}, [])
        return replace(done, interrupted=True) if len(self.calls) - 1 == self.interrupted_at else done


def from_units(least: int) -> Rule:
    """Every network with so many units or more solves the task, none with fewer, at rates up to 0.05."""
    return lambda settings: settings.seeds if settings.units >= least and settings.learning_rate < 0.05 else 0
