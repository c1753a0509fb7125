"""A short attack of fixed size: the largest error that the adversary finds on a task's own rows.

Sampled rows show what a network does on typical sequences. The error that a search along its gradient finds is
usually larger, and closer to the true worst case, which only a proof can bound. A model without gradients is searched
at random, which finds less.
"""

from __future__ import annotations

import math

from holdfast.certification.refute import refute
from holdfast.core.errors import BadValue
from holdfast.core.task import Task
from holdfast.models.levels import Model

SEQUENCES = 2048
"""Sequences that are run for one network; counted, not timed, so that the same seed finds the same."""


def attack(network: Model, task: Task, seed: int) -> float | None:
    """The largest error found on rows of exactly the task's lengths, of a model of any level; None where the task
    describes no scenario.

    Of symbols: how far a wrong one leads the right one, negative where the right one led on every row that was run.
    ``refute`` with the same seed, as many tries and an infinite tolerance finds the same.
    """
    try:
        scenario = task.scenario()
    except BadValue:
        return None
    found = refute(network, scenario, task.lengths(), math.inf, seed=seed, tries=SEQUENCES, seconds=math.inf)
    if found.interrupted:  # half a search would not be the same the next time
        raise KeyboardInterrupt
    return found.error
