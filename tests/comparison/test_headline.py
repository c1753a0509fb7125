"""The title of a comparison and its answer in one sentence: a difference is named only where intervals are apart."""

from __future__ import annotations

import pytest

from holdfast.comparison.grid.place import AXES, Place
from holdfast.comparison.results.answer import answer
from holdfast.comparison.results.headline import headline, title
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.comparison.study import Study

SEEDS = 20
Solved = dict[tuple[str, int], int]
"""Of 20 networks, by cell and lag."""


def points(solved: Solved, units: int = 8, task: str = "recall") -> list[Result]:
    found = []
    for (cell, lag), count in solved.items():
        values = (task, cell, lag, units, 0.01, "auto", "batch", "fixed", 1, "shared")
        place = Place(f"{task}{cell}{lag}{units}", tuple(zip(AXES, values, strict=True)))
        words = ["solved" if seed < count else "not solved" for seed in range(SEEDS)]
        found += [Result(n, word, 1000, 0.1, 0.1, 1.0, place, -0.2, -0.1, 1.0) for n, word in enumerate(words)]
    return found


def found(points: list[Result], of: int | None = None, question: str = "", verdicts: tuple[Verdict, ...] = ()):
    results = Results("recall-3fa2", (), tuple(points), of or len(points))
    return answer(Study("recall-3fa2", (), question, (lambda results: verdicts) if verdicts else None), results)


def test_the_title_says_what_was_compared_or_asks_the_question():
    made = points({("lstm", 10): 20, ("gru", 10): 20, ("lstm", 300): 0, ("gru", 300): 1})
    assert title(found(made)) == "lstm and gru on recall, over lags of 10 to 300 steps"
    assert title(found(made, question="Which one?")) == "Which one?"
    assert title(found(points({("lstm", 1000): 20}))) == "lstm on recall, over a lag of 1,000 steps"
    assert "recall-3fa2" in title(found([]))


def test_it_names_the_difference_at_the_longest_lag_at_which_there_is_one():
    made = {("lstm", 10): 20, ("elman", 10): 2, ("gru", 10): 20, ("lstm", 30): 19, ("elman", 30): 0, ("gru", 30): 15}
    told = headline(found(points(made | {("lstm", 100): 1, ("elman", 100): 0, ("gru", 100): 0})))
    assert told == (
        "At lag 30 lstm solves the task more often (19 of 20 networks, 76 to 99 %) than elman (0 of 20), "
        "and cannot be distinguished from gru."
    )


def test_intervals_that_overlap_are_no_difference():
    told = headline(found(points({("lstm", 10): 20, ("elman", 10): 17})))
    assert told == (
        "No difference is established, since at every lag the 95 % intervals overlap (at lag 10: solved in "
        "20 of 20 networks, 84 to 100 % by lstm and 17 of 20 networks, 64 to 95 % by elman)."
    )


@pytest.mark.parametrize("low", range(0, SEEDS + 1, 2))
@pytest.mark.parametrize("high", [20, 14])
def test_a_difference_is_claimed_exactly_where_the_intervals_are_apart(low, high):
    """Against Wilson's formula, written out here."""

    def wilson(k: int, n: int = SEEDS, z: float = 1.959963984540054) -> tuple[float, float]:
        centre = (k + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * (k * (n - k) / n + z * z / 4) ** 0.5
        return centre - half, centre + half

    claimed = "more often" in headline(found(points({("lstm", 10): high, ("elman", 10): low})))
    (a, b), (c, d) = wilson(high), wilson(low)
    assert claimed == (d < a or b < c)


def test_one_cell_has_its_longest_lag():
    made = points({("lstm", 10): 20, ("lstm", 30): 11, ("lstm", 100): 9})
    assert headline(found(made)) == "The longest lag that lstm learns is 30 steps (11 of 20 networks, 34 to 74 %)."
    none = points({("lstm", 10): 9, ("lstm", 30): 0})
    assert headline(found(none)).startswith("No lag is learned by half of the networks of lstm (at most 9 of 20")


def test_what_is_unfinished_says_so_and_claims_are_counted():
    made = points({("lstm", 10): 20, ("elman", 10): 0})
    assert headline(found(made, of=60)).startswith("So far, with 40 of 60 networks trained, at lag 10 lstm solves")
    assert headline(found([], of=60)) == "No network has been trained yet."
    claims = (Verdict("a", {}, "holds", ""), Verdict("b", {}, "holds", ""), Verdict("c", {}, "undecided", ""))
    assert headline(found(made, verdicts=claims)).endswith("; of 3 claims 2 hold and 1 is undecided.")
    assert headline(found(made, verdicts=claims[2:])).endswith("; the claim “c” is undecided.")


def test_sizes_and_tasks_are_named_where_there_are_several():
    made = points({("lstm", 10): 20}, units=8) + points({("lstm", 10): 2}, units=2)
    assert "lstm with 8 units solves" in headline(found(made))
    two = points({("lstm", 10): 20, ("elman", 10): 20}) + points({("lstm", 9): 20, ("elman", 9): 0}, task="echo")
    assert headline(found(two)).startswith("On echo, at lag 9 lstm solves")
