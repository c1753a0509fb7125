"""A length curriculum: the rows of each stage, where stages begin, which settings exclude it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core.errors import BadValue
from holdfast.tasks.copy import Copy
from holdfast.tasks.echo import Echo
from holdfast.tasks.mqar import Mqar
from holdfast.tasks.parity import Parity
from holdfast.tasks.recall import Recall
from holdfast.training.curriculum import asked_from, shorter
from holdfast.training.learner import drawing
from holdfast.training.loop import train_networks
from holdfast.training.settings import Settings

ROWS = 8


def lengths(settings: Settings, batches: list[int]) -> list[int]:
    """The steps that are present in the batches of these numbers, in each row alike."""
    draw = jax.jit(drawing(settings, jnp.uint32(0), jnp.uint32(0)))
    found = []
    for number in batches:
        present = np.asarray(draw(jnp.int32(number)).present)
        assert (present == present[:1]).all()
        found.append(int(present[0].sum()))
        assert present[0, : found[-1]].all(), "a row is padded after its end"
    return found


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (Parity(steps=40), [10, 20, 30]),
        (Recall(steps=10), [2, 5, 8]),
        (Mqar(steps=32, pairs=4), [16, 24]),  # 8 steps are too few for four pairs
        (Echo(sequences=(("a", "b"), ("b", "a"))), []),
    ],
)
def test_the_stages_are_parts_of_the_length_at_which_there_is_a_task(task, expected):
    assert [some.longest for some in shorter(task)] == expected


def test_stages_share_the_sequences_and_then_rows_have_the_full_length():
    settings = Settings(Parity(steps=40), batch=ROWS, curriculum=10 * ROWS)
    # 80 sequences in three stages: 27 are those of batches 0 to 3, 54 those up to 6.
    assert lengths(settings, [0, 3, 4, 6, 7, 9, 10, 1000]) == [10, 10, 20, 20, 30, 30, 40, 40]
    assert lengths(Settings(Parity(steps=40), batch=ROWS), [0, 5]) == [40, 40]
    assert lengths(Settings(Parity(steps=40), batch=ROWS, curriculum=10**12), [0, 2**31 - 2]) == [10, 10]


def test_shorter_rows_are_rows_of_the_shorter_task_with_nothing_asked_for_after_their_end():
    task = Copy(steps=4, lag=8)
    settings = Settings(task, batch=ROWS, curriculum=10**6)
    batch = drawing(settings, jnp.uint32(0), jnp.uint32(0))(jnp.int32(0))
    first = shorter(task)[0]
    assert first.longest < task.longest
    inputs, targets, scored = (np.asarray(a) for a in (batch.inputs, batch.targets, batch.scored))
    assert inputs.shape[:2] == (ROWS, task.longest)
    assert not scored[:, first.longest :].any()
    for row in range(ROWS):
        right = first.oracle(inputs[row, : first.longest])
        asked = scored[row, : first.longest]
        assert asked.any()
        assert (targets[row, : first.longest][asked] == right[asked]).all()
    assert asked_from(task, None) == task.asked_from
    assert asked_from(task, 100) == first.asked_from < task.asked_from


def test_answers_of_short_rows_are_learned_from():
    """With all rows short, the loss reads answers before the first of the full task; else no weight would change."""
    settings = Settings(
        Recall(steps=12), units=4, seeds=1, batch=ROWS, budget=2 * ROWS, curriculum=10**6, stop="budget"
    )
    trained = train_networks(settings).networks[0]
    still = train_networks(Settings(Recall(steps=12), units=4, seeds=1, batch=ROWS, budget=1, learning_rate=1e-30))
    assert float(jnp.abs(trained.readout.matrix - still.networks[0].readout.matrix).max()) > 1e-3


@pytest.mark.parametrize(
    ("task", "more", "message"),
    [
        (Echo(sequences=(("a", "b"), ("b", "a"))), {}, "needs rows that are newly drawn"),
        (Parity(steps=9), {"update": "step"}, "--update step would learn from"),
        (Parity(steps=9), {"stop": "streak"}, "--stop streak counts"),
        (Mqar(steps=16, pairs=4), {}, "no row of mqar is shorter"),
    ],
)
def test_what_excludes_a_curriculum_is_told(task, more, message):
    with pytest.raises(BadValue, match=message):
        Settings(task, curriculum=100, **more)
