"""How much of a state does associative recall take, and what do matrix memories make of it at equal size?

Four pairs of a key and a value are read, then every key once, whose value is asked for (multi-query associative
recall). At two sizes of state, which are equal up to what a head, a normaliser or a vector of states adds, stand the
layers that are trained, the network that ``holdfast construct`` writes down, which is right on every row, and the
bound: what the task demands in bits, whatever holds it. Matrix memories read the input of two steps (the block
``shift``), since a key and its value come one after the other; an LSTM reads its state instead.

Deviations from the published settings: eight symbols and 16 steps instead of 8,192 and up to 512, one layer without
MLP, a token shift instead of a short convolution, 8,000 sequences, one learning rate.

Source: Arora et al. 2023, arXiv:2312.04927 (the task); Arora et al. 2024, arXiv:2402.18668 (recall against the size of
the state).
"""

from __future__ import annotations

import math

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.construction.evaluation.construction import construct
from holdfast.core.errors import Problem
from holdfast.engine.resolve import full_name, resolve
from holdfast.studies.questions import _trained
from holdfast.studies.questions._measures import Figures, compared, learned
from holdfast.tasks.mqar import Mqar
from holdfast.training.settings import Settings

TASK = Mqar(steps=16, pairs=4, symbols=8)
BLOCKS = {"deltanet": "shift", "linear_attention": "shift", "mlstm": "shift", "mamba": "shift", "lstm": "none"}
SIZES = {
    "small": {"deltanet": 4, "linear_attention": 4, "mlstm": 4, "mamba": 1, "lstm": 10},
    "large": {"deltanet": 8, "linear_attention": 8, "mlstm": 8, "mamba": 4, "lstm": 36},
}
"""Units by cell: about 20 and about 75 numbers."""
SEEDS, BUDGET, RATE = 20, 8_000, 1e-2
NUMBER_BITS = 32
ROWS = 2560


def grids() -> tuple[Grid, ...]:
    base = Settings(TASK, seeds=SEEDS, budget=BUDGET, check_every=BUDGET // 8, learning_rate=RATE)
    return tuple(
        Grid(base, {"cell": (cell,), "block": (block,), "units": [SIZES[size][cell] for size in SIZES]})
        for cell, block in BLOCKS.items()
    )


def verdicts(results: Results) -> tuple[Verdict, ...]:
    def at(cell: str, size: str) -> tuple[str, tuple[Result, ...]]:
        return f"{cell}, {_numbers(cell, size)} numbers", results.where(cell=cell, units=SIZES[size][cell])

    return (
        *(
            learned(
                f"{cell} learns recall with a state of {_numbers(cell, size)} numbers: at least half of the networks",
                at(cell, size)[1],
                lambda cell=cell, size=size: _beside(cell, size),
            )
            for size in SIZES
            for cell in BLOCKS
        ),
        *(
            compared(f"a {size} {one} recalls more often than {other} of this size", at(one, size), at(other, size))
            for size in SIZES
            for one, other in (("deltanet", "linear_attention"), ("deltanet", "mamba"), ("deltanet", "lstm"))
        ),
    )


def _numbers(cell: str, size: str) -> int:
    return resolve(full_name(cell, BLOCKS[cell])).state_size(SIZES[size][cell])


def _beside(cell: str, size: str) -> Figures:
    """State, bound and construction on the same scale, in bits."""
    return {
        "state, bits in float32": NUMBER_BITS * _numbers(cell, size),
        "bound: bits that the task demands": max(TASK.memory()),
        "constructed": _constructed(full_name(cell, BLOCKS[cell])),
    }


def _constructed(cell: str) -> str:
    try:
        made = construct(TASK, cell, units=None, steps=TASK.steps, tolerance=math.inf)
    except Problem:
        return "no construction is known for this cell"
    assert made.state is not None
    right = _trained.accuracy(made.network, TASK, ROWS)
    return f"{made.state['bits']:,} bits, {100 * right:g} % right on {ROWS:,} rows"
