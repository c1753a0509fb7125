"""The definition of a study. A built-in study is one file in ``studies/questions/``, which has the study's name.

Such a file has

- a docstring: the question as its first sentence, then the method and the source;
- ``grids() -> tuple[Grid, ...]``: all trainings of the study (a stored study with other grids is a different study);
- ``verdicts(results: Results) -> tuple[Verdict, ...]``: the claims, each with the measured figures and the verdict.
  It is called when all points are finished. ``results.where(cell=..., lag_steps=...)`` gives points,
  ``summarise(points)`` or ``results.summary`` their summaries, ``results.networks(point)`` the network of a point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict


@dataclass(frozen=True)
class Study:
    """A question with its grids. A study from the command line has no ``verdicts``."""

    name: str
    grids: tuple[Grid, ...]
    question: str = ""
    verdicts: Callable[[Results], tuple[Verdict, ...]] | None = None

    @property
    def of(self) -> int:
        return sum(grid.of for grid in self.grids)
