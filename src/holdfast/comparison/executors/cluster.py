"""Run units on a Ray cluster (extra ``ray``): any number of machines with holdfast installed; no shared disk is needed.

All points of a unit are returned and stored together when it is done. If its worker or machine is lost, the unit is
assigned again and starts from the beginning, with the same results.
"""

from __future__ import annotations

import json
import logging
import socket
from typing import Any

from holdfast.comparison.executors.job import JobCallbacks, RetryCounter
from holdfast.comparison.executors.units import Schedule, WorkUnit
from holdfast.comparison.executors.worker import FinishedNetwork
from holdfast.core import registered
from holdfast.core.errors import BadRun, Problem
from holdfast.core.requirements import require

REACH_SECONDS = 5.0
WINDOW = 2
"""The number of units assigned at once per CPU of the cluster: the next one is ready when one is done."""


def run(units: list[WorkUnit], callbacks: JobCallbacks, address: str) -> None:
    """Train all units on the cluster at ``address`` ("host:port", or "auto" for the cluster of this machine).

    Raises ``BadValue`` if Ray is not installed, and ``BadRun`` if the cluster cannot be reached or loses a unit
    repeatedly.
    """
    check_installed()
    import ray

    _knock(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except Exception as error:
        raise BadRun(
            f"the Ray cluster at {address} cannot be used: {str(error).splitlines()[0]}.",
            "'ray status --address ADDRESS' shows whether it runs; every machine needs the same Ray and Python.",
        ) from error
    try:
        _run(ray, units, callbacks)
    finally:
        ray.shutdown()


def _run(ray: Any, units: list[WorkUnit], callbacks: JobCallbacks) -> None:
    remote = ray.remote(num_cpus=1, max_retries=0)(train_remotely)
    schedule, lost = Schedule(units), RetryCounter()
    running: dict[Any, WorkUnit] = {}
    last: tuple = ()
    while (running or len(schedule)) and not callbacks.stop.is_set():
        room = WINDOW * max(1, int(ray.cluster_resources().get("CPU", 0)))
        while len(running) < room and (unit := schedule.take(last)):
            last = unit.program
            settings = unit.configuration.settings.as_json()
            given = (json.dumps(settings), registered.references(settings), unit.configuration.key, unit.numbers)
            running[remote.remote(*given)] = unit
        ready, _ = ray.wait(list(running), timeout=0.2)
        for reference in ready:
            unit = running.pop(reference)
            if (finished := _fetched(ray, reference, unit, lost)) is None:
                schedule.give_back(unit)
                continue
            callbacks.on_points(finished)
            callbacks.on_unit_done(unit)
    for reference in running:
        ray.cancel(reference, force=True)


def _fetched(ray: Any, reference: Any, unit: WorkUnit, lost: RetryCounter) -> list[FinishedNetwork] | None:
    """The finished networks of a unit; None if its worker was lost."""
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
    except errors.RayError as error:
        lost.count(unit, type(error).__name__)
        return None


def train_remotely(
    settings: str, needed: list[registered.Reference], key: str, numbers: tuple[int, ...]
) -> list[FinishedNetwork]:
    """Train one unit from its start, after the definitions that it needs are imported; this function runs on the
    cluster."""
    from holdfast.comparison.executors.worker import prepare, train
    from holdfast.comparison.grid.place import Configuration
    from holdfast.training.settings import Settings

    prepare(1)
    registered.restore(needed)
    finished: list[FinishedNetwork] = []
    unit = WorkUnit(Configuration(Settings.from_json(json.loads(settings)), key), tuple(numbers))
    train(unit, on_points=finished.extend)
    return finished


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
