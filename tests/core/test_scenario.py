"""A scenario's parts: ranges that hold every float32 number drawn from them, and automata that hang together."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from holdfast import tasks
from holdfast.core.errors import BadValue
from holdfast.core.scenario import Box, Edge, Scenario, Value, drawn, one_hot


@pytest.mark.parametrize("limits", [(-1.0, 1.0), (-0.1, 0.3), (0.1, 0.7), (1e-50, 1e-3), (-16777217.0, 16777219.0)])
def test_a_range_holds_its_own_ends_and_their_float32_neighbours(limits):
    low, high = drawn(*limits)
    for end in limits:
        assert low <= end <= high
        assert low <= float(np.float32(end)) <= high
    assert (low, high) == pytest.approx(limits, rel=2.0**-23, abs=1e-45)


def test_ranges_of_float32_numbers_stay_as_they_are():
    assert drawn(-1.0, 0.25) == (-1.0, 0.25)


def test_one_hot_boxes_are_points():
    assert one_hot(3, 2, 0) == (Box((0.0, 0.0, 1.0), (0.0, 0.0, 1.0)), Box((1.0, 0.0, 0.0), (1.0, 0.0, 0.0)))


@pytest.mark.parametrize(
    ("edges", "answers", "ranges", "words"),
    [
        ([("a", "b"), ("c", "b")], {}, {}, "an edge leaves 'c', to which none leads"),
        ([("a", "b")], {"c": (Value({}),)}, {}, "'c' has an answer, and no edge leads there"),
        ([("a", "b")], {}, {"x1": (0.0, 1.0)}, "'x1' has a range and is never remembered"),
    ],
)
def test_parts_that_do_not_hang_together_are_refused(edges, answers, ranges, words):
    with pytest.raises(BadValue, match=words):
        Scenario("a", tuple(Edge(*nodes, one_hot(1, 0)) for nodes in edges), answers, ranges, 3)


def test_a_number_is_held_however_many_follow():
    scenario = tasks.get("recall")(steps=4, position=2, range=(0.0, 2.0)).scenario()
    number = (Box((0.0,), (2.0,)),)
    assert scenario == Scenario(
        start="0",
        edges=(
            Edge("0", "1", number),
            Edge("1", "held", number, (0, "x2")),
            Edge("held", "held", number),
        ),
        answers={"held": (Value({"x2": 1.0}),)},
        ranges={"x2": (0.0, 2.0)},
        steps=4,
    )
    assert scenario.leaving("held") == scenario.edges[2:]


def test_lengths_say_which_answers_and_edges_are_meant():
    task = tasks.get("copy")(steps=2, lag=3, variant="reals")
    exactly, up_to, every = task.lengths(), task.lengths("up to", 4), task.lengths("any")
    signal = next(edge for edge in task.scenario().edges if edge.steps)
    assert (exactly.first, exactly.last, signal.steps) == (6, 7, (6, 6))
    assert [step for step in range(1, 10) if exactly.judged(step)] == [6, 7]
    assert [step for step in range(1, 10) if up_to.judged(step)] == [4, 5, 6, 7]
    assert [step for step in range(1, 10) if exactly.takes(signal, step)] == [6]
    assert all(lengths.takes(signal, step) for lengths in (up_to, every) for step in range(1, 10))
    assert (exactly.steady_from(task.scenario()), up_to.steady_from(task.scenario())) == (7, 1)
    assert [a.cover(b) for a in (exactly, up_to, every) for b in (exactly, up_to, every)] == [
        True, False, False, True, True, False, True, True, True,
    ]  # fmt: skip


ROWS = [
    ("adding", {"steps": 24, "variant": "1997"}),
    ("adding", {"steps": 6}),
    ("order", {"steps": 20}),
    ("copy", {"steps": 4, "lag": 3}),
    ("recall", {}),
]


@pytest.mark.parametrize(("name", "axes"), ROWS)
def test_rows_of_a_task_take_its_edges_at_their_steps(name, axes):
    task = tasks.get(name)(**axes)
    scenario, lengths = task.scenario(), task.lengths()
    rows = task.sample(jax.random.key(0), 32)
    for inputs, present, scored in zip(*map(np.asarray, (rows.inputs, rows.present, rows.scored)), strict=True):
        here, steps = {scenario.start}, int(present.sum())
        assert task.shortest <= steps <= task.longest
        for step in range(1, steps + 1):
            here = {
                edge.target
                for edge in scenario.edges
                if edge.source in here and lengths.takes(edge, step) and reads(edge, inputs[step - 1])
            }
            assert here
            assert lengths.judged(step) or not scored[step - 1]


def reads(edge, x):
    return any(all(a <= v <= b for a, v, b in zip(box.low, x, box.high, strict=True)) for box in edge.boxes)
