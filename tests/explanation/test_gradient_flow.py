"""Gradient flow against PyTorch's own gradients, closed forms, and networks that vanish or explode by design."""

from __future__ import annotations

import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast.engine.network import create
from holdfast.explanation.diagnostics import gradient_flow
from holdfast.explanation.subject import Subject, examine
from holdfast.tasks.recall import Recall
from tests.certification.latches import lstm
from tests.networks import random_network

TASK = Recall(steps=20)


def linear(gain: float) -> Subject:
    """One rectified unit that is never shut: h' = gain * h + x + 100, whose gradient is gain per step."""
    network = create("irnn", 1, 1, 1)
    layer, (gate,) = dict(network.layers[0]), network.layers[0]["x"].gates
    layer["x"] = layer["x"].put(gate, matrix=jnp.ones((1, 1)), bias=jnp.full(1, 100.0))
    layer["h"] = layer["h"].put(gate, matrix=jnp.full((1, 1), gain))
    return examine(replace(network, layers=(layer,), readout=network.readout.put("y", jnp.ones((1, 1)))), TASK, rows=2)


@pytest.mark.parametrize(
    ("gain", "verdict"), [(0.5, "vanishes"), (0.8, "shrinks"), (1.0, "persists"), (2.0, "explodes")]
)
def test_a_linear_unit_has_the_slope_of_its_gain(gain, verdict):
    found = gradient_flow.measure(linear(gain))
    assert found.figures["slope_per_step"] == pytest.approx(math.log(gain), abs=1e-6)
    assert found.figures["answer_by_input"][:4] == pytest.approx([gain**d for d in range(4)], rel=1e-6)
    assert found.figures["hidden_by_hidden_log10"][19] == pytest.approx(19 * math.log10(gain), abs=1e-5)
    assert found.figures["verdict"] == verdict
    assert f"The gradient {verdict}" in found.sentence


def test_the_additive_path_of_a_latch_is_the_power_of_its_forget_gate():
    found = gradient_flow.measure(examine(lstm(16, 40, 4, 16, 0.01, dtype="float32"), TASK, rows=2)).figures
    f = 1 / (1 + math.exp(-4))
    assert found["additive_path"] == pytest.approx([f**d for d in range(20)], rel=1e-6)
    assert max(found["beside_additive_path"]) < 1e-6
    assert found["factor_per_step"] == pytest.approx(f, rel=1e-6)


def test_gradients_are_those_of_pytorch(float64):
    network = random_network("lstm", 1, 3, 1)
    subject = examine(network, TASK, rows=1)
    peer = torch.nn.LSTM(1, 3, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for source, ending in (("x", "ih"), ("h", "hh")):
            parts = [network.layers[0][source].of(gate) for gate in ("input", "forget", "candidate", "output")]
            stacked = np.concatenate([np.asarray(m).T for m, _ in parts])
            getattr(peer, f"weight_{ending}_l0").copy_(torch.tensor(stacked))
            biases = [np.zeros(3) if b is None else np.asarray(b) for _, b in parts]
            getattr(peer, f"bias_{ending}_l0").copy_(torch.tensor(np.concatenate(biases)))
    x = torch.tensor(np.asarray(subject.batch.inputs), requires_grad=True)
    state, kept = None, []
    for t in range(20):
        hidden, state = peer(x[:, t : t + 1], state)
        for part in state:
            part.retain_grad()
        kept.append(state)
    answer = hidden[0, 0] @ torch.tensor(np.asarray(network.readout.matrix)) + torch.tensor(
        np.asarray(network.readout.bias)
    )
    (answer - torch.tensor(np.asarray(subject.batch.targets))[0, -1]).square().mean().backward(retain_graph=True)
    found = gradient_flow.measure(subject).figures
    for name, place in (("h", 0), ("c", 1)):
        norms = [float(kept[19 - d][place].grad.norm()) for d in range(1, 20)]
        assert found[f"loss_by_{name}"][1:] == pytest.approx(norms, rel=1e-5)
    x.grad = None
    answer.sum().backward()
    assert found["answer_by_input"] == pytest.approx(x.grad[0, :, 0].abs().flip(0).tolist(), rel=1e-5)


def test_silent_where_nothing_is_held():
    assert gradient_flow.measure(examine(create("feedforward", 1, 2, 1), TASK, rows=2)).sentence == ""
