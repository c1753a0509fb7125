"""What a built-in study is: one file under ``studies/questions/``, whose name is the study's.

Such a file has

- a docstring: the question as its first sentence, then what is done, and the source;
- ``grids() -> tuple[Grid, ...]``: what is trained for it, in full (they decide whether a stored study is the same);
- ``verdicts(results: Results) -> tuple[Verdict, ...]``: its claims, each with what was measured and what follows.
  It is called when every point is done. ``results.where(cell=..., lag_steps=...)`` are points, ``summarise(points)``
  or ``results.summary`` their lines, ``results.networks(point)`` the trained network of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict


@dataclass(frozen=True)
class Study:
    """A question with its grids; one from the command line has no ``verdicts`` of its own."""

    name: str
    grids: tuple[Grid, ...]
    question: str = ""
    verdicts: Callable[[Results], tuple[Verdict, ...]] | None = None

    @property
    def of(self) -> int:
        return sum(grid.of for grid in self.grids)
