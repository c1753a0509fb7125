"""A study on worker processes: killed, interrupted, resumed, and always the same results."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import holdfast
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.run import run_study
from holdfast.comparison.store.store import Store
from holdfast.comparison.study import Study
from holdfast.engine.files import tensors
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings
from tests.offenders.compare import ForgetfulStore

BASE = Settings(Recall(steps=3), "elman", 2, seeds=3, budget=3000, engine="loop")
GRID = Grid(BASE, {"learning_rate": (0.01, 0.03)})
STUDY = Study("small", (GRID,))
COMMAND = "compare --task recall --cells elman --lags 2 --units 2 --rates 0.01,0.03 --seeds 3 --budget 3000"


def results(store):
    """Everything that has to be equal: all but the time that it took, and with the networks, bit for bit."""

    def weights(point):
        return {name: value.tobytes() for name, value in tensors(store.network(point)).items()}

    return [(replace(p, seconds=0.0), weights(p)) for p in store.results("small").points]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("whole") / "store.sqlite") as store:
        found, interrupted = run_study(STUDY, store, workers=1)
        assert not interrupted
        assert (found.done, found.of) == (6, 6)
        return results(store)


def killed_at(path, heard, workers=2):
    """Run the study in a process group of its own; SIGKILL all of it once the store has ``heard`` points."""
    script = (
        "from tests.comparison.test_run import *\n"
        f"with Store({str(path)!r}) as store: run_study(STUDY, store, workers={workers})"
    )
    places = (Path(holdfast.__file__).parents[1], Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    running = subprocess.Popen([sys.executable, "-c", script], env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while running.poll() is None and time.monotonic() < deadline:
            if path.exists() and count(path) >= heard:
                break
            time.sleep(0.01)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def count(path):
    with Store(path, write=False) as store:
        return store.results("small").done if store.studies() else 0


@pytest.mark.slow
def test_a_study_killed_with_all_its_processes_goes_on_to_the_same_results(tmp_path, uninterrupted):
    path = tmp_path / "store.sqlite"
    killed_at(path, heard=1)
    kept = count(path)
    assert kept >= 1
    with Store(path) as store:
        found, _ = run_study(STUDY, store, workers=1)
        assert found.done == 6
        assert results(store) == uninterrupted
    assert not [f for f in (tmp_path / "store.sqlite.work" / "small").iterdir() if f.name != "lock"]


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_its_unit_done_again(tmp_path, uninterrupted):
    killed = []

    def kill():
        deadline = time.monotonic() + 60
        while not killed and time.monotonic() < deadline:
            for child in multiprocessing.active_children():
                killed.append(child.pid)
                child.kill()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    with Store(tmp_path / "store.sqlite") as store:
        run_study(STUDY, store, workers=1)
        assert results(store) == uninterrupted
    thread.join()
    assert killed


def test_a_store_that_forgets_a_point_is_found_out(tmp_path, monkeypatch):
    from tests.comparison.laws import finished

    def all_at_once(units, callbacks, workers, folder):
        for unit in units:
            callbacks.on_points([f for f in finished(GRID) if f.result.place.configuration == unit.configuration.key])
            callbacks.on_unit_done(unit)

    monkeypatch.setattr("holdfast.comparison.executors.processes.run", all_at_once)
    with Store(tmp_path / "good.sqlite") as store:
        assert run_study(STUDY, store)[0].done == 6
    with (
        ForgetfulStore(tmp_path / "bad.sqlite") as store,
        pytest.raises(AssertionError, match="4 of 6 points"),
    ):
        run_study(STUDY, store)


@pytest.mark.slow
def test_an_interrupt_keeps_what_is_done_and_the_command_goes_on(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(holdfast.__file__).parents[1]), "HOLDFAST_ENGINE": "loop"}
    command = [sys.executable, "-m", "holdfast", *COMMAND.split(), "--study", "small", "--workers", "1", "--json"]
    running = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    path = tmp_path / "runs" / "studies.sqlite"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (path.exists() and count(path) >= 1):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    out, err = running.communicate(timeout=120)
    assert running.returncode in (0, 130), err
    document = json.loads(out)
    assert (running.returncode == 130) == (document["done"] < document["of"])
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=120)
    assert again.returncode == 0, again.stderr
    document = json.loads(again.stdout)
    assert (document["done"], document["of"], document["verdicts"]) == (6, 6, [])
