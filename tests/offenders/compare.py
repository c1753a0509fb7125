"""OFFENDERS in comparisons: a true store and a true schedule with one thing wrong."""

from __future__ import annotations

from typing import Any

from holdfast.comparison.executors.units import Schedule
from holdfast.comparison.store.store import Store


class ForgetfulStore(Store):
    """The last point of every commit is lost."""

    def keep(self, finished: Any) -> None:
        super().keep(list(finished)[:-1])


class ShuffledStore(Store):
    """Networks are kept under the seed of another."""

    def network_file(self, result: Any) -> bytes:
        from dataclasses import replace

        return super().network_file(replace(result, seed=(result.seed + 1) % 5))


class RepeatingSchedule(Schedule):
    """A unit whose worker was lost is put in line twice."""

    def give_back(self, unit: Any) -> None:
        super().give_back(unit)
        super().give_back(unit)


class LosingSchedule(Schedule):
    """A unit whose worker was lost is lost with it."""

    def give_back(self, unit: Any) -> None:
        """Nothing is given back."""
