"""The same study on a Ray cluster of two machines, one of which is lost on the way."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from holdfast.comparison.executors import cluster
from holdfast.comparison.executors.job import JobCallbacks
from holdfast.comparison.run import run_study
from holdfast.comparison.store.store import Store
from holdfast.core.errors import BadRun
from tests.comparison.test_run import STUDY, results, uninterrupted  # noqa: F401


def descendants(process):
    """The processes that ``process`` and its children have started (Linux only, as this test is)."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
        except OSError:
            continue
    found = [process]
    for one in found:
        found += parents.get(one, [])
    return [one for one in found[1:] if Path(f"/proc/{one}").exists()]


def test_a_cluster_that_is_not_there_is_told_at_once(tmp_path):
    began = time.monotonic()
    callbacks = JobCallbacks(lambda points: None, lambda unit: None, lambda unit, share: None, threading.Event())
    with pytest.raises(BadRun, match=r"the Ray cluster at 127\.0\.0\.1:1 cannot be reached: .*refused"):
        cluster.run([], callbacks, "127.0.0.1:1", tmp_path)
    with pytest.raises(BadRun, match=r"--address is 'nowhere', expected HOST:PORT"):
        cluster.run([], callbacks, "nowhere", tmp_path)
    assert time.monotonic() - began < 10


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds Ray's workers in /proc")
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_machine_loses_no_point(tmp_path, monkeypatch, uninterrupted):  # noqa: F811
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    memory = {"object_store_memory": 80_000_000, "include_dashboard": False}
    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **memory})
    try:
        second = machines.add_node(num_cpus=1, object_store_memory=80_000_000)
        lost = []

        def lose():
            """Once units are running: first a worker, then the whole second machine."""
            deadline = time.monotonic() + 90
            while not lost and time.monotonic() < deadline:
                for process in descendants(os.getpid()):
                    if b"ray::train_remotely" in Path(f"/proc/{process}/cmdline").read_bytes():
                        lost.append(process)
                        os.kill(process, signal.SIGKILL)
                        machines.remove_node(second, allow_graceful=False)
                        return
                time.sleep(0.02)

        thread = threading.Thread(target=lose)
        thread.start()
        with Store(tmp_path / "store.sqlite") as store:
            found, interrupted = run_study(STUDY, store, address=machines.address)
            assert not interrupted
            assert found.done == 6
            assert results(store) == uninterrupted
        thread.join()
        assert lost
    finally:
        machines.shutdown()
