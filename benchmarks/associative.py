"""Exact associative memory: constructed, run on many rows, and certified for all keys and values.

    python benchmarks/associative.py                           (minutes on two cores)
    python benchmarks/associative.py --rows 2000 --certify 4 --cells "shift(mlstm)"

Rows of ``mqar`` with 64 symbols: 4 pairs in 64 steps, and as many pairs as a key has components, 32, in 128 steps. Each
cell reads as many rows of each kind as asked for, in float32, in the engine that is chosen for it. Networks for few
symbols are certified in float32: what is proved there has the size of all pairs of a key and a value.

Required: no answer is wrong, and every network that is to be certified is.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from side_by_side import parser, table

from holdfast.certification.prove import prove
from holdfast.construction.evaluation.construction import construct
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.tasks.mqar import Mqar

CELLS = ("shift(deltanet)", "shift(linear_attention)", "shift(mlstm)")
TASKS = (Mqar(symbols=64, pairs=4, steps=64), Mqar(symbols=64, pairs=32, steps=128))
BATCH = 1000
"""Rows that are computed at once."""


@dataclass
class Row:
    cell: str
    symbols: int
    pairs: int
    steps: int
    units: int
    state_bits: int
    demand_bits: float
    rows: int = 0
    answers: int = 0
    wrong: int = 0
    seconds: float = 0.0
    certified: str = ""


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rows", type=int, default=100_000, help="rows for each cell and task (default: 100000)")
    options.add_argument("--certify", type=int, nargs="*", default=(4, 8), help="symbols to certify (default: 4 8)")
    options.add_argument("--cells", nargs="+", default=CELLS)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    rows = []
    for cell in asked.cells:
        for task in TASKS:
            network, row = made(cell, task)
            began = time.perf_counter()
            row.rows = asked.rows
            row.answers, row.wrong = wrong_answers(network, task, asked.rows, asked.seed)
            row.seconds = time.perf_counter() - began
            rows.append(row)
            print(row, file=sys.stderr)
        for symbols in asked.certify:
            task = Mqar(symbols=symbols, pairs=symbols // 2, steps=max(2 * symbols, 10))
            network, row = made(cell, task)
            began = time.perf_counter()
            row.certified = prove(network, task, semantics="ieee", seconds=600).verdict
            row.seconds = time.perf_counter() - began
            rows.append(row)
            print(row, file=sys.stderr)
    if asked.json:
        import json

        print(json.dumps([vars(row) for row in rows], indent=1))
    else:
        report(rows)
    return 1 if any(row.wrong or row.certified not in ("", "proved") for row in rows) else 0


def made(cell: str, task: Mqar) -> tuple[Network, Row]:
    report = construct(task, cell, units=None, steps=task.steps, tolerance=np.inf)
    assert report.state is not None
    bits, demand = int(report.state["bits"]), report.state["demand_bits"]
    return report.network, Row(cell, task.symbols, task.pairs, task.steps, report.network.units, bits, demand)


def wrong_answers(network: Network, task: Mqar, rows: int, seed: int) -> tuple[int, int]:
    """How many answers were asked for, and how many were wrong."""

    @partial(jax.jit, static_argnums=1)
    def judged(key, count: int):
        batch = task.sample(key, count, "test")
        outputs, _ = unroll(network, jnp.asarray(batch.inputs, network.dtype))
        wrong = (outputs.argmax(-1) != batch.targets.argmax(-1)) & batch.scored
        return batch.scored.sum(), wrong.sum()

    keys = jax.random.split(jax.random.key(seed), -(-rows // BATCH))
    counts = [judged(key, min(BATCH, rows - n * BATCH)) for n, key in enumerate(keys)]
    answers, wrong = np.sum(np.array(counts), 0)
    return int(answers), int(wrong)


def report(rows: list[Row]) -> None:
    heads = ("cell", "symbols", "pairs", "steps", "units", "state", "demand", "rows", "answers", "wrong", "proof", "s")
    lines = [
        (
            *(row.cell, str(row.symbols), str(row.pairs), str(row.steps), str(row.units)),
            *(f"{row.state_bits:,} bits", f"{row.demand_bits:.4g} bits"),
            *(f"{row.rows:,}", f"{row.answers:,}", str(row.wrong), row.certified, f"{row.seconds:.3g}"),
        )
        for row in rows
    ]
    table(heads, lines)


if __name__ == "__main__":
    sys.exit(main())
