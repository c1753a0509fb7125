"""Cells that PyTorch has give its numbers, forward and backward, in float64 to 1e-12.

Weights are copied by the gates' names. PyTorch keeps two biases everywhere; where ours keeps one, the second is 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast.engine.unroll import unroll
from tests.networks import numbers, random_network, random_state

INPUTS, UNITS, LAYERS, BATCH, STEPS = 2, 3, 2, 2, 5
CLOSE = {"rtol": 0, "atol": 1e-12}

PEERS = {
    "elman": (torch.nn.RNN, ("candidate",)),
    "gru": (torch.nn.GRU, ("reset", "update", "candidate")),
    "irnn": (partial(torch.nn.RNN, nonlinearity="relu"), ("candidate",)),
    "lstm": (torch.nn.LSTM, ("input", "forget", "candidate", "output")),
}
"""Our cell, PyTorch's class, and the order in which that keeps the gates one below the other."""


def copied(network: Any, peer: Any, order: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Our numbers (weights or their gradients) under PyTorch's names; a bias that is not ours is left out."""
    found = {}
    for depth, layer in enumerate(network.layers):
        for source, ending in (("x", "ih"), ("h", "hh")):
            parts = [layer[source].of(gate) for gate in order]
            found[f"weight_{ending}_l{depth}"] = np.concatenate([np.asarray(m).T for m, _ in parts])
            if layer[source].bias is not None:
                found[f"bias_{ending}_l{depth}"] = np.concatenate([np.asarray(b) for _, b in parts])
    return found


def agree_with_torch(cell: str, peer: Any, order: tuple[str, ...]) -> None:
    network, inputs = random_network(cell, INPUTS, UNITS, layers=LAYERS), numbers(BATCH, STEPS, INPUTS)
    start = random_state(network, BATCH)
    theirs = peer(INPUTS, UNITS, LAYERS, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for name, weight in theirs.named_parameters():
            weight.copy_(torch.tensor(copied(network, peer, order).get(name, np.zeros(weight.shape))))
    readout = torch.tensor(np.asarray(network.readout.matrix)), torch.tensor(np.asarray(network.readout.bias))
    x = torch.tensor(np.asarray(inputs), requires_grad=True)
    states = {
        label: torch.tensor(np.stack([np.asarray(getattr(layer, label)) for layer in start]), requires_grad=True)
        for label in start[0]._fields
    }
    first = tuple(states.values())
    hidden, last = theirs(x, first if len(first) > 1 else first[0])
    output = hidden @ readout[0] + readout[1]
    last = dict(zip(states, last if isinstance(last, tuple) else (last,), strict=True))

    def objective(network: Any, inputs: Any, start: Any) -> Any:
        outputs, end = unroll(network, inputs, start)
        by_name = {label: jnp.stack([getattr(layer, label) for layer in end]) for label in states}
        total = (outputs * numbers(*outputs.shape, seed=5)).sum()
        total = total + sum((value * numbers(*value.shape, seed=6)).sum() for value in by_name.values())
        return total, (outputs, by_name)

    both = jax.jit(jax.value_and_grad(objective, argnums=(0, 1, 2), has_aux=True))
    (_, (outputs, end)), (to_network, to_inputs, to_start) = both(network, inputs, start)
    np.testing.assert_allclose(outputs, output.detach(), **CLOSE)
    for label, value in last.items():
        np.testing.assert_allclose(end[label], value.detach(), **CLOSE)

    loss = (output * torch.tensor(np.asarray(numbers(*output.shape, seed=5)))).sum()
    for value in last.values():
        loss = loss + (value * torch.tensor(np.asarray(numbers(*value.shape, seed=6)))).sum()
    loss.backward()
    gradients = copied(to_network, peer, order)
    judged = {name: weight.grad for name, weight in theirs.named_parameters() if name in gradients}
    assert len(judged) == len(gradients) == len(jax.tree.leaves(network.layers))
    for name, gradient in judged.items():
        np.testing.assert_allclose(gradients[name], gradient, **CLOSE, err_msg=name)
    np.testing.assert_allclose(to_inputs, x.grad, **CLOSE)
    for label, value in states.items():
        ours = np.stack([np.asarray(getattr(layer, label)) for layer in to_start])
        np.testing.assert_allclose(ours, value.grad, **CLOSE, err_msg=label)


@pytest.mark.parametrize("cell", PEERS)
def test_outputs_states_and_every_gradient_are_pytorchs(cell, float64):
    agree_with_torch(cell, *PEERS[cell])


def test_another_form_of_the_gru_is_caught(offenders, float64):
    with pytest.raises(AssertionError, match="Mismatched elements"):
        agree_with_torch("reset_before", *PEERS["gru"])


def test_gates_in_another_order_are_caught(float64):
    with pytest.raises(AssertionError, match="Mismatched elements"):
        agree_with_torch("lstm", torch.nn.LSTM, ("input", "forget", "output", "candidate"))
