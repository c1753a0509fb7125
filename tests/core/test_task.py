"""What all tasks share: when one is solved, rows by number, and axes that refuse in words."""

from __future__ import annotations

import math

import jax.numpy as jnp
import pytest

from holdfast import tasks
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Criterion, Task


@pytest.mark.parametrize(
    ("metric", "value", "met"),
    [
        ("error_sup", 0.049, True),
        ("error_sup", 0.05, False),  # smaller, not equal
        ("error_sup", math.nan, False),
        ("error_sup", None, False),
        ("accuracy", 0.05, True),  # at least
        ("accuracy", 0.049, False),
        ("accuracy", math.nan, False),
        ("accuracy", math.inf, False),
    ],
)
def test_a_criterion_is_met_or_not_and_never_by_a_nan(metric, value, met):
    assert Criterion(metric, 0.05).met({metric: value}) is met


def test_a_criterion_reads_as_words():
    assert str(Criterion("error_sup", 0.05)) == "largest error below 0.05 on 2560 fresh sequences"
    assert str(Criterion("accuracy", 0.99, 100)) == "accuracy at least 0.99 on 100 fresh sequences"


def test_rows_are_taken_by_number_in_order():
    batch = Batch(*(jnp.stack([jnp.arange(3), jnp.arange(3)], 1) for _ in range(4)))
    taken = batch.take(jnp.array([2, 0, 0]))
    for part in (taken.inputs, taken.targets, taken.scored, taken.present):
        assert part.tolist() == [[2, 2], [0, 0], [0, 0]]


BAD = [
    (
        "recall",
        {"steps": 3, "position": 5, "tolerance": 0.0, "range": (1.0, 1.0)},
        "recall: --tolerance is 0.0, expected at least 1e-12; position 5 is past the end of a sequence of 3 steps "
        "(positions run from 1 to 3); --range 1 1 is empty, expected the smaller number first.",
    ),
    (
        "recall",
        {"range": (-math.inf, math.nan), "distribution": "cauchy"},
        "recall: --distribution is 'cauchy', expected one of uniform, normal; --range -inf nan is unbounded, but "
        "training samples need a bounded range.",
    ),
    (
        "adding",
        {"steps": 3, "variant": "1997", "tolerance": math.nan},
        "adding: --steps is 3, expected at least 4; --tolerance is nan, expected at least 1e-12; --steps is 3; "
        "variant 1997 marks ten or more pairs, expected at least 24.",
    ),
    (
        "echo",
        {"lag": 3, "accuracy": 1.5},
        "echo: 2 distractors out of 3 symbols make only 9 different rows; training and test rows are disjoint, which "
        "needs at least 16; --accuracy is 1.5, expected at most 1.",
    ),
    ("bits", {"noise": 1.0}, "bits: --noise is 1, expected less than 1, the size of the signal."),
    ("order", {"accuracy": 2.0}, "order: --accuracy is 2, expected at most 1."),
    ("copy", {"accuracy": 2.0}, "copy: --accuracy is 2, expected at most 1."),
    (
        "copy",
        {"variant": "reals", "range": (1.0, -1.0), "lag": -1},
        "copy: --lag is -1, expected at least 0; --range 1 -1 is empty, expected the smaller number first.",
    ),
]


@pytest.mark.parametrize(("name", "axes", "message"), BAD)
def test_axes_that_make_no_task_are_refused_with_all_reasons(name, axes, message):
    with pytest.raises(BadValue) as caught:
        tasks.get(name)(**axes)
    assert caught.value.message == message
    assert caught.value.fix == f"See 'holdfast show {name}' for its axes."


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("copy", {"steps": -1, "symbols": 0}),
        ("copy", {"steps": -1}),
        ("echo", {"lag": 0, "distractors": 0}),
        ("echo", {"lag": 0}),
    ],
)
def test_axes_far_out_of_range_are_refused_and_counted_in_whole_rows(name, axes):
    with pytest.raises(BadValue) as caught:
        tasks.get(name)(**axes)
    assert all(f"--{axis} is {value}, expected at least" in caught.value.message for axis, value in axes.items())
    assert "only 0." not in caught.value.message


@pytest.mark.parametrize("bound", [math.inf, math.nan])
def test_a_range_without_bounds_is_refused_by_every_task_that_draws_from_one(bound):
    for name, axes in (("recall", {}), ("copy", {"variant": "reals"})):
        with pytest.raises(BadValue):
            tasks.get(name)(**axes, range=(-bound, bound))


def test_contradicting_sequences_are_refused_along_with_every_other_reason():
    with pytest.raises(BadValue, match=r"contradict each other.*--accuracy is 2"):
        tasks.get("echo")(sequences=(("1", "2"), ("1", "3")), accuracy=2.0)


def test_a_task_that_does_not_describe_all_its_rows_says_that_nothing_can_be_proved():
    class Silent(tasks.get("recall")):
        scenario = Task.scenario

    with pytest.raises(BadValue) as caught:
        Silent().scenario()
    assert caught.value.message == (
        "silent: this task has no scenario, which describes all its rows, so nothing can be proved about it."
    )
    assert caught.value.fix == "Write a method 'scenario', as in tasks/recall.py."


@pytest.mark.parametrize(
    ("task", "axes"), [("recall", {"steps": 10**9}), ("bits", {"bits": 10**9}), ("echo", {"lag": 10**30})]
)
def test_a_size_that_fits_no_machine_is_refused_before_anything_is_made_of_it(task, axes):
    with pytest.raises(BadValue, match="expected at most 10,000,000"):
        tasks.get(task)(**axes)


def test_a_range_that_rows_cannot_be_drawn_from_is_refused():
    with pytest.raises(BadValue, match="is past the largest number of float32"):
        tasks.get("recall")(range=(-1.0, 1e39))
