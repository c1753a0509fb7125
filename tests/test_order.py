"""The temporal order task at lengths whose rows are too many to be all met, the paper's 100 steps among them."""

from __future__ import annotations

from functools import cache

import jax
import numpy as np
import pytest

from holdfast import tasks
from holdfast.core.errors import BadValue
from holdfast.plugins import task_figures, task_rows, task_scenario
from holdfast.plugins.rows import TaskSample

pytestmark = pytest.mark.usefixtures("quick_to_compile")
Order = tasks.get("order")
every_variant = pytest.mark.parametrize("variant", ["two", "three"])


@cache
def sampled(variant: str) -> TaskSample:
    """Rows of 20 steps and more, drawn once for all laws."""
    return TaskSample(Order(steps=20, variant=variant))


@every_variant
@pytest.mark.parametrize(
    "law",
    [
        task_rows.shapes_are_as_declared,
        task_rows.targets_are_the_oracles,
        task_rows.nothing_looks_ahead,
        task_rows.splits_are_disjoint,
        task_figures.chance_is_the_best_guess,
        task_scenario.rows_are_paths,
    ],
)
def test_rows_of_unequal_length_obey_the_laws(law, variant):
    law(sampled(variant))


@pytest.mark.parametrize(
    ("variant", "windows"), [("two", [(10, 20), (50, 60)]), ("three", [(10, 20), (33, 43), (66, 76)])]
)
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_papers_rows_have_its_letters_in_its_windows_and_its_lengths(variant, windows, split):
    task = Order(variant=variant)
    assert task.windows == windows
    assert task.longest == 110
    batch = jax.jit(lambda key: task.sample(key, 2000, split))(jax.random.key(3))
    inputs, targets = np.asarray(batch.inputs), np.asarray(batch.targets)
    rows = ["".join("EBabcdXY"[at] for at in row[:length]) for row, length in zip(
        inputs.argmax(-1), inputs.any(-1).sum(-1), strict=True)]  # fmt: skip
    # Of 2000 draws out of 11, each is met but for a chance of e^-182.
    assert {len(row) for row in rows} == set(range(100, 111))
    for row, target, asked in zip(rows, targets, np.asarray(batch.scored), strict=True):
        assert row[0] == "E"
        assert row[-1] == "B"
        assert set(row[1:-1]) <= set("abcdXY")
        assert task.label_output(target[asked][0]) == "".join(letter for letter in row if letter in "XY")
    places = [[at for at, letter in enumerate(row) if letter in "XY"] for row in rows]
    for (low, high), met in zip(windows, zip(*places, strict=True), strict=True):
        assert set(met) == set(range(low, high + 1))
    for letter in "abcd":
        count, free = sum(row.count(letter) for row in rows), sum(len(row) - 2 - len(windows) for row in rows)
        assert abs(count - free / 4) < 5 * (free * 3 / 16) ** 0.5


@every_variant
def test_windows_lie_apart_and_between_the_ends_at_every_length(variant):
    for steps in range(6 if variant == "two" else 7, 300):
        ends = [end for window in Order(steps=steps, variant=variant).windows for end in window]
        assert ends == sorted(ends)
        assert all(after > before for before, after in zip(ends[1::2], ends[2::2], strict=False))
        assert ends[0] >= 1
        assert ends[-1] <= steps - 2


def test_three_places_do_not_fit_into_six_steps():
    with pytest.raises(BadValue, match="three positions and two distractors between E and B need at least 7"):
        Order(steps=6, variant="three")
