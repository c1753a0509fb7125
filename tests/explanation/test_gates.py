"""What gates say: time constants of known gates, when a latch writes and holds, and nothing of what has no gates."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.engine.network import create
from holdfast.engine.readings.properties import mixes, openings
from holdfast.explanation.diagnostics import gates
from holdfast.explanation.gating import time_constant_steps
from holdfast.explanation.subject import examine
from holdfast.tasks.recall import Recall
from tests.certification.latches import designed, exact
from tests.networks import random_network

TASK = Recall(steps=20)
CONSTANTS = {0.0: 1.44, 1.0: 3.19, 2.0: 7.88, 5.0: 148.9, 6.91: 1002.7}
"""Time constants in steps by the bias of the forget gate; the last is log of 1000, near enough."""


@pytest.mark.parametrize("bias", CONSTANTS)
def test_time_constants_are_those_of_the_bias(bias):
    keep = 1 / (1 + np.exp(-bias))
    assert time_constant_steps(keep) == pytest.approx(CONSTANTS[bias], rel=3e-3)


def test_a_latch_writes_at_its_first_step_and_holds_from_then_on():
    found = gates.measure(examine(designed(1e-2, 20, dtype="float32"), TASK, rows=8))
    latch = found.figures["layers"][0]["units"][1]
    assert (latch["writes"], latch["holds"], latch["lets_go"]) == ([[1, 1]], [[2, 20]], [])
    seen = examine(designed(1e-2, 20, dtype="float32"), TASK, rows=8).traced.gates[0]
    kept = float(np.asarray(seen.forget, np.float64)[:, 1:, 1].mean())
    assert latch["keep_mean_held"] == pytest.approx(kept, rel=1e-12)
    assert latch["time_constant_steps"] == pytest.approx(-1 / np.log(kept), rel=1e-9)
    assert "holds its state for at least half of 20 steps" in found.sentence


def test_a_gate_that_is_exactly_one_holds_without_end():
    found = gates.measure(examine(exact("float32"), TASK, rows=8))
    latch = found.figures["layers"][0]["units"][1]
    assert (latch["keep_mean_held"], latch["time_constant_steps"]) == (1.0, None)
    assert found.sentence.endswith("with a gate that is exactly 1.")


def test_means_by_step_are_means_over_the_rows(float64):
    subject = examine(random_network("gru", 1, 3, 1), Recall(steps=5), rows=4)
    told = gates.measure(subject).figures["layers"][0]["mean_by_step"]
    for name, values in {**subject.traced.gates[0]._asdict(), **subject.traced.states[0]._asdict()}.items():
        np.testing.assert_allclose(told[name], np.asarray(values).mean(0), rtol=1e-5)


def test_a_cell_without_gates_is_shown_and_nothing_is_said_of_it():
    found = gates.measure(examine(random_network("elman", 1, 3, 1, dtype=jnp.float32), TASK, rows=2))
    assert found.figures["layers"][0]["units"] == []
    assert found.sentence == ""
    assert [part.title.split(":")[0] for part in found.parts] == ["h", "candidate"]


def test_which_gates_are_openings_is_read_from_the_step():
    assert openings(cells.get("lstm")) == ("input", "forget", "output")
    assert openings(cells.get("elman")) == ()
    assert mixes(cells.get("gru"), "update")
    assert not mixes(cells.get("lstm"), "forget")
    assert not mixes(cells.get("no_input_gate"), "forget")


def test_of_many_units_some_are_drawn_and_the_title_says_so():
    found = gates.measure(examine(create("lstm", 1, 100, 1), Recall(steps=300), rows=2))
    tables = [part for part in found.parts if "Gates of each unit" in part.title]
    assert tables[0].title.endswith("(12 of 100)")
    drawn = [part for part in found.parts if part not in tables]
    assert {(len(part.rows), len(part.columns)) for part in drawn} == {(64, 200)}
