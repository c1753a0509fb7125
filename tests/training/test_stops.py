"""When training ends: each stopping rule on a planted case, and on one that must not end it."""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core.task import Criterion
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training import learner as learners
from holdfast.training.learner import Learner, counting
from holdfast.training.loop import train_networks
from holdfast.training.programs import programs
from holdfast.training.settings import Settings
from holdfast.training.stops import STOPS, Check

PAIR = Echo(sequences=(("a", "b"), ("b", "a")))
GOOD = {"loss": 0.02, "error_sup": 0.04, "error_rms": 0.01, "accuracy": 1.0, "wrong_rows": 0.0}
BAD = {"loss": 0.5, "error_sup": 0.9, "error_rms": 0.4, "accuracy": 0.5, "wrong_rows": 9.0}


def check(figures, tested=None, **more):
    """A check, and how often the full test was made."""
    made = []

    def full_test():
        made.append(1)
        return tested or figures

    return Check(Criterion("error_sup", 0.05), figures, full_test, **more), made


PLANTED = [
    ("success", GOOD, GOOD, 0, True),
    ("success", GOOD, BAD, 0, False),
    ("success", BAD, GOOD, 0, False),
    ("budget", GOOD, GOOD, 9, False),
    ("error+below=0.03", GOOD, BAD, 0, True),
    ("error+below=0.02", GOOD, GOOD, 0, False),
    ("error+below=0.02+figure=error_rms", GOOD, BAD, 0, True),
    ("error+below=0.04+figure=error_sup", GOOD, GOOD, 0, False),
    ("streak+sequences=9", BAD, BAD, 9, True),
    ("streak+sequences=10", GOOD, GOOD, 9, False),
]


@pytest.mark.parametrize(("text", "figures", "tested", "streak", "ends"), PLANTED)
def test_a_rule_ends_training_where_it_should_and_nowhere_else(text, figures, tested, streak, ends):
    one, _ = check(figures, tested, streak=streak)
    assert STOPS.parse(text).ends(one) is ends


def test_every_rule_has_a_planted_case():
    (mark,) = [
        m for m in test_a_rule_ends_training_where_it_should_and_nowhere_else.pytestmark if m.name == "parametrize"
    ]
    assert {case[0].split("+")[0] for case in mark.args[1]} == set(STOPS.folder.names())


def test_the_full_test_is_made_once_and_only_where_it_can_be_passed():
    one, made = check(GOOD)
    assert (one.solved, one.tested, one.solved, len(made)) == (True, GOOD, True, 1)
    one, made = check(BAD, GOOD)
    assert (one.solved, one.tested, len(made)) == (False, BAD, 0)


def test_an_error_below_the_bound_ends_training_though_the_task_is_not_solved():
    settings = Settings(Recall(steps=2, tolerance=1e-6), "elman", 4, budget=20_000, check_every=500, seeds=1, batch=8)
    done = train_networks(replace(settings, stop="error+below=0.2"))
    (outcome,) = done.outcomes
    assert (outcome.verdict, outcome.loss < 0.2) == ("not solved", True)
    assert outcome.sequences < 20_000
    assert all(row["loss"] >= 0.2 for row in done.history[:-1])


def test_a_streak_ends_training_at_once_and_keeps_the_network_as_it_was():
    """Two sequences are read in turns: with a streak of four the network was right on both, twice, before learning."""
    settings = Settings(PAIR, units=4, update="sequence", budget=2000, check_every=2000, seeds=2, learning_rate=0.03)
    done = train_networks(replace(settings, stop="streak+sequences=4"))
    for outcome in done.outcomes:
        assert outcome.verdict == "solved"
        n = outcome.sequences
        assert n < 2000
        # The same training, read so far and no further, has just the four that are right behind it.
        again = replace(settings, stop="budget", budget=n - 4, check_every=n - 4, seeds=2)
        for late in (0, 1, 2, 3):
            before = train_networks(replace(again, budget=n - 4 + late, check_every=n - 4 + late))
            assert right(before.networks[outcome.seed], (n - 4 + late) % 2)
        earlier = train_networks(replace(again, budget=n - 5, check_every=n - 5))
        assert not right(earlier.networks[outcome.seed], (n - 5) % 2)
        kept, there = done.networks[outcome.seed], train_networks(replace(again, budget=n - 1, check_every=n - 1))
        for a, b in zip(jax.tree.leaves(kept), jax.tree.leaves(there.networks[outcome.seed]), strict=True):
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5, atol=1e-6)


def right(network, row):
    from holdfast.training.measure import read_wrongly

    return not bool(read_wrongly(network, PAIR, PAIR.examples())[row])


@pytest.mark.parametrize(
    ("before", "wrong", "streak"),
    [
        (0, [0, 0, 0], 3),
        (2, [0, 0, 0], 5),
        (2, [1, 0, 0], 2),
        (5, [0, 0, 1], 0),
        (7, [1, 1, 1], 0),
        (9, [0, 1, 0], 10),  # the tenth was reached on the way, and counts
    ],
)
def test_right_sequences_in_a_row_are_counted_row_by_row(monkeypatch, before, wrong, streak):
    monkeypatch.setattr(learners, "read_wrongly", lambda *_: jnp.array(wrong, bool))
    count = counting(Settings(PAIR), 10)
    zero = jnp.int32(0)
    counted = count(Learner(None, None, zero, zero, zero, streak=jnp.int32(before)), PAIR.examples())
    assert int(counted.streak) == streak


def test_a_streak_is_kept_in_a_checkpoint(tmp_path):
    from holdfast.training.block import Block
    from holdfast.training.run import Run

    settings = Settings(PAIR, units=4, budget=2000, seeds=1, stop="streak+sequences=1000", engine="loop")
    made = programs(settings)
    block = Block([0], made.begin([0]))
    block.learner = made.learn(block.learner, 300)
    assert int(block.learner.streak[0]) > 0
    run = Run(tmp_path / "run", settings)
    try:
        run.save_block(0, block)
        again = run.load_block(0, made, [0])
    finally:
        run.close()
    assert int(again.learner.streak[0]) == int(block.learner.streak[0])
    assert math.isclose(float(again.learner.rate[0]), 0.01, rel_tol=1e-6)
