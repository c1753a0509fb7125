"""Run units on a Ray cluster (extra ``ray``): any number of machines with Python and Ray; no shared disk is needed.

The driver ships holdfast and what it needs (``environment.py``). Points are stored as soon as they are finished, and
checkpoints are kept by the driver. If a worker or its machine is lost, the unit is assigned again and continues from
its last checkpoint, with the same results.
"""

from __future__ import annotations

import json
import logging
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from holdfast.comparison.executors.environment import lacking, shipped
from holdfast.comparison.executors.job import JobCallbacks, RetryCounter
from holdfast.comparison.executors.remote import Mailbox, read_checkpoint, train_remotely, write_checkpoint
from holdfast.comparison.executors.units import Schedule, WorkUnit
from holdfast.comparison.executors.worker import FinishedNetwork
from holdfast.comparison.results.result import Result
from holdfast.core import registered
from holdfast.core.errors import BadRun, Problem
from holdfast.core.requirements import require

REACH_SECONDS = 5.0
GRACE_SECONDS = 30.0
"""How long workers may take to send a checkpoint after they were asked to stop."""
WINDOW = 2
"""The number of units assigned at once per CPU of the cluster: the next one is ready when one is done."""


def run(units: list[WorkUnit], callbacks: JobCallbacks, address: str, folder: Path) -> None:
    """Train all units on the cluster at ``address`` ("host:port", or "auto" for the cluster of this machine), until all
    are done or ``callbacks.stop`` is set. Checkpoints are kept in ``folder``, as those of local workers are.

    Raises ``BadValue`` if Ray is not installed, and ``BadRun`` if the cluster cannot be reached, cannot install
    a package or loses a unit repeatedly.
    """
    check_installed()
    import ray

    _knock(address)
    with tempfile.TemporaryDirectory() as plugins:
        try:
            ray.init(
                address=address,
                runtime_env=shipped(Path(plugins)),
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
            )
        except Exception as error:
            raise BadRun(
                f"the Ray cluster at {address} cannot be used: {str(error).splitlines()[0]}.",
                "'ray status --address ADDRESS' shows whether it runs; every machine needs the same Ray and Python.",
            ) from error
        try:
            _Job(ray, units, callbacks, folder).run()
        finally:
            ray.shutdown()


class _Job:
    def __init__(self, ray: Any, units: list[WorkUnit], callbacks: JobCallbacks, folder: Path) -> None:
        self.ray, self.callbacks, self.folder = ray, callbacks, folder
        packages = lacking(ray)
        options = {"runtime_env": {"pip": packages}} if packages else {}
        # The head is the machine that the cluster cannot lose in any case.
        head = {"node:__internal_head__": 0.001}
        self.mailbox = ray.remote(num_cpus=0, resources=head, **options)(Mailbox).remote()
        self.remote = ray.remote(num_cpus=1, max_retries=0, **options)(train_remotely)
        self.schedule, self.lost = Schedule(units), RetryCounter()
        self.running: dict[Any, WorkUnit] = {}
        self.units = {unit.name: unit for unit in units}
        self.last: tuple = ()

    def run(self) -> None:
        stop = self.callbacks.stop
        while (self.running or len(self.schedule)) and not stop.is_set():
            self._assign()
            self._listen()
        if self.running:
            self.ray.get(self.mailbox.stop.remote())
        ends = time.monotonic() + GRACE_SECONDS
        while self.running and time.monotonic() < ends:
            self._listen()
        for reference in self.running:
            self.ray.cancel(reference, force=True)

    def _assign(self) -> None:
        room = WINDOW * max(1, int(self.ray.cluster_resources().get("CPU", 0)))
        while len(self.running) < room and (unit := self.schedule.take(self.last)):
            self.last = unit.program
            settings = unit.configuration.settings.as_json()
            checkpoint = read_checkpoint(self.folder / unit.name)
            given = (json.dumps(settings), registered.references(settings))
            order = (*given, unit.configuration.key, unit.numbers, checkpoint, self.mailbox)
            self.running[self.remote.remote(*order)] = unit

    def _listen(self) -> None:
        """Handle all messages, then the units that ended: their messages came before."""
        ready, _ = self.ray.wait(list(self.running), timeout=0.2)
        for name, kind, content in self._messages():
            unit = self.units[name]
            if kind == "points":
                self.callbacks.on_points([FinishedNetwork(Result.from_json(point), file) for point, file in content])
            elif kind == "at":
                self.callbacks.on_progress(unit, content)
            else:
                write_checkpoint(self.folder / name, content)
        for reference in ready:
            unit = self.running.pop(reference)
            done = _fetched(self.ray, reference, unit, self.lost)
            if done:
                self.callbacks.on_unit_done(unit)
            elif done is None:
                self.schedule.give_back(unit)

    def _messages(self) -> list[tuple[str, str, Any]]:
        try:
            return self.ray.get(self.mailbox.take.remote())
        except self.ray.exceptions.RuntimeEnvSetupError as error:
            raise _not_installed(error) from error


def _fetched(ray: Any, reference: Any, unit: WorkUnit, lost: RetryCounter) -> bool | None:
    """Whether a unit is done, which it is not if it was asked to stop; None if its worker was lost."""
    errors = ray.exceptions
    try:
        return ray.get(reference)
    except errors.RayTaskError as error:
        if isinstance(error.cause, Problem):
            raise error.cause from None
        if isinstance(error.cause, errors.RayError):
            lost.count(unit, type(error.cause).__name__)
            return None
        raise
    except errors.RuntimeEnvSetupError as error:
        raise _not_installed(error) from error
    except errors.RayError as error:
        lost.count(unit, type(error).__name__)
        return None


def _not_installed(error: Exception) -> BadRun:
    lines = [line.strip() for line in str(error).splitlines()]
    why = next((line for line in lines if line.startswith(("ERROR", "Please install"))), lines[0])
    return BadRun(
        f"a machine of the cluster cannot install what training needs: {why.rstrip('.')}.",
        'Every machine needs "ray[default]", and either a package index that it can reach or the packages of this one.',
    )


def check_installed() -> None:
    """Raise ``BadValue`` if Ray is not installed."""
    require("ray", extra="ray", what="--executor ray")


def _knock(address: str) -> None:
    """Raise ``BadRun`` if nothing answers at this address. Ray itself waits for minutes before it reports this."""
    if address in ("auto", "local"):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if not host or not port.isdigit():
            raise BadRun(f"--address is '{address}', expected HOST:PORT, for example 10.0.0.1:6379, or auto.")
        socket.create_connection((host, int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise BadRun(
            f"the Ray cluster at {address} cannot be reached: {error}.",
            "Start one with 'ray start --head', or leave --executor ray out to run on this machine.",
        ) from error
