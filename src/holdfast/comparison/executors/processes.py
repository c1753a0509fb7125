"""Run units on worker processes of this machine. Each has its own threads; a lost process is replaced."""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from holdfast.comparison.executors.job import JobCallbacks, RetryCounter, as_problem
from holdfast.comparison.executors.units import Schedule, WorkUnit
from holdfast.core import registered
from holdfast.core.errors import Problem
from holdfast.core.progress import cores

GRACE_SECONDS = 30.0
"""How long a worker may take to save a checkpoint after it was asked to stop."""


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    threads: int
    unit: WorkUnit | None = None
    compiled: tuple = ()

    def give(self, unit: WorkUnit, folder: Path) -> None:
        configuration = unit.configuration
        self.unit, self.compiled = unit, unit.program
        settings = json.dumps(configuration.settings.as_json())
        needed = registered.references(configuration.settings.as_json())
        self.pipe.send((settings, needed, configuration.key, unit.numbers, str(folder / unit.name)))


def run(units: list[WorkUnit], callbacks: JobCallbacks, workers: int, folder: Path) -> None:
    """Train all units on ``workers`` processes, until all are done or ``callbacks.stop`` is set. Checkpoints are
    written to ``folder``.

    Raises the problem that a worker reports, and ``BadRun`` if workers repeatedly die on the same unit.
    """
    schedule, lost = Schedule(units), RetryCounter()
    team = [_start(max(1, cores() // workers)) for _ in range(min(workers, len(units)))]
    try:
        while any(worker.unit for worker in team) or (len(schedule) and not callbacks.stop.is_set()):
            if not callbacks.stop.is_set():
                _employ(team, schedule, folder)
            ready = wait([worker.pipe for worker in team], timeout=0.2)
            for index, worker in enumerate(team):
                if worker.pipe in ready and not _listen(worker, callbacks):
                    team[index] = _replaced(worker, schedule, lost)
            if callbacks.stop.is_set():
                break
        _stop(team, callbacks)
    finally:
        for worker in team:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()


def _employ(team: list[_Worker], schedule: Schedule, folder: Path) -> None:
    for worker in team:
        if worker.unit is None:
            running = {other.unit.program for other in team if other.unit}
            if unit := schedule.take(worker.compiled, running):
                try:
                    worker.give(unit, folder)
                except OSError:  # the worker died while idle: the next read from its pipe shows this
                    worker.unit = unit


def _listen(worker: _Worker, callbacks: JobCallbacks) -> bool:
    """Handle all messages of a worker. False if the worker is gone."""
    landed, finished, alive = [], False, True
    try:
        while worker.pipe.poll():
            kind, content = worker.pipe.recv()
            if kind == "points":
                landed += content
            elif kind == "at":
                assert worker.unit is not None
                callbacks.on_progress(worker.unit, content)
            elif kind == "problem":
                raise as_problem(*content)
            elif kind == "bug":
                raise RuntimeError(f"a worker failed:\n{content}")
            else:
                finished = True
    except (EOFError, ConnectionResetError):
        alive = False
    finally:
        if landed:
            callbacks.on_points(landed)
    if finished and worker.unit:
        callbacks.on_unit_done(worker.unit)
        worker.unit = None
    return alive


def _replaced(worker: _Worker, schedule: Schedule, lost: RetryCounter) -> _Worker:
    """A new worker in place of a lost one, whose unit is scheduled next."""
    worker.process.join()
    worker.pipe.close()
    if worker.unit:
        schedule.give_back(worker.unit)
        code = worker.process.exitcode
        lost.count(worker.unit, f"killed by signal {-code}" if code < 0 else f"exit code {code}")
    return _start(worker.threads)


def _stop(team: list[_Worker], callbacks: JobCallbacks) -> None:
    """Ask all workers to save a checkpoint and exit, and store the points that they finish meanwhile."""
    going = []
    for worker in team:
        try:
            worker.pipe.send(None)
            going.append(worker)
        except OSError:
            continue
    deadline = time.monotonic() + GRACE_SECONDS
    # A worker cannot exit while its last points are in the pipe: the pipe is read until the worker closes its end.
    while going and time.monotonic() < deadline:
        ready = wait([worker.pipe for worker in going], timeout=0.2)
        going = [worker for worker in going if worker.pipe not in ready or _listen(worker, callbacks)]


def _start(threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, threads), daemon=True)
    # Ctrl-C reaches every process of a terminal, but only the main process handles it. A worker starts with the signal
    # blocked, since it could arrive before the worker's own code runs.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours, threads)


def work(pipe: Connection, threads: int) -> None:
    """The main loop of a worker: train units from the pipe, until it sends None or is closed."""
    # The inherited signal mask applies to the main thread; threads that libraries start may not have it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _work(pipe, threads)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Problem as problem:
        pipe.send(("problem", (problem.kind, problem.message, problem.fix)))
    except Exception:
        pipe.send(("bug", traceback.format_exc()))


def _work(pipe: Connection, threads: int) -> None:
    from holdfast.comparison.executors.worker import prepare, train
    from holdfast.comparison.grid.place import Configuration
    from holdfast.training.settings import Settings

    prepare(threads)
    while (order := pipe.recv()) is not None:
        settings, needed, key, numbers, folder = order
        registered.restore(needed)
        unit = WorkUnit(Configuration(Settings.from_json(json.loads(settings)), key), tuple(numbers))
        Path(folder).parent.mkdir(parents=True, exist_ok=True)
        done = train(
            unit,
            stopped=pipe.poll,
            on_points=lambda finished: pipe.send(("points", finished)),
            on_progress=lambda share: pipe.send(("at", share)),
            folder=Path(folder),
        )
        if not done:
            return
        pipe.send(("done", None))
