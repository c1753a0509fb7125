"""What do gates that read the input add to a linear recurrence?

The task is a flip-flop: one kind of symbol writes a value, another carries a value that is to be ignored, and the value
that was written last is the answer after every step. In ``lru`` and ``s5`` every number of the state is multiplied by
the same factor at each step; in ``mingru``, ``rglru`` and ``mamba`` the factor depends on the symbol. Theory: a state
whose factors do not depend on the input is a sum over past symbols with weights that depend on their age alone, so that
it cannot drop an old value when a new one is written; one that sets the factor to 0 or 1 can.

Deviations from the published settings: Gu and Dao show selection on selective copying with two layers of a larger
block; here it is one layer of 16 units without a block, on a task that one layer can solve. Every cell has 16 units,
and so a state of 16 (``mingru``, ``rglru``), 32 (``lru``, ``s5``) or 256 numbers (``mamba``). One learning rate.

Source: Gu & Dao 2023, arXiv:2312.00752 (selection); Liu et al. 2023, arXiv:2306.00946 (flip-flops).
"""

from __future__ import annotations

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.engine.resolve import resolve
from holdfast.studies.questions._measures import Figures, compared, learned
from holdfast.tasks.flip_flop import FlipFlop
from holdfast.training.settings import Settings

TASK = FlipFlop(steps=40)
CONSTANT, SELECTIVE = ("lru", "s5"), ("mingru", "rglru", "mamba")
SEEDS, UNITS, BUDGET = 20, 16, 6_000


def grids() -> tuple[Grid, ...]:
    base = Settings(TASK, units=UNITS, seeds=SEEDS, budget=BUDGET, check_every=BUDGET // 10)
    return (Grid(base, {"cell": (*CONSTANT, *SELECTIVE)}),)


def verdicts(results: Results) -> tuple[Verdict, ...]:
    def at(cell: str):
        return cell, results.where(cell=cell)

    def state(cell: str) -> Figures:
        return {"numbers of the state": resolve(cell).state_size(UNITS)}

    return (
        *(
            learned(
                f"{cell} learns a flip-flop: at least half of the networks",
                results.where(cell=cell),
                lambda cell=cell: state(cell),
            )
            for cell in (*CONSTANT, *SELECTIVE)
        ),
        *(
            compared(f"{selective} learns to ignore symbols more often than {constant}", at(selective), at(constant))
            for selective in SELECTIVE
            for constant in CONSTANT
        ),
    )
