"""How far long work is, and how long the rest takes if it goes on as it does."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Of ``of`` networks ``finished`` are done, and ``solved`` of these solved their task. ``seconds_left`` is what is
    left if none is solved any sooner. Where one training is watched, ``sequences`` were read by all its networks, and
    ``loss`` is their median; elsewhere these are not known."""

    solved: int
    finished: int
    of: int
    seconds_left: float
    sequences: int = 0
    sequences_per_second: float = 0.0
    loss: float = math.nan


class Throughput:
    """How much is done per second since this was made; ``done`` was done before."""

    def __init__(self, done: float = 0.0) -> None:
        self._began, self._before = time.monotonic(), done

    def per_second(self, done: float) -> float:
        return (done - self._before) / max(time.monotonic() - self._began, 1e-9)

    def seconds_left(self, done: float, left: float) -> float:
        """For what is ``left``; infinite where nothing was done yet."""
        pace = self.per_second(done)
        return left / pace if pace > 0 else math.inf


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
