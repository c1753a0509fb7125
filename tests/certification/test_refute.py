"""The adversary finds the worst sequence where it is known, the same with the same seed, and as far out as it takes."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.certification.refute import refute, refute_unbounded
from holdfast.engine.unroll import unroll
from holdfast.tasks.adding import Adding
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from tests.certification import latches
from tests.certification.test_prove import marker, rectifiers
from tests.networks import random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def test_the_worst_sequence_of_a_latch_is_found(float64):
    network = latches.designed(1e-2, 30)
    found = refute(network, Recall(steps=30).scenario(), Recall(steps=30).lengths(), math.inf, tries=1000)
    x = np.asarray(found.inputs)[:, 0]
    assert not found.found
    assert set(np.abs(x)) == {1.0}
    assert (x[1:] == -x[0]).all()
    worst = max(refuted(network, corner) for corner in (np.r_[1, -np.ones(29)], np.ones(30)))
    assert found.error == pytest.approx(worst, rel=1e-9)


def refuted(network, x):
    y = unroll(network, jnp.asarray(x)[None, :, None])[0][0, -1, 0]
    return abs(float(y) - x[0])


def test_what_is_found_is_what_the_network_does(float64):
    network = random_network("lstm", 1, 3, 1)
    found = refute(network, Recall(steps=6).scenario(), Recall(steps=6).lengths(), 0.1, tries=500)
    assert found.found
    assert found.error > 0.1
    outputs = unroll(network, jnp.asarray(found.inputs)[None])[0][0, -1]
    assert found.output == outputs.tolist()
    assert found.expected == found.inputs[0]
    assert found.error == abs(found.output[0] - found.expected[0])
    assert all(-1 <= x <= 1 for (x,) in found.inputs)


def test_the_same_seed_finds_the_same(float64):
    """A search so short that where it begins decides where it ends."""
    network, task = random_network("elman", 2, 3, 1), Adding(steps=12)
    question = task.scenario(), task.lengths()
    first, again, other = (refute(network, *question, math.inf, seed=seed, tries=1) for seed in (0, 0, 1))
    assert first == again
    assert first.inputs != other.inputs


def test_a_search_by_gradient_beats_random_corners(float64):
    network = random_network("elman", 1, 4, 1)
    found = refute(network, Recall(steps=12).scenario(), Recall(steps=12).lengths(), math.inf, tries=2000)
    draw = np.random.default_rng(0)
    x = draw.choice([-1.0, 1.0], (2000, 12, 1))
    outputs = np.asarray(unroll(network, jnp.asarray(x))[0])[:, -1, 0]
    assert found.error >= np.abs(outputs - x[:, 0, 0]).max() - 1e-9


def test_none_is_found_where_there_is_none():
    found = refute(rectifiers(), Recall(steps=10).scenario(), Recall(steps=10).lengths(), 1e-3, tries=500)
    assert not found.found
    assert found.tries >= 500
    assert found.error == 0
    assert "which proves nothing" in found.parts()[0].text


@pytest.mark.parametrize("network", [latches.designed(1e-2, 10, dtype="float32"), rectifiers()], ids=["lstm", "irnn"])
@pytest.mark.parametrize("ends", [(-math.inf, math.inf), (0.0, math.inf)])
def test_no_network_recalls_all_numbers(network, ends):
    found = refute_unbounded(network, Recall(steps=5).scenario(), Recall(steps=5).lengths(), ends, 1e-2, tries=500)
    assert found.found
    assert found.error > 1e-2
    assert all(ends[0] <= x <= ends[1] for (x,) in found.inputs)


def test_symbols_are_searched_too():
    question = Echo(lag=8).scenario(), Echo(lag=8).lengths()
    assert not refute(marker(), *question, 0.0, tries=500).found
    found = refute(random_network("gru", 5, 3, 5, dtype=jnp.float32), *question, 0.0, tries=500)
    assert found.found
    assert int(np.argmax(found.output)) != found.symbol
