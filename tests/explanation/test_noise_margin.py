"""The noise margin against the closed form of a bistable unit, and disturbances that are recomputed in NumPy."""

from __future__ import annotations

import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.network import create
from holdfast.engine.unroll import unroll
from holdfast.explanation.diagnostics import noise_margin
from holdfast.explanation.perturbed_rollout import columns, perturbed_rollout
from holdfast.explanation.subject import examine
from holdfast.tasks.bits import Bits
from holdfast.tasks.recall import Recall
from tests.explanation.test_fixed_points import bistable
from tests.networks import numbers, random_network

MARGINS = {1.5: 0.2075, 2.0: 0.5328, 3.0: 1.3033}
"""xi_c by alpha, to four figures."""


@pytest.mark.parametrize("alpha", MARGINS)
def test_a_bistable_unit_breaks_where_the_formula_says(alpha):
    task = Bits(bits=2, steps=60, noise=1e-4, tolerance=0.999)
    found = noise_margin.measure(examine(bistable(alpha, 6.0), task, rows=4)).figures
    # The sequence ends: a push just above the margin has not carried the unit over yet.
    assert 0.98 * MARGINS[alpha] < found["adversary_breaks_at"] < 1.3 * MARGINS[alpha]
    assert found["random_survives"] > found["adversary_survives"]
    assert [u["margin_alone"] for u in found["bistable_units"]] == pytest.approx([MARGINS[alpha]] * 2, abs=1e-4)


def test_constant_pushes_cross_the_margin_as_the_search_says():
    alpha, task = 2.0, Bits(bits=2, steps=60, noise=1e-4, tolerance=0.999)
    found = noise_margin.measure(examine(bistable(alpha, 6.0), task, rows=4)).figures

    def kept(push: float) -> bool:
        m = math.tanh(6)
        for _ in range(59):
            m = math.tanh(alpha * m - push)
        return m > 0.001

    assert kept(0.99 * MARGINS[alpha])
    assert not kept(1.01 * found["adversary_breaks_at"])
    assert kept(found["adversary_survives"] - 0.01)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_push_is_a_bias_of_one_step(float64, cell):
    network, x = random_network(cell, 2, 3, 1, layers=2), numbers(2, 4, 2)
    pushes = numbers(2, 4, columns(network), seed=5)
    pushes = jnp.zeros_like(pushes).at[:, 0].set(pushes[:, 0])
    got = np.asarray(perturbed_rollout(network, x, jnp.ones((2, 4), bool), pushes))
    for row in range(2):
        layers, at = [], 0
        for layer in network.layers:
            moved, seen = dict(layer), set()
            for source, linear in layer.items():
                for gate in linear.gates:
                    if gate not in seen:
                        push = pushes[row, 0, at : at + 3]
                        base = moved[source]
                        bias = jnp.zeros(base.matrix.shape[1]) if base.bias is None else base.bias
                        bias = bias.at[base.columns(gate)].add(push)
                        moved[source] = replace(base, bias=bias)
                        at += 3
                        seen.add(gate)
            layers.append(moved)
        first, state = unroll(replace(network, layers=tuple(layers)), x[row : row + 1, :1], engine="loop")
        rest, _ = unroll(network, x[row : row + 1, 1:], state, engine="loop")
        assert got[row] == pytest.approx(np.concatenate([first[0], rest[0]]), abs=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "elman", "feedforward"])
def test_silent_where_nothing_is_answered(cell):
    found = noise_margin.measure(examine(create(cell, 1, 2, 1), Recall(steps=12), rows=4))
    assert found.sentence == ""
    assert "No row is answered right" in found.figures["reason"]
