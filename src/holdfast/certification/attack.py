"""A short adversarial search: the largest error that it finds on rows of a task, in a number of sequences that depends
only on their length.

Sampled rows show the error on typical sequences. A search along the gradient usually finds a larger error, closer to
the true worst case, which only a proof can bound. For a model without gradients the search is random, and finds less.
"""

from __future__ import annotations

import math

from holdfast.certification.refute import refute
from holdfast.core.errors import BadValue
from holdfast.core.task import Task
from holdfast.models.levels import Model

SEQUENCES, LEAST_SEQUENCES = 2048, 512
"""The number of sequences for one network, and the number for the longest sequences: a batch of random rows and their
ascent. A time limit instead would not be reproducible by a seed."""
STEPS = 256 * SEQUENCES
"""Above 256 steps there are fewer sequences, of so many steps in total. At 1000 steps, on trained networks, the error
found by 512 sequences is at most 3 % below that found by 2048."""


def sequences_of(task: Task) -> int:
    """The number of sequences on which ``attack`` runs a network.

    >>> from holdfast.tasks.recall import Recall
    >>> [sequences_of(Recall(steps=steps)) for steps in (50, 512, 10_000)]
    [2048, 1024, 512]
    """
    whole = STEPS // task.longest // LEAST_SEQUENCES * LEAST_SEQUENCES
    return max(LEAST_SEQUENCES, min(SEQUENCES, whole))


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
    found = refute(network, scenario, task.lengths(), math.inf, seed=seed, tries=sequences_of(task), seconds=math.inf)
    if found.interrupted:  # the result of a partial search would not be reproducible
        raise KeyboardInterrupt
    return found.error
