"""Which recurrent layers learn a state that every symbol may change, and does it hold beyond the trained length?

The answer after every step is whether the number of ones so far is even or odd. Networks of one layer are trained at 40
steps, every prefix of a row included, and tested at 256. Theory: a diagonal state whose factors are in [0, 1] cannot
hold a parity at every length in finite precision; factors down to -1 can; delta rules with strengths of up to 2
multiply by reflections. Published: Mamba and DeltaNet fail parity with the usual factors and learn it with negative
ones; an sLSTM and an LSTM learn it, an mLSTM does not.

Deviations from the published settings: one layer without the block around it, 16 units, 10,000 sequences, two learning
rates, and a criterion of 99 % right answers instead of a scaled accuracy.

Source: Grazzi et al. 2024, arXiv:2411.12537; Merrill, Petty & Sabharwal 2024, arXiv:2404.08819; Beck et al. 2024,
arXiv:2405.04517.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.core.rates import Rate
from holdfast.studies.questions import _trained
from holdfast.studies.questions._measures import NOTHING, Figures, compared, half, line, mostly, said
from holdfast.tasks.parity import Parity
from holdfast.training.settings import Settings

TASKS = {"parity": Parity(steps=40)}
CELLS = ("lstm", "slstm", "mlstm", "mamba", "mamba_negative", "deltanet", "deltanet_negative")
RATES = (3e-3, 1e-2)
SEEDS, UNITS, BUDGET = 20, 16, 10_000
TESTED, ROWS = 256, 512
CLAIMS = (
    ("factors down to -1 let a selective diagonal layer learn parity", "parity", "mamba_negative", "mamba"),
    ("strengths of up to 2 let a delta rule learn parity", "parity", "deltanet_negative", "deltanet"),
    ("exponential gates learn parity where they read the state, not where they do not", "parity", "slstm", "mlstm"),
)
"""A claim, its task, the cell that succeeds more often, and the other."""


def grids() -> tuple[Grid, ...]:
    tasks = tuple(TASKS.values())
    base = Settings(tasks[0], units=UNITS, seeds=SEEDS, budget=BUDGET, check_every=BUDGET // 10)
    return (Grid(base, {"task": tasks, "cell": CELLS, "learning_rate": RATES}),)


def verdicts(results: Results) -> tuple[Verdict, ...]:
    def at(cell: str, task: str):
        return f"{cell}, {task}", _points(results, cell, task)

    places = [(cell, task) for task in TASKS for cell in CELLS]
    return (
        *(_learned(results, cell, task) for cell, task in places),
        *(compared(claim, at(one, task), at(other, task)) for claim, task, one, other in CLAIMS),
        *(_holds(results, cell, task) for cell, task in places if _solved(results, cell, task)),
    )


def _points(results: Results, cell: str, task: str) -> tuple[Result, ...]:
    made = TASKS[task]
    return results.where(cell=cell, task=made.name, lag_steps=made.lag_steps)


def _solved(results: Results, cell: str, task: str) -> list[Result]:
    """The networks that solve the task, at the learning rate at which most do."""
    points = _points(results, cell, task)
    best = line(points)
    return [point for point in points if best and point.solved and point["learning_rate"] == best.best_rate]


def _learned(results: Results, cell: str, task: str) -> Verdict:
    claim = f"{cell} learns {task}: at least half of the networks, at the better learning rate"
    points = _points(results, cell, task)
    if line(points) is None:
        return Verdict(claim, {}, "undecided", NOTHING)
    return Verdict(claim, {"networks that solve the task": said(points)}, half(points), said(points))


def _holds(results: Results, cell: str, task: str) -> Verdict:
    """Of the networks that solve the task at its length."""
    longer = replace(TASKS[task], steps=TESTED)
    networks = _trained.kept(results, _solved(results, cell, task))
    rate = Rate(sum(_trained.right(network, longer, ROWS) for network in networks), len(networks))
    claim = f"{cell}, {task}: what is learned at {TASKS[task].steps} steps holds at {TESTED}"
    figures: Figures = {f"of the networks that solve it, right at {TESTED} steps too": str(rate)}
    return Verdict(claim, figures, mostly(rate), f"{rate.solved} of {rate.of} networks")
