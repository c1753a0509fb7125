"""The terms of the budget against those that hand-built latches have by their gates, and horizons that are run."""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.network import create
from holdfast.engine.unroll import unroll
from holdfast.explanation.diagnostics import error_budget
from holdfast.explanation.lengths import _twins, at_lengths
from holdfast.explanation.subject import examine
from holdfast.tasks.adding import Adding
from holdfast.tasks.bits import Bits
from holdfast.tasks.echo import Echo
from holdfast.tasks.order import Order
from holdfast.tasks.recall import Recall
from tests.certification.latches import exact, lstm
from tests.explanation.test_fixed_points import bistable

TASK = Recall(steps=40)


def test_drift_and_horizon_of_a_latch_are_those_of_its_forget_gate():
    gain = 8.0
    found = error_budget.measure(examine(lstm(14, 60, gain, 14, 0.01, dtype="float32"), TASK, rows=4)).figures
    leak = 1 / (1 + math.exp(gain))
    assert found["drift_per_step"] == pytest.approx(leak, rel=0.1)
    assert found["leak_per_step"] < leak / 100
    # An error of 1 - f^(n - 1) reaches the tolerance for x = 1.
    expected = 1 + math.log(1 - TASK.tolerance) / math.log(1 - leak)
    assert found["horizon_implied_steps"] == pytest.approx(expected, rel=0.12)
    assert 0.7 * expected < found["horizon_observed_steps"] < 1.15 * expected
    assert not found["horizon_observed_is_least"]


def test_a_leaking_input_gate_is_told_as_leak():
    a, b = 14.0, 29.0  # 0.76 b - a = 8: the input gate stays open by e^-8
    found = error_budget.measure(examine(lstm(a, b, 20, 14, 0.01, dtype="float32"), TASK, rows=4)).figures
    flag = math.tanh(1.0)
    open_by = 1 / (1 + math.exp(b * flag - a))
    assert found["leak_per_step"] == pytest.approx(open_by / 3**0.5, rel=0.35)  # sd of uniform inputs in [-1, 1]
    assert found["drift_per_step"] < found["leak_per_step"] / 5


def test_write_and_readout_are_told_apart():
    network = lstm(16, 50, 16, 16, 0.5, dtype="float32")  # tanh(tanh(x/2)) * 2: bent
    bent = error_budget.measure(examine(network, replace(TASK, tolerance=0.5), rows=4)).figures
    scaled = replace(network, readout=network.readout.put("y", matrix=network.readout.matrix * 0.9))
    again = error_budget.measure(examine(scaled, replace(TASK, tolerance=0.5), rows=4)).figures
    assert again["write_error"] == pytest.approx(0.9 * bent["write_error"], rel=1e-3)
    assert again["readout_error"] > bent["readout_error"] + 0.05
    x = np.linspace(-1, 1, 2001)
    y = 2 * np.tanh(np.tanh(x / 2))
    shape = np.abs(y - np.polyval(np.polyfit(x, y, 1), x)).max()
    assert 0.2 * shape < bent["write_error"] < 1.5 * shape


def test_a_bit_exact_latch_has_no_horizon():
    found = error_budget.measure(examine(exact("float32"), TASK, rows=4))
    assert found.figures["drift_per_step"] < 1e-7
    assert found.figures["horizon_implied_without_end"]
    assert found.figures["horizon_observed_steps"] == 320
    assert found.figures["horizon_observed_is_least"]
    assert "Predicted horizon infinite; measured horizon at least 320 steps" in found.sentence


def test_a_drift_that_stops_has_no_end_either():
    # A bistable unit read at half its size drifts to its fixed point and stays there.
    found = error_budget.measure(examine(bistable(1.5, 1.0), Bits(bits=2, steps=24, noise=1e-3), rows=4)).figures
    assert found["horizon_implied_without_end"]
    assert found["horizon_observed_is_least"]


@pytest.mark.parametrize("task", [Recall(steps=30), Adding(steps=30), Order(steps=30), Echo(lag=16)], ids=str)
def test_twins_have_the_same_answer_and_other_inputs(task):
    rows = _twins(task, 3, 0)
    for n in (0, 2, 4):
        scored = rows["scored"][n]
        for twin in (n, n + 1):
            answer = task.oracle(rows["inputs"][twin])[scored]
            assert answer == pytest.approx(rows["targets"][n][scored], abs=1e-6)
        differ = (rows["inputs"][n] != rows["inputs"][n + 1]).any(-1)
        assert differ.mean() > 0.3


def test_the_longer_rows_are_rows_of_the_longer_task():
    network, longer = exact("float32"), at_lengths(TASK, [80, 0])
    assert list(longer) == [80]
    batch = longer[80].sample(jax.random.key(0), 2)
    y = unroll(network, batch.inputs)[0]
    assert np.asarray(y[:, -1]) == pytest.approx(np.asarray(batch.inputs[:, 0]), abs=0)
    assert jnp.asarray(batch.inputs).shape[1] == 80


@pytest.mark.parametrize("cell", ["lstm", "elman", "feedforward"])
def test_silent_where_no_length_is_answered(cell):
    found = error_budget.measure(examine(create(cell, 1, 2, 1), TASK, rows=4))
    assert found.sentence == ""
    assert found.figures["reason"] == "The task is not answered at its own length."


def test_a_readout_made_for_one_length_shows_no_drift():
    # What is read shrinks by 0.81 a step and is scaled for 12 steps alone.
    network = lstm(14, 60, 1.45, 14, 0.01, dtype="float32")
    fall = (1 / (1 + math.exp(-1.45))) ** 11
    timed = replace(network, readout=network.readout.put("y", matrix=network.readout.matrix / fall))
    found = error_budget.measure(examine(timed, Recall(steps=12), rows=4))
    assert found.figures["drift_per_step"] is None
    assert found.figures["horizon_implied_steps"] is None
    assert found.figures["horizon_observed_steps"] == 12
    assert "Only lengths near 12 are answered" in found.sentence
