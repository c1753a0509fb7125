"""The processes that work on one study, on one or on several machines: who runs a trial, and which processes are gone.

A process writes its name and a count to the trial that it runs, and increases the count every ``BEAT_SECONDS``. The
machines' clocks need not agree: whoever waits measures with its own clock for how long a count has not changed.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

WORKER, BEAT = "holdfast worker", "holdfast beat"
"""The attributes stored with a trial: the process that runs it, and the count that it increases."""
MARK_SECONDS = 5.0
"""How long a process may take to write its name to a trial that it has started. After that it counts as gone."""
BEAT_SECONDS = 20.0
LOST_SECONDS = 180.0
"""After so long without a new count, a process counts as gone."""


def sign(trial: Any) -> None:
    """Write the name of this process to the trial that it runs."""
    trial.set_user_attr(BEAT, 0)
    trial.set_user_attr(WORKER, f"{socket.gethostname()}:{os.getpid()}")


@contextmanager
def heartbeat(trial: Any) -> Iterator[None]:
    """A context in which a thread increases the count of ``trial``."""
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while not ended.wait(BEAT_SECONDS):
            count += 1
            try:
                trial.set_user_attr(BEAT, count)
            except Exception:
                continue

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class LostTrials:
    """Finds the running trials whose process is gone: on this machine at once, on others when their counts stop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[int, tuple[object, float]] = {}

    def find(self, running: Iterable[Any]) -> list[int]:
        """The numbers of the lost ones of these trials. Trials that an earlier version runs elsewhere have no count and
        are left alone."""
        now, lost = self._clock(), list[int]()
        for trial in running:
            worker, beat = trial.user_attrs.get(WORKER), trial.user_attrs.get(BEAT)
            state = (worker, beat)
            before, since = self._seen.setdefault(trial.number, (state, now))
            if before != state:
                self._seen[trial.number] = (state, since := now)
            patience = MARK_SECONDS if worker is None else LOST_SECONDS if beat is not None else float("inf")
            if _gone(str(worker)) or now - since > patience:
                lost.append(trial.number)
        return lost


def unnamed(running: Iterable[Any]) -> set[int]:
    """The numbers of the trials to which a process has not yet written its name."""
    return {trial.number for trial in running if WORKER not in trial.user_attrs}


def _gone(worker: str) -> bool:
    """Whether this was a process of this machine that has ended."""
    host, _, process = worker.rpartition(":")
    here = host == socket.gethostname() and re.fullmatch("[0-9]{1,9}", process) is not None
    return here and not psutil.pid_exists(int(process))
