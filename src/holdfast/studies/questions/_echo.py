"""The settings that studies of the lag share, so that a store that has a point for one has it for all of them.

The task is to say the first of two symbols again after so many steps of distractors: whether there is memory at all,
asked as plainly as can be. Sixteen units, batches of 8, Adam at two rates; a network has 10,000 sequences, or
5,000 in studies of long lags.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.grid.lags import with_lags
from holdfast.training.settings import Settings

RATES = (3e-3, 1e-2)
SEEDS = 24
UNITS = 16
BUDGET, LESS = 10_000, 5_000
LAGS = (10, 30, 100)
LONG = 300


def grid(
    cells: Sequence[str],
    lags: Sequence[int] = LAGS,
    *,
    budget: int = BUDGET,
    initialisations: Sequence[str] = ("auto",),
    weights: str = "shared",
) -> Grid:
    """These cells at these lags, everything else as it is for all."""
    tasks = with_lags("echo", {}, lags)
    over: dict[str, Sequence[object]] = {
        "task": tasks, "cell": cells, "initialisation": initialisations, "learning_rate": RATES,
    }  # fmt: skip
    base = Settings(
        tasks[0], units=UNITS, weights=weights, seeds=SEEDS, batch=8, budget=budget, check_every=BUDGET // 10
    )
    return Grid(base, over)
