"""What runs units, here or elsewhere, and what it needs from whoever asked: the same words for processes and Ray."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.compare.executors.units import Unit
from holdfast.compare.executors.worker import Finished
from holdfast.core.errors import BadRun, Problem

MOST_DEATHS = 3
"""A unit whose worker dies so often is what kills it."""


@dataclass(frozen=True)
class Errand:
    """``land`` keeps finished points at once; ``done`` is called when all points of a unit were landed; ``at`` tells
    which share of a unit is trained; ``stop`` ends the work, with what is finished kept."""

    land: Callable[[list[Finished]], None]
    done: Callable[[Unit], None]
    at: Callable[[Unit, float], None]
    stop: threading.Event


class Deaths:
    """Counts lost workers, so that none is started for ever for a unit that kills it."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}

    def count(self, unit: Unit, how: str) -> None:
        """Raises ``BadRun`` at the third."""
        self._of[unit.name] = self._of.get(unit.name, 0) + 1
        if self._of[unit.name] >= MOST_DEATHS:
            s = unit.configuration.settings
            raise BadRun(
                f"the worker that trains {s.cell}, {s.units} units, on {s.task.name} with lag {s.task.lag_steps} was "
                f"lost {MOST_DEATHS} times ({how}).",
                "Memory may be short: give fewer --workers. Every finished point is kept.",
            )


def as_problem(kind: str, message: str, fix: str) -> Problem:
    """A worker's problem, told as ours; of its own class where there is one of that name."""
    known = {cls.__name__: cls for cls in Problem.__subclasses__()}
    problem = Problem.__new__(known.get(kind, Problem))
    Problem.__init__(problem, message, fix)
    return problem
