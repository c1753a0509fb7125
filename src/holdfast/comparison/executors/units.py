"""Work units: some seeds of one configuration, trained together; their cost and their schedule.

The grouping of seeds affects the last bit of sums. It depends only on their number, never on which points are finished
or on the number of workers, so that an interrupted and resumed study gives the same results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

from holdfast.comparison.grid.place import Configuration
from holdfast.training.settings import Settings

WIDEST = 16
"""The largest number of networks in a unit: enough to share the overhead of a step, few enough that solved networks do
not keep computing for long."""

STEP_SECONDS = 3e-7
NUMBER_SECONDS = 7e-10
"""Seconds of one core per weight, for one step of one sequence: a rough value for the estimate before the start."""


@dataclass(frozen=True)
class WorkUnit:
    """The seeds ``numbers`` of one configuration."""

    configuration: Configuration
    numbers: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.configuration.key}-{self.numbers[0]}"

    @property
    def program(self) -> tuple:
        """A key of the compiled program. Units with equal keys share it; learning rates and initial weights are only
        numbers in it."""
        return self.configuration.settings.compiled(), len(self.numbers)

    @property
    def cost(self) -> float:
        """Seconds of one core if all networks use their whole budget."""
        return len(self.numbers) * point_seconds(self.configuration.settings)


def point_seconds(settings: Settings) -> float:
    """Seconds of one core for one network that uses its whole budget."""
    of_step = STEP_SECONDS * settings.layers + NUMBER_SECONDS * settings.parameters
    return settings.budget * settings.task.longest * of_step


def divide(configurations: Iterable[Configuration]) -> list[WorkUnit]:
    """The seeds of every configuration in groups of nearly equal size, at most ``WIDEST``."""
    units = []
    for configuration in configurations:
        seeds = configuration.settings.seeds
        count = -(-seeds // WIDEST)
        edges = [seeds * i // count for i in range(count + 1)]
        units += [WorkUnit(configuration, tuple(range(low, high))) for low, high in pairwise(edges)]
    return units


class Schedule:
    """Chooses the next unit: the most expensive first, so that workers finish at about the same time. A worker prefers
    units whose programs it has compiled, and avoids programs that another worker is compiling."""

    def __init__(self, units: Iterable[WorkUnit]) -> None:
        self._waiting = sorted(units, key=lambda unit: -unit.cost)  # stable: ties stay in grid order

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def cost(self) -> float:
        return sum(unit.cost for unit in self._waiting)

    def take(self, compiled: tuple = (), running: Collection[tuple] = ()) -> WorkUnit | None:
        """The next unit for a worker that has compiled the program ``compiled`` while others run those in ``running``;
        None if no unit is left."""
        if not self._waiting:
            return None
        same = (i for i, unit in enumerate(self._waiting) if unit.program == compiled)
        fresh = (i for i, unit in enumerate(self._waiting) if unit.program not in running)
        return self._waiting.pop(next(same, next(fresh, 0)))

    def give_back(self, unit: WorkUnit) -> None:
        """Put a unit whose worker was lost at the front."""
        self._waiting.insert(0, unit)
