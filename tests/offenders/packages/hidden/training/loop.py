"""OFFENDER: training knows a study, for type checkers only."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.studies.grid import Grid


def loop(grid: "Grid") -> None: ...
