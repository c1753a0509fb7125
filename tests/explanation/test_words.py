"""What is said: of a known latch; of trained networks, where every figure is found again by a loop in NumPy; of
networks that blow up; and that nothing of it reads where a network comes from."""

from __future__ import annotations

import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.network import create
from holdfast.explanation.explain import explain
from holdfast.tasks.recall import Recall
from holdfast.training.loop import train_networks
from holdfast.training.settings import Settings
from tests.certification.latches import designed
from tests.networks import random_network

ROLES = ("latch", "flag", "accumulator", "counter", "delay", "unused", "other")


def of_role(found, role):
    return [clause for clause in found.words if clause.role == role]


def test_a_latch_and_its_flag_are_told_with_their_figures():
    found = explain(designed(1e-2, 20, dtype="float32"), Recall(steps=20), diagnostics=["gates"], rows=16)
    (latch,), (flag,) = of_role(found, "latch"), of_role(found, "flag")
    assert (latch.units, flag.units) == ((2,), (1,))
    assert "its input gate opens at step 1 only" in latch.text
    assert "is a latch that holds x_1 (R²" in latch.text
    assert flag.text == "unit 1 is a flag: it is set at step 1 and stays set (mean value 0.76)"
    assert found.words[0].text.startswith("unit 2 alone carries the memory")
    assert found.words[-1].text.startswith("the answer is read from unit 2 (100 %")
    assert latch.figures["share"] == pytest.approx(1, abs=1e-3)
    seen = found.subject.traced.gates[0]
    assert latch.figures["keep_mean"] == pytest.approx(float(np.asarray(seen.forget)[:, 1:, 1].mean()), rel=1e-6)
    assert latch.figures["write_mean"] == pytest.approx(float(np.asarray(seen.input)[:, 0, 1].mean()), rel=1e-6)


def test_the_document_is_what_it_should_be():
    found = explain(designed(1e-2, 20, dtype="float32"), Recall(steps=20), diagnostics=["gates"], rows=8, file="a.st")
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert {"file", "task", "steps", "diagnostics", "words", "page"} <= set(document)
    assert (document["file"], document["task"], document["steps"], document["page"]) == ("a.st", "recall", 20, None)
    for clause in document["words"]:
        assert set(clause) == {"text", "units", "role", "figures"}
        assert clause["role"] in ROLES
        assert all(isinstance(unit, int) for unit in clause["units"])


def exploding():
    """One rectified unit that doubles itself and what it reads: 2^t - 1, past all numbers of float32 at step 128."""
    network = create("irnn", 1, 1, 1)
    layer, (gate,) = dict(network.layers[0]), network.layers[0]["x"].gates
    layer["x"] = layer["x"].put(gate, bias=jnp.ones(1))
    layer["h"] = layer["h"].put(gate, matrix=jnp.full((1, 1), 2.0))
    return replace(network, layers=(layer,), readout=network.readout.put("y", jnp.ones((1, 1))))


def test_a_network_that_blows_up_is_explained_up_to_there_and_that_is_told():
    found = explain(exploding(), Recall(steps=150), diagnostics=["gates", "gradient_flow"], rows=2)
    assert found.finite_steps == 127
    assert found.words[0].text == (
        "states or outputs are NaN or infinite from step 128 of 150; the explanation covers the first 127"
    )
    assert found.findings["gradient_flow"].figures["verdict"] == "explodes"
    json.dumps(found.as_json(), allow_nan=False)


def test_a_network_of_nan_is_told_to_have_nothing_to_explain():
    network = designed(1e-2, 20, dtype="float32")
    found = explain(replace(network, readout=network.readout.put("y", bias=jnp.full(1, jnp.nan))), Recall(steps=5))
    assert [clause.text for clause in found.words] == [
        "states or outputs are NaN or infinite from step 1 of 5; there is nothing to explain"
    ]


def test_a_network_without_memory_is_told_so():
    found = explain(
        random_network("feedforward", 1, 2, 1, dtype=jnp.float32), Recall(steps=6), diagnostics=["gates"], rows=4
    )
    assert found.words[0].text.startswith("no memory")


