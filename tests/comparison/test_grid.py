"""A grid counts its points before it makes them, says what is wrong with it in words, and survives its own JSON."""

import json
from dataclasses import replace

import pytest

from holdfast.comparison.estimate import check_size
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.grid.lags import with_lag, with_lags
from holdfast.comparison.results.verdicts import apart
from holdfast.comparison.study import Study
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.rates import Rate
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.learner import first_networks
from holdfast.training.settings import Settings
from tests.comparison.laws import GRID

BASE = Settings(Recall(steps=4), units=2, seeds=20, budget=20_000)


def test_a_grid_counts_what_it_makes_and_every_configuration_has_its_own_key():
    made = list(GRID.configurations())
    assert GRID.of == len(made) * GRID.base.seeds == 40
    assert len({c.key for c in made}) == len(made)
    assert Grid.from_json(json.loads(json.dumps(GRID.as_json()))) == GRID


def test_a_key_is_the_settings_and_nothing_else():
    one, other = (next(Grid(BASE, {"learning_rate": rates}).configurations()) for rates in ((0.01,), (0.01, 0.1)))
    assert one.key == other.key
    assert one.key != next(Grid(replace(BASE, seeds=19), {}).configurations()).key


def test_a_block_is_a_place_of_a_grid_and_makes_another_network():
    grid = Grid(replace(BASE, cell="gru"), {"block": ("none", "prenorm")})
    assert Grid.from_json(json.loads(json.dumps(grid.as_json()))) == grid
    plain, wrapped = (one.settings for one in grid.configurations())
    assert [first_networks(one, [0])[0].cell_name for one in (plain, wrapped)] == ["gru", "prenorm(gru)"]


def test_grids_with_the_same_places_are_equal():
    one = Grid(replace(BASE, units=7, learning_rate=0.5), {"units": (2, 4), "learning_rate": [0.01], "cell": ("lstm",)})
    assert one == Grid(replace(BASE, learning_rate=0.01), {"units": (2, 4)})
    assert one != Grid(replace(BASE, learning_rate=0.01), {"units": (2, 8)})
    assert one.values("units") == (2, 4)
    assert one.values("learning_rate") == (0.01,)


def test_a_rule_leaves_out_what_means_nothing_to_it():
    pair = Echo(sequences=(("a", "b"), ("b", "a")))
    base = Settings(pair, units=2, batch=2, truncate=3)
    made = [c.settings for c in Grid(base, {"update": ("step", "sequence", "batch")}).configurations()]
    assert [(str(s.update), s.batch, s.truncate) for s in made] == [
        ("step", 2, None),
        ("sequence", None, 3),
        ("batch", 2, 3),
    ]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"task": ()}, "task is empty, expected at least one value"),
        ({"task": ("recall",)}, "task is 'recall', expected a task"),
        ({"cell": ()}, "cell is empty, expected at least one value"),
        ({"cell": ("lstm", 3)}, "cell is 3, expected text of at most 200 characters"),
        ({"learning_rate": (0.0, 0.01)}, "learning_rate is 0, expected a positive number of at most 3.4e+38"),
        ({"learning_rate": (float("nan"),)}, "learning_rate is nan, expected a positive number of at most 3.4e+38"),
        ({"units": (8, 8)}, "units has 8 twice"),
        (
            {"units": (8, 8.5), "clip": (-1.0,)},
            "units is 8.5, expected a whole number; clip is -1, expected a positive number of at most 3.4e+38",
        ),
    ],
)
def test_what_is_wrong_with_a_grid_is_said_in_words(changed, words):
    with pytest.raises(BadValue) as caught:
        Grid(BASE, changed)
    assert caught.value.message == f"this grid is invalid: {words}."


def test_names_that_do_not_exist_are_told_with_their_place():
    with pytest.raises(UnknownName, match="there is no cell named 'lstn'"):
        Grid(BASE, {"cell": ("lstn",)})
    with pytest.raises(UnknownName, match="cell lstn: there is no cell named 'lstn'"):
        list(Grid(BASE, {"cell": ("lstm", "lstn")}).configurations())
    with pytest.raises(UnknownName, match="there is no setting to sweep named 'colour'"):
        Grid(BASE, {"colour": (1, 2)})
    with pytest.raises(BadValue, match="cell elman, initialisation keras\\+chrono: elman has no forget gate"):
        list(Grid(BASE, {"cell": ("lstm", "elman"), "initialisation": ("keras+chrono", "keras")}).configurations())


def test_lags_that_are_the_same_task_are_told():
    with pytest.raises(BadValue, match="--lags has 3 twice"):
        with_lags("recall", {}, (3, 3))
    with pytest.raises(BadValue, match="--lags 2 and 3 are the same echo"):
        with_lags("echo", {}, (2, 3))


@pytest.mark.parametrize("task", ["adding", "bits", "copy", "echo", "order", "recall"])
def test_a_task_has_the_lag_that_was_asked_for(task):
    for lag in (10, 30, 100):
        assert with_lag(task, {}, lag).lag_steps == lag


def test_given_sequences_have_their_own_lag():
    with pytest.raises(BadValue, match="echo with given sequences has a fixed lag"):
        with_lag("echo", {"sequences": (("a", "b"), ("b", "a"))}, 10)


def test_a_grid_of_a_million_points_has_to_be_meant():
    lags = tuple(range(1, 101))
    study = Study("big", (Grid(replace(BASE, units=8, seeds=10_000), {"task": with_lags("recall", {}, lags)}),))
    with pytest.raises(BadValue) as caught:
        check_size(study, workers=2, yes=False)
    assert caught.value.message.startswith("this grid has 1,000,000 points and may take ")
    assert " days with 2 workers, if no network solves its task early." in caught.value.message
    assert caught.value.fix.startswith("Confirm with --yes")
    check_size(study, workers=2, yes=True)


def test_verdicts_come_from_intervals():
    assert apart(Rate(12, 20), Rate(9, 20)) == "undecided"
    assert apart(Rate(1000, 1000), Rate(999, 1000)) == "does not hold"  # nothing worth a tenth can be left
