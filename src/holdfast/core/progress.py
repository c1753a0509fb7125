"""How far long work is, and how long the rest takes if it goes on as it does."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MEASURED_SECONDS = 1.0
"""A pace is measured over at least so long: one piece of work after another, not one alone."""


@dataclass(frozen=True)
class Progress:
    """Of ``of`` networks ``finished`` are done, and ``solved`` of these solved their task. ``seconds_left`` is what is
    left if none is solved any sooner, infinite while no pace is known. Where one training is watched, ``sequences``
    were read by all its networks, and ``loss`` is their median; elsewhere these are not known. ``share`` of the work is
    done, between 0 and 1."""

    solved: int
    finished: int
    of: int
    seconds_left: float
    sequences: int = 0
    sequences_per_second: float = 0.0
    loss: float = math.nan
    share: float = math.nan


class Throughput:
    """How much is done per second; ``done`` was done before.

    The clock starts when the first piece is finished, since that piece contains the compilation. Of what was measured
    since, the later half counts, so that what was slow at the beginning does not stay in the estimate.
    """

    def __init__(self, done: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._before = clock, done
        self._began = math.nan
        self._told: deque[tuple[float, float]] = deque()

    def per_second(self, done: float) -> float:
        """The pace, with ``done`` finished now; 0 while it is not known."""
        now = self._clock()
        if done <= self._before and not self._told:
            return 0.0
        if not self._told:
            self._began = now
        self._told.append((now, done))
        middle = self._began + (now - self._began) / 2
        while len(self._told) > 1 and self._told[1][0] <= middle:
            self._told.popleft()
        began, before = self._told[0]
        return (done - before) / (now - began) if now - began >= MEASURED_SECONDS else 0.0

    def seconds_left(self, done: float, left: float) -> float:
        """For what is ``left``; infinite while the pace is not known."""
        pace = self.per_second(done)
        return left / pace if pace > 0 else math.inf if left else 0.0


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
