"""A short adversarial search of fixed size: the largest error that it finds on rows of a task.

Sampled rows show the error on typical sequences. A search along the gradient usually finds a larger error, closer to
the true worst case, which only a proof can bound. For a model without gradients the search is random, and finds less.
"""

from __future__ import annotations

import math

from holdfast.certification.refute import refute
from holdfast.core.errors import BadValue
from holdfast.core.task import Task
from holdfast.models.levels import Model

SEQUENCES = 2048
"""The number of sequences for one network. A fixed number instead of a time limit, so that a seed is reproducible."""


def attack(network: Model, task: Task, seed: int) -> float | None:
    """The largest error found on rows of exactly the task's lengths, for a model of any level; None if the task has no
    scenario.

    For symbols, the error is the output of the best wrong symbol minus that of the right one: negative if all rows that
    were run are right. ``refute`` with the same seed, as many tries and an infinite tolerance finds the same error.
    """
    try:
        scenario = task.scenario()
    except BadValue:
        return None
    found = refute(network, scenario, task.lengths(), math.inf, seed=seed, tries=SEQUENCES, seconds=math.inf)
    if found.interrupted:  # the result of a partial search would not be reproducible
        raise KeyboardInterrupt
    return found.error
