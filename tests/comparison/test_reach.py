"""The slope of a gradient over the lag: read off given norms, and of networks that keep or lose it by design."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.initialise import build
from holdfast.engine.reach import slope_decades
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings
from holdfast.training.slope import gradient_slope


def test_a_slope_is_read_off_the_rows_own_answers():
    back = 10.0 ** (-0.3 * np.arange(6))
    norms = np.zeros((2, 8))
    norms[0, 7:1:-1], norms[1, 5::-1] = back, 7 * back
    assert slope_decades(norms, np.array([7, 5]), 6) == pytest.approx(-0.3)
    assert slope_decades(norms * 0, np.array([7, 5]), 6) is None
    norms[:, :4] = 0  # nothing arrives there
    assert slope_decades(norms[:1], np.array([7]), 6) == pytest.approx(-0.3)


def test_an_identity_keeps_the_gradient_and_a_small_one_loses_it():
    def slope(scale):
        network = build("elman", inputs=1, units=4, outputs=1)
        layer = dict(network.layers[0])
        (gate,) = layer["h"].gates
        layer["h"] = layer["h"].put(gate, scale * jnp.eye(4))
        layer["x"] = layer["x"].put(gate, 1e-3 * layer["x"].matrix)  # so that tanh stays straight
        kept = replace(network, layers=(layer,))
        return gradient_slope(kept, Settings(Recall(steps=12), cell="elman", units=4, engine="loop"), 0)

    assert slope(1.0) == pytest.approx(0.0, abs=1e-3)
    assert slope(0.1) == pytest.approx(-1.0, abs=1e-3)


def test_where_weights_change_after_every_step_no_gradient_flows():
    settings = Settings(Recall(steps=3), cell="elman", units=2, update="step", engine="loop")
    assert gradient_slope(build("elman", inputs=1, units=2, outputs=1), settings, 0) is None
