"""The roles of units: right on every construction there is, whose truth is known, and recomputed by NumPy."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.network import create
from holdfast.engine.unroll import trace
from holdfast.explanation.interventions import interventions
from holdfast.explanation.roles import roles
from holdfast.explanation.subject import ModelRun, examine
from holdfast.explanation.words import words
from holdfast.tasks.recall import Recall
from tests.certification.latches import lstm
from tests.explanation.made import every_variant, is_idle, made
from tests.networks import random_network
from tests.test_every_construction import CELLS

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def judged(name: str, number: int, backend: str, dtype: str) -> tuple[int, int, list[str]]:
    """(units named rightly, units that there are, what was named wrongly)."""
    right, there, wrong = 0, 0, []
    for one in made(name, number, backend, dtype):
        found = roles(one.subject).units
        for unit, allowed in one.truth.items():
            role = found[unit].role
            good = role in allowed or (role == "unused" and is_idle(one, unit))
            right, there = right + good, there + 1
            if not good:
                wrong.append(f"{one.label}: unit {unit + 1} is called {role}, and is {' or '.join(sorted(allowed))}")
        named = len(one.construction.sheet.units)
        wrong += [
            f"{one.label}: unit {u.unit + 1}, all zeros, is called {u.role}"
            for u in found[named:]
            if u.role != "unused"
        ]
    return right, there, wrong


@pytest.mark.parametrize(
    ("name", "number", "backend"), [("recall", 0, "lstm"), ("adding", 1, "gru"), ("echo", 0, "elman")]
)
def test_a_latch_an_accumulator_and_their_flags_are_found(name, number, backend, float64):
    right, there, wrong = judged(name, number, backend, "float32")
    assert not wrong, wrong
    assert right == there > 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), every_variant)
def test_every_construction_has_its_units_named_and_none_wrong(name, number, float64):
    """Tuned in float32 on about half of the variants; the others, and all of float64, were held out.

    Of the cells each variant meets every second one, in one format and the other in turn: which, alternates.
    """
    table = {}
    turn = every_variant.index((name, number))
    for place, backend in list(enumerate(CELLS))[turn % 2 :: 2]:
        dtype = ("float32", "float64")[(place // 2 + turn // 2) % 2]
        right, there, wrong = judged(name, number, backend, dtype)
        assert not wrong, wrong
        table[backend, dtype] = (right, there)
    assert sum(there for _, there in table.values()) > 0
    assert all(right == there for right, there in table.values())


def test_a_planted_fault_is_called_wrong(monkeypatch, float64):
    """The table is not blind: were a latch taken for a flag, it would say so."""
    from tests.explanation import made as truth

    monkeypatch.setitem(truth.ROLES, "latch", {"flag"})
    assert judged("recall", 0, "lstm", "float32")[2]


def step_by_numpy(network, state, x):
    """One GRU step, reset after the product, in NumPy."""
    (layer,) = network.layers
    (r, z, n) = ("reset", "update", "candidate")

    def line(source, gate, value):
        matrix, bias = (np.asarray(part, np.float64) for part in layer[source].of(gate))
        return value @ matrix + bias

    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    reset, keep = (sigmoid(line("x", g, x) + line("h", g, state)) for g in (r, z))
    new = np.tanh(line("x", n, x) + reset * line("h", n, state))
    return keep * state + (1 - keep) * new


@pytest.mark.parametrize("emptied", [True, False])
def test_interventions_are_those_of_a_loop_in_numpy(emptied, float64):
    network = random_network("gru", 1, 3, 1)
    made_ = interventions(examine(network, Recall(steps=6), rows=8))
    masks = np.array([[True, False, False], [False, True, True]])
    got = made_.emptied(masks) if emptied else made_.swapped(masks, np.array([2, 3]))
    states, inputs = made_.subject.states[0]["h"], made_.subject.inputs
    for change, mask in enumerate(masks):
        h = np.zeros((made_.rows, 3))
        for t in range(6):
            h = step_by_numpy(network, h, inputs[: made_.rows, t])
            if emptied:
                h = np.where(mask, 0, h)
            elif t == (2, 3)[change]:
                h = np.where(mask, states[made_.partners, t], h)
            answer = h @ np.asarray(network.readout.matrix) + np.asarray(network.readout.bias)
            np.testing.assert_allclose(got[change, :, t], answer, atol=1e-12)


def test_a_network_of_zeros_and_one_without_state_have_no_memory():
    for cell in ("lstm", "feedforward"):
        found = roles(examine(create(cell, 1, 2, 1), Recall(steps=6), rows=4))
        assert found.swapped_step is None
        assert not any(unit.share for unit in found.units)
    random = roles(examine(random_network("feedforward", 1, 2, 1, dtype=jnp.float32), Recall(steps=6), rows=8))
    assert random.readers


def test_a_unit_whose_gate_never_closes_is_no_latch(float64):
    """An input gate that is open at every step: with f = 1 - 1e-3 the unit holds, and x_1, twenty times the others,
    explains its state; it is a leaky integrator all the same."""
    network, task = lstm(10.0, 0.0, 7.0, 10.0, 0.01), Recall(steps=8)
    subject = examine(network, task, rows=32)
    inputs = jnp.asarray(subject.batch.inputs).at[:, 1:].multiply(0.05)
    run = trace(network, inputs)
    traced = ModelRun(run.outputs, run.states, run.gates)
    subject = replace(subject, batch=replace(subject.batch, inputs=inputs), traced=traced)
    assert roles(subject).units[1].role == "other"


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_a_unit_that_repeats_its_input_is_a_delay_of_so_many_steps(steps, float64):
    """A shift register: unit k + 1 has the input of k steps earlier, and the read-out takes the last unit."""
    network = create("elman", 1, steps + 1, 1, dtype=jnp.float64)
    layer, (gate,) = dict(network.layers[0]), network.layers[0]["x"].gates
    layer["x"] = layer["x"].put(gate, matrix=0.1 * jnp.eye(1, steps + 1))
    layer["h"] = layer["h"].put(gate, matrix=jnp.eye(steps + 1, k=1))
    readout = network.readout.put("y", matrix=10 * jnp.eye(steps + 1)[:, -1:])
    subject = examine(replace(network, layers=(layer,), readout=readout), Recall(steps=20), rows=16)
    subject = replace(subject, batch=replace(subject.batch, scored=subject.batch.present))
    found = roles(subject)
    assert [(unit.role, unit.delay_steps) for unit in found.units] == [("delay", k) for k in range(steps + 1)]
    late = f"{steps} {'step' if steps == 1 else 'steps'} earlier" if steps else "the same step"
    assert f"unit {steps + 1} is a delay of {steps} step" in (text := words(subject, found)[1 + steps].text)
    assert late in text
