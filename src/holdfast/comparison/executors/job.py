"""The callbacks of an executor, and the counter of lost workers: the same for local processes and Ray."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.comparison.executors.units import WorkUnit
from holdfast.comparison.executors.worker import FinishedNetwork
from holdfast.core.errors import BadRun, Problem

MAX_RETRIES = 3
"""The number of workers that may be lost with a unit; then the unit itself is taken to be the cause."""


@dataclass(frozen=True)
class JobCallbacks:
    """``on_points`` stores finished points at once; ``on_unit_done`` is called when all points of a unit are stored;
    ``on_progress`` gets the fraction of a unit that is trained. ``stop`` ends the job; finished points stay stored."""

    on_points: Callable[[list[FinishedNetwork]], None]
    on_unit_done: Callable[[WorkUnit], None]
    on_progress: Callable[[WorkUnit, float], None]
    stop: threading.Event


class RetryCounter:
    """Counts the workers lost with each unit, so that a unit that crashes its worker is not retried without end."""

    def __init__(self) -> None:
        self._lost: dict[str, int] = {}

    def count(self, unit: WorkUnit, how: str) -> None:
        """Count a lost worker. Raises ``BadRun`` when ``MAX_RETRIES`` is reached."""
        self._lost[unit.name] = self._lost.get(unit.name, 0) + 1
        if self._lost[unit.name] >= MAX_RETRIES:
            s = unit.configuration.settings
            raise BadRun(
                f"the worker that trains {s.cell}, {s.units} units, on {s.task.name} with lag {s.task.lag_steps} was "
                f"lost {MAX_RETRIES} times ({how}).",
                "The machine may be short of memory: use fewer --workers. Finished points are saved.",
            )


def as_problem(kind: str, message: str, fix: str) -> Problem:
    """The problem that a worker reported, as an exception of the same class if there is a class of this name."""
    known = {cls.__name__: cls for cls in Problem.__subclasses__()}
    problem = Problem.__new__(known.get(kind, Problem))
    Problem.__init__(problem, message, fix)
    return problem
