"""The stopping rules: one file each. ``STOPS.parse("streak+sequences=100")`` is the one in ``streak.py``."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.core.component import Component, Kind
from holdfast.core.registry import Folder

if TYPE_CHECKING:
    from holdfast.core.task import Criterion

Figures = Mapping[str, float]
"""``loss`` (nats, or squared units of the target), ``error_sup``, ``error_rms``, ``accuracy`` and ``wrong_rows``."""


@dataclass(frozen=True)
class Check:
    """One network at a check: its ``figures`` on fresh rows, the ``earlier`` ones, oldest first (``seed``,
    ``sequences``, ``loss``, ``error_sup``, ``accuracy``), and the longest ``streak`` of right training sequences where
    the rule counts them. ``full_test`` measures it on as many rows as the criterion says."""

    criterion: Criterion
    figures: Figures
    full_test: Callable[[], Figures]
    earlier: Sequence[Mapping[str, float]] = ()
    streak: int = 0

    @cached_property
    def tested(self) -> Figures:
        """The figures of the full test, made where the check itself meets the criterion."""
        return self.full_test() if self.criterion.met(self.figures) else self.figures

    @property
    def solved(self) -> bool:
        """Whether the task is solved: the criterion is met here and in the full test."""
        return self.criterion.met(self.tested)


@dataclass(frozen=True)
class StoppingRule(Component, abc.ABC):
    """When the training of a network ends before its budget is spent. It is then judged: solved, or not."""

    @property
    def counted(self) -> int:
        """So many training sequences in a row, each right before the weights changed for it, end training at once; 0
        where they are not counted."""
        return 0

    @abc.abstractmethod
    def ends(self, check: Check) -> bool:
        """Whether training ends at this check."""


STOPS = Kind(Folder("stopping rule", "holdfast.training.stops", Path(__file__).parent), StoppingRule)
