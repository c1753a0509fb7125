"""The derivatives of one step against differences in float64, and what is in padding."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.advance import advance
from holdfast.explanation import jacobians as room
from holdfast.explanation.subject import examine
from holdfast.tasks.echo import Echo
from tests.networks import random_network

TASK = Echo(sequences=(("a", "b", "a", "b", "a"), ("b", "a", "a")))
STEP = 1e-6


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_they_are_differences_in_every_layer_and_identity_in_padding(cell, float64):
    network = random_network(cell, TASK.inputs, 2, TASK.outputs, layers=2)
    subject = examine(network, TASK)
    found = subject.jacobians
    assert found.rows == (0, 1)
    assert found.first == 0

    def after(flat: np.ndarray, x: np.ndarray) -> np.ndarray:
        parts = iter(np.split(flat, len(found.places)))
        layers = [
            network.cell.state_type(*(jnp.asarray(next(parts))[None] for _ in network.cell.states)) for _ in (0, 1)
        ]
        _, states, _ = advance(network, tuple(layers), jnp.asarray(x)[None])
        return np.concatenate([np.asarray(a)[0] for layer in states for a in layer])

    for row, step in ((0, 0), (0, 3), (1, 1)):
        before = np.concatenate([subject.before[layer][name][row, step] for layer, name in found.places])
        x = subject.inputs[row, step]
        by_state = [(after(before + e, x) - after(before - e, x)) / (2 * STEP) for e in STEP * np.eye(found.size)]
        np.testing.assert_allclose(found.state[row, step], np.transpose(by_state), atol=1e-8)
    np.testing.assert_array_equal(found.state[1, 3], np.eye(found.size))


def test_where_one_row_is_too_long_its_last_steps_are_looked_at(monkeypatch):
    monkeypatch.setattr(room, "NUMBERS", 8)
    found = examine(random_network("elman", TASK.inputs, 2, TASK.outputs, dtype=jnp.float32), TASK).jacobians
    assert (found.rows, found.first, found.steps) == ((0,), 2, 2)
