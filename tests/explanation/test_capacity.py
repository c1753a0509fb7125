"""Memory capacity against what is known: shift registers hold their length, no network more than its units."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.network import create
from holdfast.explanation.diagnostics import capacity
from holdfast.explanation.random_inputs import random_inputs
from holdfast.explanation.subject import Subject, examine
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from tests.certification.latches import exact
from tests.networks import random_network

TASK = Recall(steps=12)


def shift_register(units: int, w: float = 1e-3) -> Subject:
    """Unit 1 takes the input, every other one the unit before it, small enough for tanh to be straight."""
    network = create("elman", 1, units, 1, dtype=np.float32)
    layer, (gate,) = dict(network.layers[0]), network.layers[0]["x"].gates
    layer["x"] = layer["x"].put(gate, matrix=jnp.zeros((1, units), jnp.float32).at[0, 0].set(w))
    layer["h"] = layer["h"].put(gate, matrix=jnp.eye(units, k=1, dtype=jnp.float32))
    return examine(replace(network, layers=(layer,)), TASK, rows=4)


def test_a_shift_register_of_twelve_units_holds_twelve_inputs():
    found = capacity.measure(shift_register(12))
    assert found.figures["capacity_inputs"] == pytest.approx(12.0, abs=1e-4)
    assert found.figures["by_lag"][:12] == pytest.approx([1.0] * 12, abs=1e-6)
    assert max(found.figures["by_lag"][12:]) < 0.02
    assert found.figures["furthest_lag_steps"] == 11
    assert "independent inputs: 11.00 past inputs" in found.sentence


@pytest.mark.parametrize("cell", ["elman", "lstm"])
def test_no_network_holds_more_than_its_units(cell):
    found = capacity.measure(examine(random_network(cell, 1, 6, 1, dtype=jnp.float32), TASK, rows=4)).figures
    assert 0.5 < found["capacity_inputs"] <= 6
    assert found["capacity_state_inputs"] <= found["components"]


def test_a_network_that_writes_once_holds_nothing_of_a_stream():
    found = capacity.measure(examine(exact("float32"), TASK, rows=4))
    assert found.figures["capacity_past_inputs"] < 0.01
    assert found.sentence == ""


@pytest.mark.parametrize("cell", ["lstm", "elman", "feedforward"])
def test_silent_on_a_network_of_zeros(cell):
    found = capacity.measure(examine(create(cell, 1, 6, 1), TASK, rows=4))
    assert found.figures["capacity_inputs"] == 0
    assert found.sentence == ""


def test_symbols_are_read_as_contrasts_of_variance_one():
    subject = examine(create("elman", 5, 4, 5), Echo(lag=12), rows=64)
    inputs, values = random_inputs(subject, 64, 100)
    assert inputs.sum(-1) == pytest.approx(1)
    flat = values.reshape(-1, 4)
    assert flat.T @ flat / len(flat) == pytest.approx(np.eye(4), abs=0.06)
    # A register of one-hot symbols, two steps long: 4 contrasts of each.
    network = create("elman", 5, 10, 5, dtype=np.float32)
    layer, (gate,) = dict(network.layers[0]), network.layers[0]["x"].gates
    layer["x"] = layer["x"].put(gate, matrix=jnp.eye(5, 10) * 1e-3)
    layer["h"] = layer["h"].put(gate, matrix=jnp.eye(10, k=5))
    found = capacity.measure(replace(subject, model=replace(network, layers=(layer,)))).figures
    assert found["capacity_inputs"] == pytest.approx(8.0, abs=0.02)
