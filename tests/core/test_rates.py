"""The interval of a success rate against figures that others published and against its defining equation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core.rates import Z_95, Rate


@pytest.mark.parametrize(
    ("solved", "of", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, table I, method 3 (score, no continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(solved, of, low, high):
    found = Rate(solved, of).interval
    assert found == pytest.approx((low, high), abs=5e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_ends_solve_the_equation_of_the_score_test(counts):
    solved, of = counts
    for end in Rate(solved, of).interval:
        # Squared, because near 0 and 1 a root would blow the rounding of ``end`` up.
        assert (solved / of - end) ** 2 == pytest.approx(Z_95**2 * end * (1 - end) / of, abs=1e-14)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_failures_have_the_mirrored_interval(counts):
    solved, of = counts
    low, high = Rate(solved, of).interval
    assert Rate(of - solved, of).interval == pytest.approx((1 - high, 1 - low), abs=1e-12)
    assert 0 <= low <= solved / of <= high <= 1


def test_none_of_n_and_all_of_n_reach_the_ends_exactly():
    assert Rate(0, 10).interval[0] == 0.0
    assert Rate(10, 10).interval[1] == 1.0
    assert Rate(0, 10).interval[1] == pytest.approx(Z_95**2 / (10 + Z_95**2), abs=1e-12)


def test_nothing_run_says_nothing():
    assert Rate(0, 0).interval == (0.0, 1.0)
    assert str(Rate(0, 0)) == "0 of 0 (0 %, 95 % interval 0-100 %)"


def test_a_rate_reads_as_words():
    assert str(Rate(10, 10)) == "10 of 10 (100 %, 95 % interval 72-100 %)"
    assert str(Rate(1, 3)) == "1 of 3 (33 %, 95 % interval 6-79 %)"
