"""The census of exact values: bit-exact latches told from slow leaks, and nothing said where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.network import create
from holdfast.explanation.diagnostics import saturation
from holdfast.explanation.subject import examine
from holdfast.tasks.recall import Recall
from tests.certification.latches import designed, exact

TASK = Recall(steps=20)


def test_a_bit_exact_latch_is_told_from_a_slow_leak():
    found = saturation.measure(examine(exact("float32"), TASK, rows=8))
    latch = [u for u in found.figures["exact_units"] if u["unit"] == 2]
    assert {u["state"] for u in latch} == {"h", "c"}
    assert all(u["since_step"] == 1 and u["keep_least"] == 1.0 and u["write_most"] == 0.0 for u in latch)
    assert found.figures["slow_units"] == []
    assert found.sentence.startswith("Held bit for bit, without a leak: unit 2 (h, c)")
    leak = saturation.measure(examine(designed(1e-2, 20, dtype="float32"), TASK, rows=8))
    assert leak.figures["exact_units"] == []
    assert {u["unit"] for u in leak.figures["slow_units"]} == {2}
    assert "bit for bit" not in leak.sentence
    assert leak.sentence.startswith("Slow leaks, from ")


def test_the_leak_is_what_the_gates_lose():
    subject = examine(designed(1e-2, 20, dtype="float32"), TASK, rows=8)
    (cell_state,) = [u for u in saturation.measure(subject).figures["slow_units"] if u["state"] == "c"]
    c = np.asarray(subject.traced.states[0].c, np.float64)[..., 1]
    expected = np.abs(np.diff(c, axis=1))[:, 9:].mean() / c[:, -1].std()
    assert cell_state["change_per_step"] == pytest.approx(expected, rel=1e-12)
    assert cell_state["keep_least"] == pytest.approx(np.asarray(subject.traced.gates[0].forget)[:, 10:, 1].min())


def test_shares_are_those_of_a_count_by_hand():
    subject = examine(exact("float32"), TASK, rows=4)
    rows = {r["name"]: r for r in saturation.measure(subject).figures["gates"]}
    for name in ("input", "forget", "output"):
        values = np.asarray(getattr(subject.traced.gates[0], name))
        assert rows[name]["share_high"] == pytest.approx(np.mean(values == 1))
        assert rows[name]["share_low"] == pytest.approx(np.mean(values == 0))
    assert rows["candidate"]["squash"] == "tanh"
    assert rows["candidate"]["share_high"] == pytest.approx(0.5)  # the flag's candidate, tanh(20)


def test_a_tanh_unit_at_exactly_one_is_counted_as_a_state():
    network = create("elman", 1, 2, 1)
    layer = dict(network.layers[0])
    layer["x"] = layer["x"].put(layer["x"].gates[0], bias=jnp.asarray([30.0, 0.1]))
    network = type(network)((layer,), network.readout, "elman")
    (row,) = [r for r in saturation.measure(examine(network, TASK, rows=4)).figures["gates"] if r["kind"] == "state"]
    assert (row["name"], row["share_high"], row["share_low"]) == ("h", 0.5, 0.0)


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "irnn", "feedforward"])
def test_silent_on_a_network_of_zeros(cell):
    found = saturation.measure(examine(create(cell, 1, 3, 1), TASK, rows=4))
    assert found.sentence == ""
    assert found.figures["exact_units"] == found.figures["slow_units"] == []


def test_padding_is_not_counted():
    network, task = exact("float32"), Recall(steps=4)
    subject = examine(network, task, rows=4)
    present = np.asarray(subject.batch.present).copy()
    present[:, 2:] = False
    shorter = replace(subject, batch=replace(subject.batch, present=jnp.asarray(present)))
    rows = {r["name"]: r for r in saturation.measure(shorter).figures["gates"]}
    assert rows["input"]["share_low"] == pytest.approx(1 / 4)  # of two steps and two units, the latch at the second
