"""Random networks, run by the oracle and by every engine, against the sets that certify computes for them.

Buckets of networks of one shape, so that engines compile few programs: every bucket has a cell, a number format, a
shape, a semantics, and its own seed, with which a violation is found again (``--only BUCKET``).
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path

import numpy as np

from holdfast import cells
from holdfast.core.registry import PLUGINS
from tests.oracle import containment, runs
from tests.oracle.blocks import WRAPPED
from tests.oracle.containment import Result
from tests.oracle.networks import Shape
from tests.oracle.scenarios import SIZES

os.environ[PLUGINS] = str(Path(__file__).resolve().parents[1] / "tests/exponential")
"""Cells with exponential gates and quotients, which the package has none of."""
NETWORKS = 100
"""Of one bucket."""
LIKELY = (0.3, 0.25, 0.1, 0.05, 0.1, 0.1, 0.06, 0.04)
"""How often each of ``SIZES`` is drawn: many inputs mean many sets, and take long."""
WAYS = ("side by side", "one by one")


@dataclass(frozen=True)
class Bucket:
    """So many networks of one shape. ``seed`` is (the run's, the bucket's number)."""

    seed: tuple[int, int]
    shape: Shape
    real: bool
    steps: int

    @property
    def semantics(self) -> str:
        return "real" if self.real else f"ieee {self.shape.dtype}"


def bucket(seed: int, number: int, of: Sequence[str] = ()) -> Bucket:
    """Cells (all, or these) and semantics in turn, all else at random."""
    draw = np.random.default_rng((seed, number))
    names = of or [*cells.FOLDER.names(), *WRAPPED]
    inputs, outputs = SIZES[draw.choice(len(SIZES), p=LIKELY)]
    units, layers = int(draw.choice([1, 2, 3, 4], p=[0.2, 0.3, 0.25, 0.25])), int(draw.choice([1, 2], p=[0.7, 0.3]))
    shape = Shape(
        names[number // 2 % len(names)], inputs, outputs, units, layers, str(draw.choice(["float32", "float64"]))
    )
    return Bucket(
        (seed, number), shape, number % 2 == 0, int(draw.choice([3, 4, 5, 6, 8], p=[0.3, 0.3, 0.2, 0.1, 0.1]))
    )


def run(one: Bucket) -> tuple[Bucket, Result]:
    """All networks of a bucket. The first ieee bucket of a process starts the engines' processes."""
    some = list(containment.cases(one.shape, one.seed, NETWORKS, 3, one.steps))
    if one.real:
        return one, containment.check_real(some)
    return one, containment.check_ieee(some, one.shape.dtype, WAYS, _processes())


_started: list[runs.Processes] = []


def _processes() -> runs.Processes:
    if not _started:
        _started.append(runs.Processes(runs.instruction_sets()))
        Finalize(None, _started[0].close, exitpriority=100)  # before the queues of its processes
    return _started[0]


def check(networks: int, seed: int, processes: int, only: int | None = None, of: Sequence[str] = ()) -> int:
    """Print the table, of all cells or of these; how many numbers are outside."""
    numbers = range(-(-networks // NETWORKS)) if only is None else (only,)
    totals: dict[tuple[str, str], Result] = defaultdict(Result)
    begun = time.monotonic()
    for number, (one, result) in enumerate(_results([bucket(seed, n, of) for n in numbers], processes), 1):
        totals[one.shape.cell, one.semantics] += result
        for outside in result.outside[:3]:
            asked = f"--seed {seed} --only {one.seed[1]}" + "".join(f" --cells {' '.join(of)}" if of else "")
            print(f"OUTSIDE ({asked}): {outside}", flush=True)
        if number % 50 == 0:
            done = sum(total.networks for total in totals.values())
            wrong = sum(len(total.outside) for total in totals.values())
            print(f"  {done} networks in {time.monotonic() - begun:.0f} s, {wrong} values outside", flush=True)
    print(f"{'cell':<20}{'semantics':<14}{'networks':>9}{'unbounded':>10}{'values checked':>15}{'outside':>8}")
    for (cell, semantics), total in sorted(totals.items()):
        _row(cell, semantics, total)
    for semantics in ("real", "ieee"):
        whole = Result()
        for (_, there), total in totals.items():
            if there.startswith(semantics):
                whole += total
        _row("all", semantics, whole)
    return sum(len(total.outside) for total in totals.values())


def _row(cell: str, semantics: str, total: Result) -> None:
    print(
        f"{cell:<20}{semantics:<14}{total.networks:>9}{total.unbounded:>10}{total.checked:>15}{len(total.outside):>8}"
    )


def _results(buckets: list[Bucket], processes: int) -> Iterator[tuple[Bucket, Result]]:
    if processes == 1:
        yield from map(run, buckets)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(run, buckets)
