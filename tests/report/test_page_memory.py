"""Where the page opens, and its sentence: by the exchange of states, which is done again here by hand."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import tasks
from holdfast.construction.evaluation.construction import construct
from holdfast.engine.network import Linear
from holdfast.engine.unroll import unroll
from holdfast.explanation.page import memory
from holdfast.explanation.roles import roles
from holdfast.explanation.subject import examine
from tests.networks import random_network

TASK = tasks.get("recall")(steps=12, tolerance=1e-2)
FLAG, LATCH = 0, 1


@pytest.fixture(scope="module")
def network():
    """A constructed network whose read-out adds a large weight on the flag, and takes its constant value away again."""
    made = construct(TASK, "lstm", units=6, steps=12, tolerance=1e-2).construction.network
    constant = float(np.asarray(unroll(made, jnp.zeros((1, 3, 1), made.dtype))[1][0].h)[0, FLAG])
    matrix = np.asarray(made.readout.matrix).copy()
    matrix[FLAG] = 50 * np.abs(matrix).max()
    shifted = np.asarray(made.readout.bias if made.readout.bias is not None else np.zeros(1)) - matrix[FLAG] * constant
    return replace(made, readout=replace(made.readout, matrix=jnp.asarray(matrix), bias=jnp.asarray(shifted)))


def effects(network, task, step: int) -> np.ndarray:
    """|change of the last answers| where the states of one unit after ``step`` are exchanged between two sequences,
    relative to the exchange of all: [layer, unit], step by step."""
    inputs = jnp.asarray(examine(network, task, rows=8).batch.inputs)
    partner = np.roll(np.arange(8), 3)
    _, state = unroll(network, inputs[:, :step])

    def answers(state) -> np.ndarray:
        return np.asarray(unroll(network, inputs[:, step:], state)[0])[:, -1]

    def swapped(layer: int, unit: int):
        parts = list(state)
        parts[layer] = jax.tree.map(lambda a: a.at[:, unit].set(a[partner, unit]), state[layer])
        return tuple(parts)

    unchanged = answers(state)
    everything = np.abs(answers(jax.tree.map(lambda a: a[partner], state)) - unchanged).mean()
    layers, units = len(network.layers), network.units
    single = [[np.abs(answers(swapped(d, u)) - unchanged).mean() for u in range(units)] for d in range(layers)]
    return np.array(single) / everything


def test_it_opens_on_the_unit_whose_exchange_exchanges_the_answers(network):
    assert isinstance(network.readout, Linear)
    assert np.abs(np.asarray(network.readout.matrix)).argmax() == FLAG  # the offender: the largest read-out weight
    by_hand = effects(network, TASK, 6)
    assert by_hand.argmax() == LATCH
    subject = examine(network, TASK, rows=16)
    told = memory.as_data(subject, roles(subject))
    assert (told["layer"], told["unit"]) == (0, LATCH)
    assert [unit["role"] for unit in told["layers"][0]] == ["flag", "latch", *["unused"] * 4]
    assert told["layers"][0][LATCH]["share"] == pytest.approx(by_hand[0, LATCH], abs=0.02)


def test_one_unit_and_its_gate_are_named_in_one_sentence(network):
    subject = examine(network, TASK, rows=16)
    told = memory.sentence(subject, roles(subject))
    assert told.startswith("Unit 2 alone carries the memory: it holds x₁, and its forget gate (f\u00a0=\u00a01 − ")
    assert told.endswith(") keeps its state almost unchanged.")


def test_of_several_layers_the_layer_is_named_and_the_largest_share_given(float64):
    network = random_network("gru", 1, 3, 1, layers=2)
    subject = examine(network, TASK, rows=16)
    measured = roles(subject)
    lead = max(measured.units, key=lambda unit: unit.share)
    told = memory.sentence(subject, measured)
    assert f"unit {lead.unit + 1} of layer {lead.layer + 1}" in told.lower()
    assert "its update gate keeps" in told
    keep = subject.gates[lead.layer]["update"][..., lead.unit]
    assert 0 < float(told.split("keeps ")[1].split(" %")[0]) / 100 <= keep.max() + 0.005
    assert f"{100 * lead.share:.0f} %" in told or len(measured.carriers) == 1


def test_a_network_without_state_has_no_memory():
    subject = examine(random_network("feedforward", 1, 3, 1, dtype=jnp.float32), TASK, rows=8)
    told = memory.as_data(subject, roles(subject))
    assert told["sentence"] == "This network has no memory: each answer depends on the input of its own step alone."
