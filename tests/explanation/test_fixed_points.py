"""Fixed and slow points against roots found by SciPy, closed forms and hand-built latches."""

from __future__ import annotations

import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from holdfast.engine.network import Network, create
from holdfast.explanation.diagnostics import fixed_points
from holdfast.explanation.subject import Subject, examine
from holdfast.tasks.bits import Bits
from holdfast.tasks.recall import Recall
from tests.certification.latches import lstm

TASK = Recall(steps=20)


def bistable(alpha: float, w: float = 1.0, units: int = 2) -> Network:
    """m <- tanh(alpha m + w x), one unit for each input."""
    network = create("elman", units, units, units)
    layer, (gate,) = dict(network.layers[0]), network.layers[0]["x"].gates
    layer["x"] = layer["x"].put(gate, matrix=w * jnp.eye(units))
    layer["h"] = layer["h"].put(gate, matrix=alpha * jnp.eye(units))
    return replace(network, layers=(layer,), readout=network.readout.put("y", matrix=jnp.eye(units)))


def signs(network: Network) -> Subject:
    return examine(network, Bits(bits=2, steps=20, noise=0.1), rows=16)


def test_two_bistable_units_have_four_stable_points_where_scipy_finds_them():
    found = fixed_points.measure(signs(bistable(2.0, 3.0))).figures
    assert found["stable"] == 4
    # The noise is never the same twice, so its mean is what is held under.
    x = np.array(found["input"])
    stable = {tuple(np.sign(p["state"])): p for p in found["points"] if p["kind"] == "fixed" and p["stable"]}
    assert len(stable) == 4
    for where, point in stable.items():
        for sign, drive, m in zip(where, x, point["state"], strict=True):
            root = brentq(lambda m, drive=drive: math.tanh(2 * m + 3 * drive) - m, sign * 0.7, sign)
            assert m == pytest.approx(root, abs=1e-9)
        slopes = sorted((2 * (1 - m**2) for m in point["state"]), reverse=True)
        assert [re for re, _ in point["eigenvalues"]] == pytest.approx(slopes, abs=1e-7)
    assert "4 stable fixed points" in fixed_points.measure(signs(bistable(2.0, 3.0))).sentence


def test_saddles_between_them_are_called_unstable():
    found = fixed_points.measure(signs(bistable(2.0, 3.0))).figures
    unstable = [p for p in found["points"] if not p["stable"]]
    assert unstable
    for p in unstable:
        assert p["growing_directions"] == sum(2 * (1 - m**2) > 1 for m in p["state"])


def test_a_latch_drifts_along_slow_points_at_the_speed_of_its_forget_gate():
    c_gain, w = 12.0, 0.1
    subject = examine(lstm(16, 60, c_gain, 16, w, dtype="float32"), TASK, rows=16)
    found = fixed_points.measure(subject)
    assert found.figures["slow"] > 4
    leak = 1 / (1 + math.exp(c_gain))
    c = np.asarray(subject.traced.states[0].c)[:, -1, 1]
    # h = tanh(c) nearly, so the state moves by sqrt(2) of what c loses; the spread is larger by as much.
    assert found.figures["drift_per_step"] == pytest.approx(np.median(np.abs(c)) * leak * math.sqrt(2), rel=0.25)
    assert found.figures["horizon_steps"] == pytest.approx(c.std() / np.median(np.abs(c)) / leak, rel=0.25)
    assert "drift by" in found.sentence
    slow = [p for p in found.figures["points"] if p["kind"] == "slow"]
    assert all(p["gap_to_one"] == pytest.approx(leak, rel=0.1) for p in slow)


def test_a_code_that_is_small_is_still_no_line_of_fixed_points():
    # The cell state is in hundredths and leaks 1e-7 of itself: 1e-9 a step, and yet it ends elsewhere.
    found = fixed_points.measure(examine(lstm(16, 60, 16, 16, 0.01, dtype="float32"), TASK, rows=16)).figures
    assert found["slow"] > 4
    assert found["stable"] <= 1
    assert found["horizon_steps"] == pytest.approx(math.exp(16), rel=0.5)


def test_the_identity_recurrence_is_a_continuum():
    network = create("irnn", 2, 2, 2)
    layer, (gate,) = dict(network.layers[0]), network.layers[0]["x"].gates
    layer["x"] = layer["x"].put(gate, matrix=jnp.eye(2), bias=jnp.zeros(2))
    layer["h"] = layer["h"].put(gate, matrix=jnp.eye(2))
    subject = signs(replace(network, layers=(layer,)))
    held = replace(subject, batch=replace(subject.batch, inputs=jnp.asarray(subject.batch.inputs).at[:, 1:].set(0)))
    found = fixed_points.measure(held)
    assert found.figures["fixed"] > 3
    assert "a continuum of fixed points" in found.sentence


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "feedforward"])
def test_silent_on_a_network_of_zeros(cell):
    found = fixed_points.measure(examine(create(cell, 1, 2, 1), TASK, rows=16))
    assert found.sentence == ""
    assert found.figures.get("fixed", 0) == (0 if cell == "feedforward" else 1)


def test_of_two_layers_the_state_is_both():
    found = fixed_points.measure(examine(create("gru", 1, 2, 1, layers=2), TASK, rows=16)).figures
    assert len(found["points"][0]["state"]) == 4
    assert found["points"][0]["largest_modulus"] == pytest.approx(0.5)
