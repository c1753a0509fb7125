"""Which recurrent layers learn a state that every symbol may change, and does it hold beyond the trained length?

The answer after every step is the state of a finite automaton: whether the number of ones so far is even, a sum modulo
5, or the product of permutations of three things (S3), of which two generators are read. Networks of one layer are
trained at 40 steps, every prefix of a row included, and tested at 256. Theory: a diagonal state whose factors are in
[0, 1] cannot hold a parity at every length in finite precision; factors down to -1 can. A delta rule with strengths of
up to 2 multiplies by one reflection a symbol: a parity takes one, a cycle of three, which is read here, takes two.
Published: Mamba and DeltaNet fail parity with the usual factors and learn it with negative ones; an sLSTM and an LSTM
learn it, an mLSTM does not.

Deviations from the published settings: one layer without the block around it, 16 units in one head, 10,000 sequences of
one length, two learning rates (one for the sum, and for delta rules on S3), and a criterion of 99 % right answers
instead of a scaled accuracy. A5 and S5 are left out, for the time that they take.

Source: Grazzi et al. 2024, arXiv:2411.12537; Merrill, Petty & Sabharwal 2024, arXiv:2404.08819; Beck et al. 2024,
arXiv:2405.04517.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.construction.theorems import impossible
from holdfast.core.rates import Rate
from holdfast.studies.questions import _trained
from holdfast.studies.questions._measures import Figures, compared, learned, line, mostly
from holdfast.tasks.group import Group
from holdfast.tasks.parity import Parity
from holdfast.training.settings import Settings

TASKS = {
    "parity": Parity(steps=40),
    "S3": Group(group="S3", symbols="generators", steps=40),
    "modulo 5": Group(group="Z", modulus=5, symbols="generators", steps=39),
}
"""At different lengths where the task has one name, which the place of a point consists of."""
OTHERS, DELTA = ("lstm", "slstm", "mlstm", "mamba", "mamba_negative"), ("deltanet", "deltanet_negative")
SWEPT = {"parity": (*OTHERS, *DELTA), "S3": OTHERS, "modulo 5": ()}
"""Cells that are trained at both learning rates."""
ONCE = {"parity": (), "S3": DELTA, "modulo 5": ("lstm", "slstm", "mamba", "mamba_negative")}
"""Cells that are trained at the larger one."""
RATES = (3e-3, 1e-2)
SEEDS, UNITS, BUDGET = 20, 16, 10_000
TESTED, ROWS = 256, 512
CLAIMS = (
    ("factors down to -1 let a selective diagonal layer learn parity", "parity", "mamba_negative", "mamba"),
    ("strengths of up to 2 let a delta rule learn parity", "parity", "deltanet_negative", "deltanet"),
    (
        "one reflection a symbol lets a delta rule learn S3 where a diagonal layer does not",
        "S3",
        "deltanet_negative",
        "mamba_negative",
    ),
    ("gates that read the state learn S3 where a diagonal layer does not", "S3", "slstm", "mamba_negative"),
    ("exponential gates learn parity where they read the state, not where they do not", "parity", "slstm", "mlstm"),
)
"""A claim, its task, the cell that succeeds more often, and the other."""


def grids() -> tuple[Grid, ...]:
    base = Settings(TASKS["parity"], units=UNITS, seeds=SEEDS, budget=BUDGET, check_every=BUDGET // 10)
    return tuple(
        Grid(replace(base, task=TASKS[task]), {"cell": cells, "learning_rate": rates})
        for over, rates in ((SWEPT, RATES), (ONCE, RATES[-1:]))
        for task, cells in over.items()
        if cells
    )


def verdicts(results: Results) -> tuple[Verdict, ...]:
    def at(cell: str, task: str):
        return f"{cell}, {task}", _points(results, cell, task)

    places = [(cell, task) for task in TASKS for cell in (*SWEPT[task], *ONCE[task])]
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
    rate = f", at the better of {len(RATES)} learning rates" if cell in SWEPT[task] else ""
    claim = f"{cell} learns {task}: at least half of the networks{rate}"
    return learned(claim, _points(results, cell, task), lambda: {"theory, for every length": _theory(cell, task)})


def _theory(cell: str, task: str) -> str:
    theorem = impossible(TASKS[task], (-1, 1), cell, UNITS, None, "ieee")
    return f"excluded: {theorem.name}" if theorem else "no theorem excludes it"


def _holds(results: Results, cell: str, task: str) -> Verdict:
    """Of the networks that solve the task at its length."""
    longer = replace(TASKS[task], steps=TESTED)
    networks = _trained.kept(results, _solved(results, cell, task))
    rate = Rate(sum(_trained.right(network, longer, ROWS) for network in networks), len(networks))
    claim = f"{cell}, {task}: what is learned at {TASKS[task].steps} steps holds at {TESTED}"
    figures: Figures = {f"of the networks that solve it, right at {TESTED} steps too": str(rate)}
    return Verdict(claim, figures, mostly(rate), f"{rate.solved} of {rate.of} networks")
