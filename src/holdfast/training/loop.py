"""Train many networks: blocks on all cores, with progress, checkpoints, interruption and resumption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.core.progress import Progress, Throughput, cores
from holdfast.engine.native import library
from holdfast.plugins.verified import verified, verified_cell
from holdfast.training.block import Block, Outcome, reported
from holdfast.training.interrupt import Interrupts
from holdfast.training.programs import Programs, programs, refuse_too_much
from holdfast.training.result import Attack, Training
from holdfast.training.run import Run, train_block
from holdfast.training.settings import Settings

WIDEST = 32
"""The largest number of networks in a block. With more, caches overflow and there is no gain."""

OnCheck = Callable[[Mapping[str, Any]], None]
"""Called with the figures of one network at one evaluation."""

BLOCKS = 8
"""The smallest number of blocks of a run with at least this many networks, on every machine. The grouping of networks
affects the last bit of sums, and the same settings must give the same result with 2 threads and with 8."""


def train_networks(
    settings: Settings,
    *,
    out: Path | str | None = None,
    threads: int | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
    attack: Attack | None = None,
    on_check: OnCheck | None = None,
    numbers: range | None = None,
) -> Training:
    """Train ``settings.seeds`` networks until each has solved the task or used its budget.

    ``out`` is a run folder for settings, checkpoints, history and weights. An existing run is resumed, to the same bits
    as without the interruption. ``threads`` is the number of CPU threads (None: all cores). The first SIGINT or SIGTERM
    raises nothing: training stops at the next safe point, progress is saved, and the result is ``interrupted``.
    ``attack`` is an optional search for rows with the largest error of the trained networks; it changes nothing else.
    ``on_check`` is called in this thread with the figures of every evaluation of every network, a row of
    ``Training.history`` (``accuracy`` is None for a task of numbers); an error that it raises ends the training.
    ``numbers``: only these networks are trained, each as in a training of all; they have to be whole groups of
    ``grouped(settings.seeds)``.
    Raises ``BadRun`` if the folder cannot be used, ``BadFile`` if a plug-in in use breaks a law, and ``BadValue`` if
    the requested engine is not available or more memory is needed than the machine has.

    >>> from holdfast.tasks.echo import Echo
    >>> done = train_networks(Settings(Echo(sequences=(("a", "b"), ("b", "a"))), units=4, budget=2000, seeds=2))
    >>> print(done.rate)
    2 of 2 (100 %, 95 % interval 34-100 %)
    """
    verified(settings.task)
    verified_cell(settings.cell_name)
    settings = replace(settings, engine=settings.used_engine)
    groups = [group for group in grouped(settings.seeds) if numbers is None or group[0] in numbers]
    made_of, threads = programs(settings), threads or cores()
    refuse_too_much(settings, len(groups[0]), min(threads, len(groups)))
    run = Run(Path(out), settings) if out else None
    try:
        with Interrupts() as interrupts:
            made = [_block(index, group, made_of, run) for index, group in enumerate(groups)]
            _train_all(made, made_of, run, threads, watch, interrupts, on_check)
            return _result(settings, made, run, interrupts.heard and not all(block.done for block in made), attack)
    finally:
        if run:
            run.close()


def grouped(seeds: int) -> list[list[int]]:
    """The numbers of the networks in each block."""
    width = max(1, min(WIDEST, -(-seeds // BLOCKS)))
    return [list(range(first, min(first + width, seeds))) for first in range(0, seeds, width)]


def _block(index: int, numbers: list[int], made_of: Programs, run: Run | None) -> Block:
    saved = run.load_block(index, made_of, numbers) if run else None
    return saved or Block(numbers, made_of.begin(numbers))


def _train_all(
    made: list[Block],
    made_of: Programs,
    run: Run | None,
    threads: int,
    watch: Callable[[Progress], None],
    interrupts: Interrupts,
    on_check: OnCheck | None,
) -> None:
    """Train every block, until all are done or an interrupt arrives."""
    stop = interrupts.stop
    report = _reporter(made, on_check, made_of.settings.task.criterion.of_numbers)
    clock = _Clock(made, made_of.settings)

    def work(index: int) -> None:
        try:
            train_block(made[index], made_of, stop.is_set, run=run, index=index)
        except BaseException:
            stop.set()
            raise

    # Blocks share the cores; a kernel uses several threads only if there are fewer blocks than cores.
    with library.threads(max(1, threads // len(made))), ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(work, index) for index in range(len(made))]
        while not all(f.done() for f in futures):
            try:
                wait(futures, timeout=0.2)
                watch(clock.progress())
                report()
            except KeyboardInterrupt:
                interrupts.interrupt()
            except BaseException:
                stop.set()
                raise
        for future in futures:
            future.result()
    watch(clock.progress())
    report()


def _reporter(made: list[Block], on_check: OnCheck | None, of_numbers: bool) -> Callable[[], None]:
    """A function that hands ``on_check`` every row of history that is new since its last call; rows of an earlier part
    of a resumed run are not new."""
    told = [len(block.history) for block in made]

    def report() -> None:
        for index, block in enumerate(made):
            rows = list(block.history)
            for row in rows[told[index] :]:
                told[index] += 1
                if on_check is not None:
                    on_check(reported(row, of_numbers))

    return report


class _Clock:
    """Progress from the current state of the blocks. Reading them during training is safe."""

    def __init__(self, made: list[Block], settings: Settings) -> None:
        self.made, self.settings = made, settings
        self.rows, self.batches = settings.rows, settings.batches
        self.pace = Throughput(self._read())

    def _read(self) -> int:
        return sum(block.drawn * self.rows * len(block.numbers) for block in self.made)

    def progress(self) -> Progress:
        outcomes = [o for block in self.made for o in list(block.outcomes.values())]
        latest = {row["seed"]: row["loss"] for block in self.made for row in list(block.history)}
        losses = sorted(latest.values())
        read = self._read()
        left = sum(
            (self.batches - block.drawn) * self.rows * len(block.numbers) for block in self.made if not block.done
        )
        return Progress(
            solved=sum(o.solved for o in outcomes),
            finished=len(outcomes),
            of=sum(len(block.numbers) for block in self.made),
            seconds_left=self.pace.seconds_left(read, left),
            sequences=read,
            sequences_per_second=self.pace.per_second(read),
            loss=losses[len(losses) // 2] if losses else float("nan"),
            share=read / (read + left) if read + left else 1.0,
        )


def _result(
    settings: Settings, made: list[Block], run: Run | None, interrupted: bool, attack: Attack | None
) -> Training:
    found: list[Outcome] = []
    for block in made:
        for number in block.numbers:
            found.append(block.outcomes.get(number) or _unfinished(settings, block, number))
    networks = {number: block.network(number) for block in made for number in block.numbers}
    history = [row for block in made for row in block.history]
    weights = tuple(str(run.weights(number)) for number in networks) if run else ()
    attacks = None
    if attack is not None and not interrupted:
        ended = [o.seed for o in found if o.verdict in ("solved", "not solved")]
        attacks = {number: attack(networks[number], settings.task, settings.seed) for number in ended}
    folder = run.folder if run else None
    result = Training(settings, tuple(found), networks, history, interrupted, folder, weights, attacks)
    if run:
        run.finish(networks, history, result.as_json())
    return result


def _unfinished(settings: Settings, block: Block, number: int) -> Outcome:
    last = next((row for row in reversed(block.history) if row["seed"] == number), {})
    if settings.task.criterion.of_dataset:  # those figures are of the sequences that stop the training
        last = {}
    figures = {name: last.get(name, float("nan")) for name in ("loss", "error_sup", "accuracy")}
    return Outcome(number, "interrupted", block.drawn * settings.rows, **figures)
