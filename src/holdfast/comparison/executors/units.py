"""Units of work: some seeds of one configuration, trained side by side; what each costs; which one is next.

How seeds are grouped decides the last bit of sums. It depends on their number alone, never on what is finished or on
how many workers there are, so that a study that was cut short and resumed gives the same results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

from holdfast.comparison.grid.place import Configuration
from holdfast.training.settings import Settings

WIDEST = 16
"""Networks side by side: enough to share the cost of a step, few enough that solved ones do not compute for long."""

STEP_SECONDS = 3e-7
NUMBER_SECONDS = 7e-10
"""What a step of one sequence takes on one core, and every weight in it: roughly, for an estimate before the start."""


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
        """Units with the same one are trained by the same compiled programs; rates and first weights are numbers."""
        return self.configuration.settings.compiled(), len(self.numbers)

    @property
    def cost(self) -> float:
        """Seconds of one core if no network solves the task before its budget is spent."""
        return len(self.numbers) * point_seconds(self.configuration.settings)


def point_seconds(settings: Settings) -> float:
    """Seconds of one core for one network that spends its whole budget."""
    of_step = STEP_SECONDS * settings.layers + NUMBER_SECONDS * settings.parameters
    return settings.budget * settings.task.longest * of_step


def divide(configurations: Iterable[Configuration]) -> list[WorkUnit]:
    """Every configuration's seeds in groups of nearly equal size, at most ``WIDEST``."""
    units = []
    for configuration in configurations:
        seeds = configuration.settings.seeds
        count = -(-seeds // WIDEST)
        edges = [seeds * i // count for i in range(count + 1)]
        units += [WorkUnit(configuration, tuple(range(low, high))) for low, high in pairwise(edges)]
    return units


class Schedule:
    """Which unit is next: the dearest first, so that workers end together; but a worker goes on with the programs
    that it has compiled already, and does not begin with those that another is compiling."""

    def __init__(self, units: Iterable[WorkUnit]) -> None:
        self._waiting = sorted(units, key=lambda unit: -unit.cost)  # stable: equals stay in the grid's order

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def cost(self) -> float:
        return sum(unit.cost for unit in self._waiting)

    def take(self, compiled: tuple = (), running: Collection[tuple] = ()) -> WorkUnit | None:
        """The next unit for a worker that has the programs ``compiled`` while others run those in ``running``."""
        if not self._waiting:
            return None
        same = (i for i, unit in enumerate(self._waiting) if unit.program == compiled)
        fresh = (i for i, unit in enumerate(self._waiting) if unit.program not in running)
        return self._waiting.pop(next(same, next(fresh, 0)))

    def give_back(self, unit: WorkUnit) -> None:
        """A unit whose worker is lost: it is next."""
        self._waiting.insert(0, unit)
