"""Run a study: train the points that are not in the store, store each when it finishes, then read all results."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from typing import Any

from holdfast.comparison.executors import processes
from holdfast.comparison.executors.job import JobCallbacks
from holdfast.comparison.executors.units import WorkUnit, divide
from holdfast.comparison.executors.worker import FinishedNetwork
from holdfast.comparison.results.results import Results
from holdfast.comparison.store.store import Store
from holdfast.comparison.study import Study
from holdfast.core import registered
from holdfast.core.errors import BadRun, BadValue
from holdfast.core.progress import Progress, Throughput, cores
from holdfast.training.block import reported
from holdfast.training.interrupt import Interrupts


def run_study(
    study: Study,
    store: Store,
    *,
    workers: int | None = None,
    address: str | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
    on_check: Callable[[Mapping[str, Any]], None] | None = None,
) -> tuple[Results, bool]:
    """Run a study. Returns the results, and whether an interrupt ended it before all points were finished. With
    ``address``, units run on that Ray cluster, otherwise on ``workers`` processes of this machine (default: one per
    core). ``on_check`` is called with the figures of every finished network.

    Raises ``BadValue`` if it needs what only this process has, ``BadRun`` if the store has the study with other
    settings, is busy or full, or the cluster cannot be reached. Points that were finished before stay stored.
    """
    count = workers or cores()
    if count < 1:
        raise BadValue(f"--workers is {count}, expected at least 1.")
    for grid in study.grids:
        for configuration in grid.configurations():
            registered.references(configuration.settings.as_json())
    configurations = store.begin(study)
    folder = store.work_folder(study.name)
    done = store.done(study.name)
    units = [u for u in divide(configurations) if any((u.configuration.key, n) not in done for n in u.numbers)]
    _check_disk(store, units)
    of_numbers = {c.key for c in configurations if c.settings.task.criterion.of_numbers}
    of = sum(c.settings.seeds for c in configurations)
    with Interrupts() as interrupts:
        clock = _Clock(units, done.values(), of, watch)

        def land(finished: list[FinishedNetwork]) -> None:
            store.keep(finished)
            new = [f for f in finished if f.result.point not in done]
            done.update((f.result.point, f.result.verdict) for f in new)
            clock.landed(new)
            if on_check is not None:
                for one in new:
                    on_check(reported(one.result.as_json(), one.result.place.configuration in of_numbers))

        def finish(unit: WorkUnit) -> None:
            clock.finished(unit)
            shutil.rmtree(folder / unit.name, ignore_errors=True)

        callbacks = JobCallbacks(land, finish, clock.at, interrupts.stop)
        if units and address:
            from holdfast.comparison.executors import cluster

            cluster.run(units, callbacks, address, folder)
        elif units:
            processes.run(units, callbacks, count, folder)
        results = store.results(study.name)
        if interrupts.heard and results.done < results.of:
            return results, True
    if results.done != results.of:
        raise AssertionError(f"{study.name}: every unit is done, but {results.done} of {results.of} points are there")
    for unit in divide(configurations):  # left over if the process was killed before it removed them
        shutil.rmtree(folder / unit.name, ignore_errors=True)
    return results, False


class _Clock:
    """Progress weighted by cost, of finished and running units."""

    def __init__(
        self, units: list[WorkUnit], kept: Collection[str], of: int, watch: Callable[[Progress], None]
    ) -> None:
        self._pace, self._watch, self._of = Throughput(), watch, of
        self._cost = self._left = sum(unit.cost for unit in units)
        self._shares = dict[str, float]()
        self._finished, self._solved = len(kept), sum(verdict == "solved" for verdict in kept)

    def landed(self, new: list[FinishedNetwork]) -> None:
        self._finished += len(new)
        self._solved += sum(f.result.solved for f in new)
        self._tell()

    def at(self, unit: WorkUnit, share: float) -> None:
        self._shares[unit.name] = share * unit.cost
        self._tell()

    def finished(self, unit: WorkUnit) -> None:
        self._shares.pop(unit.name, None)
        self._left -= unit.cost

    def _tell(self) -> None:
        left = self._left - sum(self._shares.values())
        seconds = self._pace.seconds_left(self._cost - left, left)
        share = 1 - left / self._cost if self._cost else 1.0
        self._watch(Progress(self._solved, self._finished, self._of, seconds, share=share))


def _check_disk(store: Store, units: list[WorkUnit]) -> None:
    needed = 0
    for unit in units:
        needed += len(unit.numbers) * (4 * unit.configuration.settings.parameters + 4096)
    free = shutil.disk_usage(store.path.parent).free
    if needed > free:
        raise BadRun(
            f"the store {store.path} needs about {needed / 1e6:,.0f} MB for these points, and its disk has "
            f"{free / 1e6:,.0f} MB free.",
            "Free space, or give a file on another disk with --store.",
        )
