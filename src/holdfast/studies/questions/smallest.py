"""How far is the smallest network that training finds from the smallest that is known to exist?

``holdfast construct`` writes down weights for a task in so many units, with a proof. Training starts from random
weights and may need more. For every task and cell, networks of 1 to 8 units are trained, and the smallest size that at
least half of them solve the task with stands beside the constructed one.

Source: the constructions of this program; Collins, Sohl-Dickstein & Sussillo 2017, arXiv:1611.09913 (plain networks
lack trainability more than capacity).
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict, Word
from holdfast.construction.evaluation.construction import construct
from holdfast.core.errors import Problem
from holdfast.core.task import Task
from holdfast.studies.questions._measures import NOTHING, Figures, half, line, said
from holdfast.training.settings import Settings, make_task

CELLS = ("lstm", "gru", "elman")
UNITS = (1, 2, 3, 4, 8)
SEEDS = 20
MOST = 64
TASKS = {
    "echo": {"lag": 10},
    "recall": {"steps": 5},
    "adding": {"steps": 8},
    "order": {"steps": 10},
    "bits": {"steps": 10, "bits": 2},
}
BUDGETS = {"echo": 10_000, "bits": 10_000, "recall": 30_000, "adding": 30_000, "order": 20_000}


def grids() -> tuple[Grid, ...]:
    return tuple(
        Grid(
            Settings(
                make_task(task, axes), seeds=SEEDS, batch=16, budget=BUDGETS[task], check_every=BUDGETS[task] // 10
            ),
            {"cell": CELLS, "units": UNITS, "learning_rate": (1e-2, 3e-2)},
        )
        for task, axes in TASKS.items()
    )


def verdicts(results: Results) -> tuple[Verdict, ...]:
    made = []
    for grid in results.grids:
        task = next(grid.configurations()).settings.task
        made += [_distance(results, task, cell, grid.values("units")) for cell in grid.values("cell")]
    return tuple(made)


def _distance(results: Results, task: Task, cell: str, sizes: Sequence[int]) -> Verdict:
    """What is claimed is the hopeful thing: no distance."""
    claim = f"training finds a network of the constructed size: {task.name}, {cell}"
    lines = {units: results.where(task=task.name, cell=cell, units=units) for units in sizes}
    words: dict[int, Word] = {units: half(points) for units, points in lines.items() if points}
    if not words:
        return Verdict(claim, {}, "undecided", NOTHING)
    there, weights = _constructed(task, cell)
    trained = next((units for units, word in words.items() if word == "holds"), None)
    figures: Figures = {
        "constructed, units": there if there is not None else "none is known",
        "constructed, weights that are not zero": weights,
        "smallest trained with at least half surely solving it, units": trained
        if trained is not None
        else "none of " + ", ".join(map(str, sizes)),
        **{f"{units} units": said(points) for units, points in lines.items() if line(points)},
    }
    if there is None:
        return Verdict(claim, figures, "undecided", "no construction is known for this cell, so there is no distance")
    near = max((units for units in words if units <= there), default=None)
    if near is None:
        # Nothing so small was trained: the smallest that was says as much or less.
        return Verdict(claim, figures, "undecided", f"nothing of {there} units was trained")
    word = words[near]
    at = f"at {near} units" + ("" if near == there else f", the largest tried that is not above {there}")
    why = {
        "holds": f"at least half succeed {at}",
        "does not hold": f"fewer than half succeed {at}"
        + (f"; {trained} units are enough" if trained is not None else "; nor surely with any size tried"),
        "undecided": f"the interval {at} includes one half",
    }[word]
    return Verdict(claim, figures, word, why)


def _constructed(task: Task, cell: str) -> tuple[int | None, int | None]:
    """Units and weights that are not zero of the construction; None where there is none."""
    tolerance = getattr(task, "tolerance", float("inf"))
    try:
        made = construct(task, cell, units=MOST, steps=task.longest, tolerance=tolerance).construction
    except Problem:
        return None, None
    return len(made.sheet.units), sum(1 for weight in made.sheet.weights() if weight)