def gru_by_numpy(network, inputs, swap=None, empty=None):
    """Answers [row] at the last step and everything on the way, in float64: GRU, reset after the product.

    ``swap`` = (step, units, partners, states): after that step these units hold what they hold in the partner row;
    ``empty`` units are 0 after every step."""
    (layer,) = network.layers
    part = {s: {g: [np.asarray(a, np.float64) for a in layer[s].of(g)] for g in layer[s].gates} for s in ("x", "h")}
    matrix, bias = np.asarray(network.readout.matrix, np.float64), np.asarray(network.readout.bias, np.float64)
    h, states, keeps = np.zeros((len(inputs), network.units)), [], []
    for t in range(inputs.shape[1]):
        w = {g: inputs[:, t] @ m + b for g, (m, b) in part["x"].items()}
        u = {g: h @ m + b for g, (m, b) in part["h"].items()}
        r, z = (1 / (1 + np.exp(-(w[g] + u[g]))) for g in ("reset", "update"))
        h = z * h + (1 - z) * np.tanh(w["candidate"] + r * u["candidate"])
        if swap is not None and t == swap[0]:
            h = h.copy()
            h[:, swap[1]] = swap[3][swap[2], t][:, swap[1]]
        if empty is not None:
            h = h.copy()
            h[:, empty] = 0
        states.append(h)
        keeps.append(z)
    return (h @ matrix + bias)[:, 0], np.stack(states, 1), np.stack(keeps, 1)


@pytest.mark.slow
def test_the_clauses_of_a_trained_network_rest_on_figures_that_numpy_finds_again():
    task = Recall(steps=5)
    settings = Settings(task=task, cell="gru", units=6, seeds=1, budget=20_000)
    network = train_networks(settings).networks[0]
    found = explain(network, task, diagnostics=["gates"], seed=3)
    subject, memory = found.subject, found.words[0]
    rows, inputs = 16, np.asarray(subject.batch.inputs, np.float64)
    answers, states, keeps = gru_by_numpy(network, inputs)
    np.testing.assert_allclose(subject.outputs[:, -1, 0], answers, atol=1e-5)
    step, partners = memory.figures["swapped_step"] - 1, np.roll(np.arange(rows), rows // 2)

    def moved(units):
        return gru_by_numpy(network, inputs[:rows], (step, units, partners, states))[0] - answers[:rows]

    everything = moved(list(range(6)))
    carriers = found.roles.carriers
    assert sorted(u + 1 for u in carriers) == sorted(memory.units)
    for count, told in enumerate(memory.figures["carried_by_the_first"], 1):
        share = moved(list(carriers[:count])) @ everything / (everything @ everything)
        assert told == pytest.approx(share, abs=2e-3)
        assert (share >= 0.9) == (count == len(carriers))
    checked = 0
    for clause in found.words[1:]:
        if clause.role in ("latch", "accumulator") and len(clause.units) == 1:
            unit, figures = clause.units[0] - 1, clause.figures
            assert figures["share"] == pytest.approx(moved([unit]) @ everything / (everything @ everything), abs=2e-3)
            held = (keeps[..., unit] > 0.9) & (1 - keeps[..., unit] <= 0.5)
            if figures["keep_mean"] is not None:
                assert figures["keep_mean"] == pytest.approx(keeps[..., unit][held].mean(), abs=1e-5)
                assert figures["time_constant_steps"] == pytest.approx(
                    -1 / np.log(keeps[..., unit][held].mean()), rel=1e-3
                )
            x = inputs[:, figures["source_step"] - 1, 0]
            assert figures["source_r2"] == pytest.approx(np.corrcoef(x, states[:, step, unit])[0, 1] ** 2, abs=1e-4)
            checked += 1
        if clause.text.startswith("the answer is read from"):
            parts = states[:, -1] * np.asarray(network.readout.matrix, np.float64)[:, 0]
            parts = parts - parts.mean(0)
            readers = [unit - 1 for unit in clause.units]
            given = 1 - parts.sum(1).var() ** -1 * (parts.sum(1) - parts[:, readers].sum(1)).var()
            assert clause.figures["read_by_the_first"][-1] == pytest.approx(given, abs=1e-3)
            checked += 1
    spread = answers[:rows].std()
    for unit in found.roles.units:
        emptied = gru_by_numpy(network, inputs[:rows], empty=[unit.unit])[0] - answers[:rows]
        assert unit.removed == pytest.approx(np.sqrt((emptied**2).mean()) / spread, rel=1e-2)
    assert checked >= 1
