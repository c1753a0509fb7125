"""A learning rate is chosen after looking: what is said of the best one has to survive that."""

import numpy as np

from holdfast.comparison.grid.place import AXES, Place
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.summary import summarise
from holdfast.core.rates import Rate


def made(solved: dict[float, list[bool]], sequences: int = 1000) -> list[Result]:
    points = []
    for rate, seeds in solved.items():
        values = ("recall", "lstm", 10, 8, rate, "auto", "batch", "fixed", 1, "shared")
        place = Place(f"key{rate}", tuple(zip(AXES, values, strict=True)))
        for seed, yes in enumerate(seeds):
            verdict = "solved" if yes else "not solved"
            points.append(Result(seed, verdict, sequences + seed, 0.1, 0.1, 1.0, place, -0.2, -0.1 * seed, 1.0))
    return points


def test_the_best_rate_is_reported_with_all_of_them():
    (line,) = summarise(made({0.001: [False] * 4, 0.01: [True, True, True, False], 0.1: [True, False, False, False]}))
    assert (line.best_rate, line.solved, line.of) == (0.01, 3, 4)
    assert [(r.learning_rate, r.success.solved) for r in line.rates] == [(0.001, 0), (0.01, 3), (0.1, 1)]
    assert line.interval == Rate(3, 4).simultaneous(3)
    assert line.sequences_to_success == (1000.5, 1001.0, 1001.5)
    assert line.slope_end == -0.15000000000000002


def test_each_half_is_counted_at_the_rate_that_the_other_half_chose():
    # Even seeds choose 0.1, at which no odd seed succeeds, and the other way round.
    (line,) = summarise(made({0.01: [False, True] * 3, 0.1: [True, False] * 3}))
    assert (line.solved, line.crossed) == (3, Rate(0, 6))


def test_the_interval_of_the_best_rate_covers_the_truth_where_the_plain_one_does_not():
    """Eight equally good rates: in how many of 4000 studies is the truth inside what is said of the best one."""
    random = np.random.default_rng(0)
    truth, seeds, rates = 0.5, 20, 8
    best = random.binomial(seeds, truth, (4000, rates)).max(1)

    def covered(interval):
        return np.mean([interval(int(k))[0] <= truth <= interval(int(k))[1] for k in best])

    assert covered(lambda k: Rate(k, seeds).simultaneous(rates)) >= 0.95
    assert covered(lambda k: Rate(k, seeds).interval) < 0.93  # the offender: as if nothing had been chosen


def test_results_survive_their_own_json():
    results = Results("x", (), tuple(made({0.01: [True, False]})), 2)
    assert Results.from_json(results.as_json()) == results


def test_where_filters_by_place():
    results = Results("x", (), tuple(made({0.01: [True], 0.1: [False]})), 2)
    assert [r["learning_rate"] for r in results.where(cell="lstm", learning_rate=(0.1, 0.2))] == [0.1]
