"""Train one unit: what a worker does, wherever it runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from holdfast.compare.units import Unit
from holdfast.core.errors import BadRun
from holdfast.engine.files import as_bytes
from holdfast.engine.native import library
from holdfast.train import block as blocks
from holdfast.train.block import Block, Outcome
from holdfast.train.loop import CHECKPOINT_SECONDS
from holdfast.train.programs import programs
from holdfast.train.run import Run
from holdfast.train.settings import Settings
from holdfast.train.slope import gradient_slope

ORPHAN_SECONDS = 20


@dataclass(frozen=True)
class Finished:
    """One network that is done, on its way to the store: ``network`` is its file's bytes."""

    configuration: str
    outcome: Outcome
    slope_start: float | None
    slope_end: float | None
    seconds: float
    network: bytes


def prepare(threads: int) -> None:
    """Make this process a worker that computes with so many threads. Call it before JAX has compiled anything.

    XLA divides sums among its threads, so each worker has one of those: results do not depend on the number of cores.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from holdfast.engine.compiled import keep_compiled_programs

    keep_compiled_programs()
    library.set_threads(threads)


def train(
    unit: Unit,
    *,
    stopped: Callable[[], bool] = lambda: False,
    land: Callable[[list[Finished]], None],
    progress: Callable[[float], None] = lambda share: None,
    folder: Path | None = None,
) -> bool:
    """Train ``unit`` until it is done (true) or ``stopped()``; ``land`` gets networks as they finish.

    ``folder`` keeps a checkpoint, from which the same unit goes on to the same bits; it is removed by whoever has
    kept the points. Raises what training raises.
    """
    settings = unit.configuration.settings
    made_of, numbers = programs(settings), list(unit.numbers)
    run = _open(folder, settings) if folder else None
    try:
        began = time.monotonic()
        fresh = Block(numbers, made_of.begin(numbers))
        slopes = [gradient_slope(first, settings, n) for n, first in zip(numbers, fresh.networks(), strict=True)]
        before = dict(zip(numbers, slopes, strict=True))
        block = (run.load_block(0, made_of, numbers) if run else None) or fresh
        told: set[int] = set()
        saved_at = time.monotonic()

        def tell(block: Block) -> None:
            nonlocal saved_at
            seconds = (time.monotonic() - began) / len(numbers)
            fresh = [number for number in block.outcomes if number not in told]
            if fresh:
                land([_finished(unit, block, number, before[number], seconds) for number in fresh])
                told.update(fresh)
            progress(block.drawn / settings.batches)
            if run and not block.done and time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                run.save_block(0, block)
                saved_at = time.monotonic()

        tell(block)
        blocks.run(block, made_of, stopped, tell)
        if run and not block.done:
            run.save_block(0, block)
        return block.done
    finally:
        if run:
            run.close()


def _open(folder: Path, settings: Settings) -> Run:
    """The run folder of a unit. A worker whose study was killed lets go of it after a second: that is waited for."""
    for _ in range(ORPHAN_SECONDS):
        try:
            return Run(folder, settings)
        except BadRun as busy:
            if "another process" not in busy.message:
                raise
            time.sleep(1.0)
    return Run(folder, settings)


def _finished(unit: Unit, block: Block, number: int, before: float | None, seconds: float) -> Finished:
    settings, network = unit.configuration.settings, block.network(number)
    origin = {"made_by": "compare", "network": number, "settings": settings.as_json()}
    after = gradient_slope(network, settings, number)
    return Finished(unit.configuration.key, block.outcomes[number], before, after, seconds, as_bytes(network, origin))
