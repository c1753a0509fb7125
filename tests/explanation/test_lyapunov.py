"""Lyapunov exponents against closed forms, a NumPy recomputation and hand-built latches."""

from __future__ import annotations

import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.network import create
from holdfast.explanation.diagnostics import lyapunov
from holdfast.explanation.subject import examine
from holdfast.tasks.recall import Recall
from tests.certification.latches import lstm
from tests.networks import random_network

TASK = Recall(steps=200)


@pytest.mark.parametrize("gain", [4.0, 16.0])
def test_a_latch_has_one_exponent_of_log_f_and_the_next_far_below(gain):
    network = lstm(16, 40, gain, 16, 0.01, dtype="float32")
    found = lyapunov.measure(examine(network, TASK, rows=2)).figures
    first, second = found["exponents_nats_per_step"][:2]
    assert first == pytest.approx(-math.log1p(math.exp(-gain)), abs=1e-6)
    assert second < -gain + 1
    assert found["kept_over_lag"] == (1 if gain == 16 else 0)


def test_the_spectrum_is_that_of_a_product_of_jacobians(float64):
    network, task = random_network("elman", 1, 3, 1), Recall(steps=40)
    subject = examine(network, task, rows=1)
    layer, x = network.layers[0], np.asarray(subject.batch.inputs)[0]
    w, b, u = (np.asarray(a) for a in (layer["x"].matrix, layer["x"].bias, layer["h"].matrix))
    h, volume = np.zeros(3), 0.0
    for t, features in enumerate(x):
        h = np.tanh(features @ w + b + h @ u)
        if t >= 20:  # past the burn-in, half of so few steps
            volume += np.linalg.slogdet((1 - h**2)[:, None] * u.T)[1]
    # The sum of the exponents is the logarithm of the volume, whatever the directions are.
    found = lyapunov.measure(subject).figures["exponents_nats_per_step"]
    assert sum(found) * 20 == pytest.approx(volume, rel=1e-9)


def test_a_rotation_keeps_everything_and_a_gain_above_one_grows(float64):
    network = create("irnn", 1, 2, 1, dtype=jnp.float64)
    layer = dict(network.layers[0])
    layer["x"] = layer["x"].put(layer["x"].gates[0], bias=jnp.asarray([1.0, 1.0]))
    layer["h"] = layer["h"].put(layer["h"].gates[0], matrix=jnp.diag(jnp.asarray([1.0, 1.1])))
    found = lyapunov.measure(examine(replace(network, layers=(layer,)), Recall(steps=50), rows=2))
    assert found.figures["exponents_nats_per_step"] == pytest.approx([math.log(1.1), 0.0], abs=1e-2)
    assert found.sentence.startswith("Nearby states diverge")


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "irnn", "feedforward"])
def test_silent_on_a_network_of_zeros(cell):
    found = lyapunov.measure(examine(create(cell, 1, 2, 1), Recall(steps=12), rows=2))
    assert found.sentence == ""


def test_padding_and_two_layers():
    network = random_network("gru", 1, 2, 1, layers=2, dtype=jnp.float32)
    subject = examine(network, Recall(steps=30), rows=3)
    present = np.asarray(subject.batch.present).copy()
    present[:, 20:] = False
    padded = replace(subject, batch=replace(subject.batch, present=jnp.asarray(present)))
    found = lyapunov.measure(padded).figures
    assert found["components"] == 4
    assert all(e is None or e < 1 for e in found["exponents_nats_per_step"])
    assert found["exponents_nats_per_step"][0] is not None


def test_weights_of_their_own_for_every_step():
    network = random_network("lstm", 1, 2, 1, dtype=jnp.float32, steps=10)
    found = lyapunov.measure(examine(network, Recall(steps=10), rows=2))
    assert found.figures["components"] == 4
    assert found.figures["exponents_nats_per_step"][0] < -0.01
