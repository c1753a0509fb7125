"""Long calls show how far they are, and hand out figures as they go."""

from __future__ import annotations

import sys

import pytest

import holdfast

SMALL = {"steps": 3, "units": 4, "seeds": 2, "budget": 3000, "check_every": 1000}


@pytest.fixture(scope="module")
def checked():
    rows = []
    done = holdfast.train("recall", on_check=rows.append, **SMALL)
    return done, rows


def test_every_evaluation_of_every_network_is_handed_out_once(checked):
    done, rows = checked
    key = lambda row: (row["seed"], row["sequences"])  # noqa: E731
    assert sorted(map(key, rows)) == sorted(map(key, done.history))
    assert {row["seed"] for row in rows} == {0, 1}
    assert {"loss", "error_sup", "sequences"} <= set(rows[0])


def test_numbers_have_no_accuracy_and_symbols_have_one(checked):
    assert {row["accuracy"] for row in checked[1]} == {None}
    rows = []
    given = [["a", "b"], ["b", "a"]]
    holdfast.train("echo", sequences=given, units=2, seeds=1, budget=8, check_every=8, on_check=rows.append)
    assert all(0 <= row["accuracy"] <= 1 for row in rows)
    assert rows


def test_figures_do_not_change_the_training(checked):
    assert checked[0].as_json()["seeds"] == holdfast.train("recall", **SMALL).as_json()["seeds"]


def test_what_on_check_raises_ends_the_training():
    def fails(metrics):
        raise RuntimeError("the tracker is down")

    with pytest.raises(RuntimeError, match="the tracker is down"):
        holdfast.train("recall", on_check=fails, **SMALL)


def test_a_resumed_run_hands_out_what_is_new(tmp_path):
    holdfast.train("recall", out=tmp_path / "run", **SMALL)
    rows = []
    holdfast.train(resume=tmp_path / "run", on_check=rows.append)
    assert rows == []


def test_tune_names_the_trial(tmp_path):
    rows = []
    search = {"units": (2, 3), "trials": 2, "seeds": 4, "budget": 200, "confirm": 4}
    holdfast.tune("recall", steps=3, cell="gru", storage=tmp_path / "t.journal", on_check=rows.append, **search)
    assert {row["trial"] for row in rows} == {0, 1}


def test_compare_hands_out_every_finished_network(tmp_path):
    rows = []
    grid = {"cells": "gru", "lags": "2", "units": "4", "rates": "0.01", "seeds": 2, "budget": 1000, "workers": 1}
    holdfast.compare("recall", store=tmp_path / "s.sqlite", on_check=rows.append, **grid)
    assert [(row["cell"], row["seed"], row["accuracy"]) for row in rows] == [("gru", 0, None), ("gru", 1, None)]


def test_progress_is_on_standard_error_and_only_if_asked_for(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")  # of which a check may have none
    network = holdfast.build("gru", inputs=1, units=2, outputs=1)
    holdfast.refute(network, "recall", steps=3, tries=64, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "sequences run, worst error" in err
    assert err.endswith("\x1b[2K")  # the line is cleared
    holdfast.refute(network, "recall", steps=3, tries=64)
    assert capsys.readouterr() == ("", "")
