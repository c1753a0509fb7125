"""The oracle of the containment test against what it is not made of: the cells' own steps, and Arb."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, ctx
from mpmath.libmp import to_float

from holdfast import blocks, cells
from holdfast.engine.advance import advance
from holdfast.engine.network import create
from holdfast.engine.unroll import unroll
from tests.networks import numbers, random_network, randomised
from tests.oracle import reals
from tests.oracle.blocks import BLOCKS, EVERY, WRAPPED, Oracle
from tests.oracle.cells import EXPONENTIAL
from tests.oracle.containment import _ball, kept_numbers


def test_every_cell_and_block_has_an_equation():
    assert set(EVERY) == set(cells.FOLDER.names())
    residual = {"mamba_block", "mlstm_block", "slstm_block"}  # of the parts of others: tests/test_named_blocks.py
    assert {*BLOCKS, "stack"} | residual == set(blocks.FOLDER.names())
    assert all(states == cells.get(name).states for name, (_, states) in EVERY.items())


@pytest.mark.parametrize("cell", [*EVERY, *EXPONENTIAL, *WRAPPED])
def test_the_equations_give_what_the_cells_give(cell, exponential, float64):
    network, inputs = random_network(cell, layers=2), np.asarray(numbers(3, 2))
    oracle, state = Oracle(network), network.start(1)
    states = oracle.start()
    for x in inputs:
        hidden, state, _ = advance(network, state, jnp.asarray(x)[None])
        states, outputs = oracle.step(states, x)
        for found, expected in zip(states, state, strict=True):
            for name in oracle.states:
                there = [to_float(low) for low, _ in found[name]]
                np.testing.assert_allclose(there, np.ravel(getattr(expected, name)[0]), rtol=1e-12, atol=1e-13)
        there = [to_float(low) for low, _ in outputs]
        np.testing.assert_allclose(there, network.readout(hidden)[0], rtol=1e-12, atol=1e-13)


def test_hidden_layers_of_a_read_out_give_what_the_network_gives(float64):
    network = randomised(create("elman", 2, 3, 2, dtype=jnp.float64, readout_hidden=(4, 3)), seed=1)
    oracle, inputs = Oracle(network), numbers(1, 1, 2)
    _, outputs = oracle.step(oracle.start(), np.asarray(inputs)[0, 0])
    there = [to_float(low) for low, _ in outputs]
    np.testing.assert_allclose(there, unroll(network, inputs)[0][0, 0], rtol=1e-12, atol=1e-13)


def test_intervals_hold_the_true_value_and_are_narrow(monkeypatch):
    monkeypatch.setattr(ctx, "prec", 1000)
    draw = np.random.default_rng(0)
    sizes = 10.0 ** draw.uniform(-300, 3, 200)
    for a, b in (draw.choice([-1, 1], (200, 2)) * np.stack([sizes, draw.permutation(sizes)], 1)).tolist():
        x, y = reals.real(a), reals.real(b)
        third = reals.divide(reals.ONE, reals.real(3.0))
        for found, exact in (
            (reals.add(reals.multiply(x, third), y), arb(a) / 3 + arb(b)),
            (reals.multiply(reals.subtract(x, third), y), (arb(a) - arb(1) / 3) * arb(b)),
            (reals.tanh(x), arb(a).tanh()),
            (reals.sigmoid(x), 1 / (1 + (-arb(a)).exp())),
            (reals.relu(x), arb(a).max(arb(0))),
            (reals.maximum(x, y), arb(a).max(arb(b))),
            (reals.divide(y, reals.real(abs(a))), arb(b) / abs(arb(a))),
            (reals.root(reals.real(abs(a))), abs(arb(a)).sqrt()),
            (reals.absolute(x), abs(arb(a))),
            (reals.exp(x), arb(a).exp()),
            (reals.softplus(x), arb(a).max(arb(0)) + (-abs(arb(a))).exp().log1p()),
            (reals.logsigmoid(x), arb(a).min(arb(0)) - (-abs(arb(a))).exp().log1p()),
        ):
            assert _ball(*found).overlaps(exact), (a, b)
            low, high = _ball(found[0], found[0]), _ball(found[1], found[1])
            assert low <= exact, (a, b)
            assert high >= exact, (a, b)
            assert high - low <= abs(exact) * arb(2) ** -200, (a, b)


def test_the_size_of_what_may_be_0_is_not_negative():
    low, high = reals.absolute((reals.real(-1.0)[0], reals.real(2.0)[0]))
    assert (to_float(low), to_float(high)) == (0, 2)


def test_units_that_nothing_reads_are_not_followed(float64):
    network = random_network("lstm", units=3)
    readout = network.readout
    alone = np.asarray(readout.matrix) * np.array([[0], [1], [0]])
    cut = {"x": network.layers[0]["x"], "h": network.layers[0]["h"]}
    matrix = np.array(cut["h"].matrix)
    matrix[[0, 2]] = 0
    network = type(network)(
        ({**cut, "h": cut["h"].__class__(matrix, None, cut["h"].gates)},),
        readout.__class__(alone, readout.bias, readout.gates),
        "lstm",
    )
    assert kept_numbers(network, every_unit=False) == [1, 4]
    assert kept_numbers(network, every_unit=True) == list(range(6))
