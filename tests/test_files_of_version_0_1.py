"""What version 0.1 wrote is gone on with: a run that was cut short, a store that lacks some of its points, a search.

The files in ``data/version_0_1`` were written by that version; ``whole`` and ``grid.json`` are what it gave without an
interruption. Other machines round differently, so weights are compared up to a tolerance.
"""

import csv
import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from holdfast.cli._main import main
from holdfast.comparison.results.results import Results
from holdfast.comparison.store.store import Store
from holdfast.engine.files import load, tensors

DATA = Path(__file__).parent / "data" / "version_0_1"
CLOSE = {"rtol": 1e-3, "atol": 1e-4}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path / "data")


def test_a_run_that_was_cut_short_goes_on_to_the_result_of_one_that_was_not(capsys):
    before = json.loads(Path("cut/result.json").read_text())
    assert before["interrupted"]
    assert main(["train", "--resume", "cut", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert not document["interrupted"]
    assert [seed["sequences"] for seed in document["seeds"]] == [1600, 1600]
    for seed in (0, 1):
        got, expected = (tensors(load(f"{run}/weights/seed-{seed}.safetensors")[0]) for run in ("cut", "whole"))
        assert got.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(np.asarray(got[name]), np.asarray(value), **CLOSE)
    histories = [Path(run, "history.csv").read_text().splitlines() for run in ("cut", "whole")]
    checks = [[(row["seed"], row["sequences"]) for row in csv.DictReader(lines)] for lines in histories]
    assert checks[0] == checks[1]


@pytest.mark.slow
def test_a_store_that_lacks_points_gets_the_others_and_keeps_those(capsys):
    with Store("grid.db", write=False) as store:
        there = store.done("grid")
        kept = {(p.as_json()["configuration"], p.seed): store.network_file(p) for p in store.results("grid").points}
    assert len(there) == 13
    assert main(["compare", "--study", "grid", "--store", "grid.db", "--workers", "1", "--json"]) == 0
    document, whole = json.loads(capsys.readouterr().out), json.loads(Path("grid.json").read_text())
    assert (document["done"], document["of"]) == (16, 16)
    for got, expected in zip(document["points"], whole["points"], strict=True):
        for name in expected.keys() - {"seconds"}:
            value = expected[name]
            assert got[name] == (pytest.approx(value, rel=1e-3) if isinstance(value, float) else value), name
    with Store("grid.db", write=False) as store:
        again = {(p.as_json()["configuration"], p.seed): store.network_file(p) for p in store.results("grid").points}
    assert {point: again[point] for point in kept} == kept


def test_a_point_is_found_under_its_key_by_another_study_with_the_same_settings(capsys, monkeypatch):
    """Nothing is trained: the keys of version 0.1 are those of today."""
    monkeypatch.setattr("holdfast.comparison.executors.processes.run", lambda *_: pytest.fail("a point was not found"))
    connection = sqlite3.connect("grid.db")
    (key,) = connection.execute("SELECT configuration FROM places WHERE ordinal = 0").fetchone()
    columns = "verdict, sequences, loss, error_sup, accuracy, slope_start, slope_end, seconds"
    copied = f"INSERT INTO points SELECT configuration, 1, {columns} FROM points WHERE configuration = ? AND seed = 0"
    connection.execute(copied, (key,))
    connection.commit()
    connection.close()
    words = (
        "compare --task echo --cells elman --lags 2 --units 2 --rates 0.01 --seeds 2 --batch 8 --budget 1600 --seed 3"
    )
    monkeypatch.setenv("HOLDFAST_ENGINE", "xla")
    assert main([*words.split(), "--check-every", "800", "--study", "again", "--store", "grid.db", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(p["configuration"], p["seed"]) for p in document["points"]] == [(key, 0), (key, 1)]


def test_results_of_a_study_are_read():
    results = Results.from_json(json.loads(Path("grid.json").read_text()))
    assert (results.done, results.of) == (16, 16)
    assert len(results.where(cell="gru", update="step", learning_rate=0.03)) == 2


def test_a_search_goes_on_with_its_trials(capsys):
    journal = Path("tune.journal")
    journal.write_text(journal.read_text().replace('"native"', '"xla"'))
    words = "tune recall --steps 2 --cell gru --units 1 2 --budget 500 --seeds 4 --engine xla"
    assert main([*words.split(), "--storage", str(journal), "--trials", "2", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [trial["trial"] for trial in document["trials"]] == [0, 1]
    assert (document["trials"][0]["units"], document["trials"][0]["batch"]) == (2, 32)
