"""A scenario's parts: ranges that hold every float32 number drawn from them, and automata that hang together."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast import tasks
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
        ([("a", "b"), ("c", "b")], {}, {}, "an edge leaves a node that is never reached"),
        ([("a", "b")], {"c": (Value({}),)}, {}, "an answer is asked for at a node that is never reached"),
        ([("a", "b")], {}, {"x1": (0.0, 1.0)}, "a remembered number has a range"),
    ],
)
def test_parts_that_do_not_hang_together_are_refused(edges, answers, ranges, words):
    with pytest.raises(AssertionError, match=words):
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


def test_early_answers_can_be_left_out():
    scenario = tasks.get("recall")(steps=5).scenario()
    late = scenario.answered_from(3)
    here, asked = {late.start}, []
    for _ in range(5):
        here = {edge.target for node in here for edge in late.leaving(node)}
        asked.append(any(node in late.answers for node in here))
    assert asked == [False, False, True, True, True]
    assert scenario.answered_from(1) is scenario
