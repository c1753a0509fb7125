"""Learning rules that stop the gradient: the values stay, and what is stopped is what they say.

That of 1997 on the cell that it was made for is worked out by hand in ``tests/test_alternatives.py``.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core.errors import BadValue
from holdfast.engine import engines
from holdfast.engine.engines import Request
from holdfast.engine.reach import reach
from holdfast.engine.unroll import unroll
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings
from tests.networks import random_network, random_state

INPUTS, WEIGHTS = (np.random.default_rng(seed).normal(size=(2, 5, 2)) for seed in (0, 3))


def gradient(network, rule, **options):
    def objective(network):
        outputs, state = unroll(
            network, jnp.asarray(INPUTS), random_state(network, 2), gradient=rule, engine="loop", **options
        )
        return (outputs * WEIGHTS).sum() + sum(leaf.sum() for leaf in jax.tree.leaves(state))

    return jax.value_and_grad(objective)(network)


def close(one, other):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14), one, other)


def test_where_everything_is_read_by_weights_no_error_goes_back(float64):
    """An Elman network has no other path: the rule is a cut after every step. Between layers nothing is stopped."""
    network = random_network("elman", layers=2)
    close(gradient(network, "truncated_1997"), gradient(network, "full", truncate=1))
    assert gradient(network, "full")[0] == gradient(network, "truncated_1997")[0]


def test_what_a_gate_keeps_carries_errors_and_what_weights_read_does_not(float64):
    """A GRU: h' = z h + (1 - z) n, whose gates and candidate read h as it is given."""
    network = random_network("gru")

    def by_hand(network):
        h, (layer,), total = random_state(network, 2)[0].h, network.layers, 0.0
        for t in range(INPUTS.shape[1]):
            w, u = layer["x"](jnp.asarray(INPUTS[:, t])), layer["h"](jax.lax.stop_gradient(h))
            (wr, wz, wn), (ur, uz, un) = (jnp.split(a, 3, -1) for a in (w, u))
            r, z = jax.nn.sigmoid(wr + ur), jax.nn.sigmoid(wz + uz)
            h = z * h + (1 - z) * jnp.tanh(wn + r * un)
            total += (network.readout(h) * WEIGHTS[:, t]).sum()
        return total + h.sum()

    assert network.cell.gates == ("reset", "update", "candidate")
    close(gradient(network, "truncated_1997"), jax.value_and_grad(by_hand)(network))


def test_the_reach_of_a_rule_is_that_of_the_carousel(float64):
    """In the LSTM of 1997 nothing reaches h, and what reaches c is 1 for ever."""
    network = random_network("lstm1997")
    found = reach(network, lambda y: y[:, -1].sum(), jnp.asarray(INPUTS), gradient="truncated_1997").states[0]
    assert not np.any(found.h)
    np.testing.assert_allclose(found.c, np.broadcast_to(found.c[-1:], found.c.shape), rtol=1e-12)
    full = reach(network, lambda y: y[:, -1].sum(), jnp.asarray(INPUTS)).states[0]
    assert np.abs(full.c - found.c).max() > 1e-3


def test_kernels_compute_the_full_gradient_only():
    network = random_network("lstm", dtype=jnp.float32)
    inputs = jnp.asarray(INPUTS, jnp.float32)
    with pytest.raises(BadValue, match="it computes the full gradient, and not truncated_1997"):
        unroll(network, inputs, gradient="truncated_1997", engine="native")
    assert engines.chosen("auto", Request(network.cell, "truncated_1997")) == "loop"


def test_a_rule_that_does_not_exist_is_told_by_its_name():
    network = random_network("lstm", dtype=jnp.float32)
    with pytest.raises(BadValue, match="the gradient is 'halved', expected one of full, truncated_1997"):
        unroll(network, jnp.asarray(INPUTS, jnp.float32), gradient="halved")
    with pytest.raises(BadValue, match="--gradient is 'halved', expected one of full, truncated_1997"):
        Settings(Recall(steps=3), gradient="halved")


def test_settings_without_a_rule_are_known_by_what_they_were_known_by_before():
    settings = Settings(Recall(steps=3))
    assert "gradient" not in settings.identity()
    ruled = Settings(Recall(steps=3), gradient="truncated_1997")
    assert ruled.identity() == {**settings.identity(), "gradient": "truncated_1997"}
    assert Settings.from_json(ruled.as_json()) == ruled
