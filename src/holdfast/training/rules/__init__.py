"""The update rules: one file each. ``RULES.parse("sequence")`` is the one in ``sequence.py``."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from holdfast.core.component import Component, Kind
from holdfast.core.registry import Folder

if TYPE_CHECKING:
    from holdfast.core.task import Batch, Task
    from holdfast.training.learner import Learner
    from holdfast.training.settings import Settings


@dataclass(frozen=True)
class UpdateRule(Component, abc.ABC):
    """An update rule: when the weights are updated, and with which gradient."""

    through_time: ClassVar[bool] = True
    """Whether the gradient flows back through time."""
    whole: ClassVar[bool] = True
    """Whether whole sequences are run at once, so that the engine saves values for their gradient."""
    unused: ClassVar[tuple[str, ...]] = ()
    """Settings that the rule does not use. A grid that sweeps rules leaves them out."""

    @abc.abstractmethod
    def absorbing(self, settings: Settings) -> Callable[[Learner, Batch], Learner]:
        """The function (learner, batch) -> learner that trains on one batch of sequences. JAX traces it."""

    def rows(self, task: Task) -> int:
        """The default batch size."""
        return 1

    def conflicts(self, settings: Settings) -> list[str]:
        """Every reason why these settings do not fit the rule."""
        given = [name for name in self.unused if getattr(settings, name) is not None]
        return [f"--update {self} has no use for --{name}" for name in given]


RULES = Kind(Folder("update rule", "holdfast.training.rules", Path(__file__).parent), UpdateRule)
