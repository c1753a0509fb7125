"""A grid counts its points before it makes them, says what is wrong with it in words, and survives its own JSON."""

import json

import pytest

from holdfast.compare.estimate import check_size
from holdfast.compare.grid import Grid
from holdfast.compare.lags import with_lag
from holdfast.compare.study import Study, apart
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.rates import Rate
from tests.compare.laws import GRID


def test_a_grid_counts_what_it_makes_and_every_configuration_has_its_own_key():
    made = list(GRID.configurations())
    assert GRID.of == len(made) * GRID.seeds == 40
    assert len({c.key for c in made}) == len(made)
    assert Grid.from_json(json.loads(json.dumps(GRID.as_json()))) == GRID


def test_a_key_is_the_settings_and_nothing_else():
    one, other = (next(Grid("recall", lags=(3,), rates=rates).configurations()) for rates in ((0.01,), (0.01, 0.1)))
    assert one.key == other.key
    assert one.key != next(Grid("recall", lags=(3,), rates=(0.01,), seeds=19).configurations()).key


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lags": ()}, "--lags is empty, expected at least one value"),
        ({"cells": ()}, "--cells is empty, expected at least one value"),
        ({"rates": (0.0, 0.01)}, "--rates is 0, expected a positive number of at most 3.4e+38"),
        ({"rates": (float("nan"),)}, "--rates is nan, expected a positive number of at most 3.4e+38"),
        ({"units": (8, 8)}, "--units has 8 twice"),
        ({"seeds": 0}, "--seeds is 0, expected at least 1"),
        ({"lags": (0,)}, "--lags has 0, expected at least 1 step"),
    ],
)
def test_what_is_wrong_with_a_grid_is_said_in_words(changed, words):
    with pytest.raises(BadValue) as caught:
        Grid("recall", **changed)
    assert caught.value.message == f"this grid cannot be run: {words}."


def test_names_that_do_not_exist_are_told_with_their_place():
    with pytest.raises(UnknownName, match="there is no cell named 'lstn'"):
        list(Grid("recall", cells=("lstn",), lags=(3,)).configurations())
    with pytest.raises(UnknownName, match="there is no task named 'recal'"):
        list(Grid("recal").configurations())
    with pytest.raises(BadValue, match="recall, elman, 8 units, keras\\+chrono: elman has no gate that keeps"):
        list(Grid("recall", cells=("elman",), lags=(3,), initialisations=("keras+chrono",)).configurations())


@pytest.mark.parametrize("task", ["adding", "bits", "copy", "echo", "order", "recall"])
def test_a_task_has_the_lag_that_was_asked_for(task):
    for lag in (10, 30, 100):
        assert with_lag(task, {}, lag).lag_steps == lag


def test_given_sequences_have_their_own_lag():
    with pytest.raises(BadValue, match="echo with given sequences has their lag"):
        with_lag("echo", {"sequences": (("a", "b"), ("b", "a"))}, 10)


def test_a_grid_of_a_million_points_has_to_be_meant():
    lags = tuple(range(1, 101))
    study = Study("big", (Grid("recall", cells=("lstm",), lags=lags, units=(8,), rates=(0.01,), seeds=10_000),))
    with pytest.raises(BadValue) as caught:
        check_size(study, workers=2, yes=False)
    assert caught.value.message.startswith("this grid has 1,000,000 points and may take ")
    assert " days with 2 workers, if no network solves its task early." in caught.value.message
    assert caught.value.fix.startswith("Say --yes if it is meant")
    check_size(study, workers=2, yes=True)


def test_verdicts_come_from_intervals():
    assert apart(Rate(12, 20), Rate(9, 20)) == "undecided"
    assert apart(Rate(1000, 1000), Rate(999, 1000)) == "does not hold"  # nothing worth a tenth can be left
