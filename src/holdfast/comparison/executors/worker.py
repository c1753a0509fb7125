"""Train one unit: the code of a worker in every executor."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from holdfast.comparison.executors.units import WorkUnit
from holdfast.comparison.results.result import Result
from holdfast.engine.files import as_bytes
from holdfast.engine.native import library
from holdfast.training.block import Block
from holdfast.training.programs import programs
from holdfast.training.run import Run, train_block
from holdfast.training.slope import gradient_slope

ORPHAN_SECONDS = 20.0
"""How long to wait for the folder's lock: a worker whose study was killed releases it after about a second."""


@dataclass(frozen=True)
class FinishedNetwork:
    """A finished network for the store: ``network`` is the bytes of its file."""

    result: Result
    network: bytes


def prepare(threads: int) -> None:
    """Make this process a worker that computes with ``threads`` threads. Call it before JAX has compiled anything.

    XLA divides sums among its threads, so each worker uses a single XLA thread: results then do not depend on the
    number of cores.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from holdfast.engine.compiled import keep_compiled_programs

    keep_compiled_programs()
    library.set_threads(threads)


def train(
    unit: WorkUnit,
    *,
    stopped: Callable[[], bool] = lambda: False,
    on_points: Callable[[list[FinishedNetwork]], None],
    on_progress: Callable[[float], None] = lambda share: None,
    folder: Path | None = None,
) -> bool:
    """Train ``unit`` until it is done or ``stopped()`` is true. Returns whether it is done. ``on_points`` gets networks
    when they finish.

    ``folder`` holds a checkpoint, from which the unit continues to the same bits. The caller removes it after it has
    stored the points. Raises the errors of training.
    """
    settings = unit.configuration.settings
    made_of, numbers = programs(settings), list(unit.numbers)
    run = Run(folder, settings, ORPHAN_SECONDS) if folder else None
    try:
        began = time.monotonic()
        fresh = Block(numbers, made_of.begin(numbers))
        slopes = [gradient_slope(first, settings, n) for n, first in zip(numbers, fresh.networks(), strict=True)]
        before = dict(zip(numbers, slopes, strict=True))
        block = (run.load_block(0, made_of, numbers) if run else None) or fresh
        told: set[int] = set()

        def tell(block: Block) -> None:
            seconds = (time.monotonic() - began) / len(numbers)
            fresh = [number for number in block.outcomes if number not in told]
            if fresh:
                on_points([_finished(unit, block, number, before[number], seconds) for number in fresh])
                told.update(fresh)
            on_progress(block.drawn / settings.batches)

        tell(block)
        train_block(block, made_of, stopped, run=run, tell=tell)
        return block.done
    finally:
        if run:
            run.close()


def _finished(unit: WorkUnit, block: Block, number: int, before: float | None, seconds: float) -> FinishedNetwork:
    settings, network = unit.configuration.settings, block.network(number)
    result = Result(
        **vars(block.outcomes[number]),
        place=unit.configuration.place,
        slope_start=before,
        slope_end=gradient_slope(network, settings, number),
        seconds=seconds,
    )
    return FinishedNetwork(result, as_bytes(network, settings.origin("compare", number)))
