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
    """The evaluation of one network: its ``figures`` on new rows, the ``earlier`` evaluations, the oldest first
    (``seed``, ``sequences``, ``loss``, ``error_sup``, ``accuracy``), and the ``streak`` of right training sequences if
    the rule counts them. ``full_test`` evaluates it on as many rows as the criterion requires."""

    criterion: Criterion
    figures: Figures
    full_test: Callable[[], Figures]
    earlier: Sequence[Mapping[str, float]] = ()
    streak: int = 0

    @cached_property
    def tested(self) -> Figures:
        """The figures of the full test, which is run only if this evaluation meets the criterion."""
        return self.full_test() if self.criterion.met(self.figures) else self.figures

    @property
    def solved(self) -> bool:
        """Whether the task is solved: this evaluation and the full test meet the criterion."""
        return self.criterion.met(self.tested)


@dataclass(frozen=True)
class StoppingRule(Component, abc.ABC):
    """A stopping rule: when the training of a network ends before its budget is used. The network is then evaluated as
    solved or not."""

    @property
    def counted(self) -> int:
        """Training ends after this many consecutive right training sequences, each evaluated before its update; 0 if
        they are not counted."""
        return 0

    @abc.abstractmethod
    def ends(self, check: Check) -> bool:
        """Whether training ends at this evaluation."""


STOPS = Kind(Folder("stopping rule", "holdfast.training.stops", Path(__file__).parent), StoppingRule)
