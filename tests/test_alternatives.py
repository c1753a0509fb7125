"""The alternatives against what they are said to be: other cells in PyTorch, closed formulas, rules derived by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast.engine.unroll import trace, unroll
from holdfast.plugins.cell_laws import by_letter
from tests.cell_references import sigmoid
from tests.networks import numbers, random_network, random_state

pytestmark = pytest.mark.usefixtures("quick_to_compile", "float64")
CLOSE = {"rtol": 0, "atol": 1e-12}
OPEN = 50.0
"""A bias at which a sigmoid is exactly 1 in float64."""


def as_torch_lstm(weights: dict[str, np.ndarray], inputs: np.ndarray, start: dict[str, np.ndarray]) -> np.ndarray:
    """The hidden states that PyTorch's LSTM gives with these weights by letter; what is missing is zero."""
    features, units = inputs.shape[-1], start["h"].shape[-1]
    shapes = {"W": (features, units), "U": (units, units), "b": (units,)}

    def fused(kind: str) -> torch.Tensor:
        return torch.tensor(
            np.concatenate([weights.get(f"{kind}_{gate}", np.zeros(shapes[kind])) for gate in "ifgo"], -1)
        )

    theirs = torch.nn.LSTM(features, units, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(fused("W").T)
        theirs.weight_hh_l0.copy_(fused("U").T)
        theirs.bias_ih_l0.copy_(fused("b"))
        theirs.bias_hh_l0.zero_()
        first = tuple(torch.tensor(start[name])[None] for name in "hc")
        return theirs(torch.tensor(inputs), first)[0].numpy()


def closed(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The input gate as the complement of the forget gate: 1 - sigmoid(a) = sigmoid(-a)."""
    return weights | {f"{kind}_i": -weights[f"{kind}_f"] for kind in "WUb"}


@pytest.mark.parametrize(
    ("cell", "as_lstm"),
    [
        ("coupled", closed),
        ("no_input_gate", lambda w: w | {"b_i": np.full(3, OPEN)}),
        ("no_output_gate", lambda w: {k: v for k, v in w.items() if k[2] != "o"} | {"b_o": np.full(3, OPEN)}),
        ("lstm1997", lambda w: w | {"b_f": np.full(3, OPEN)}),
    ],
)
def test_it_is_pytorchs_lstm_with_the_missing_gate_set(cell, as_lstm):
    network, inputs = random_network(cell), numbers(2, 6, 2)
    start = random_state(network, 2)
    found = trace(network, inputs, start).states[0].h
    expected = as_torch_lstm(as_lstm(by_letter(cell, network.layers[0])), np.asarray(inputs), as_arrays(start[0]))
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_without_its_peepholes_it_is_pytorchs_lstm_and_with_them_it_is_not():
    network, inputs = random_network("peephole"), numbers(2, 6, 2)
    start, layer = random_state(network, 2), dict(network.layers[0])
    expected = as_torch_lstm(by_letter("peephole", layer), np.asarray(inputs), as_arrays(start[0]))
    assert np.abs(trace(network, inputs, start).states[0].h - expected).max() > 1e-2
    for gate in layer["c"].gates:
        layer["c"] = layer["c"].put(gate, jnp.zeros((1, 3)))
    found = trace(with_layer(network, layer), inputs, start).states[0].h
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_the_minimal_gru_is_the_papers_closed_formula():
    """Appendix B.1 of the paper: all steps at once, in logarithms."""
    network, inputs = random_network("mingru"), numbers(2, 9, 2)
    start = random_state(network, 2)
    w, x = by_letter("mingru", network.layers[0]), np.asarray(inputs)
    a = x @ w["W_z"] + w["b_z"]
    held = np.cumsum(-np.log1p(np.exp(-a)), 1)  # log of the product of all z up to each step
    written = sigmoid(-a) * (x @ w["W_n"] + w["b_n"])
    expected = np.exp(held) * (np.asarray(start[0].h)[:, None] + np.cumsum(np.exp(-held) * written, 1))
    np.testing.assert_allclose(trace(network, inputs, start).states[0].h, expected, rtol=0, atol=1e-11)


def test_the_minimal_lstm_is_the_papers_closed_formula():
    """Appendix B.2 of the paper: log f' = -softplus(softplus(-f) - softplus(-i)), all steps at once."""
    network, inputs = random_network("minlstm"), numbers(2, 9, 2)
    start = random_state(network, 2)
    w, x = by_letter("minlstm", network.layers[0]), np.asarray(inputs)
    softplus = lambda a: np.log1p(np.exp(a))  # noqa: E731
    apart = softplus(-(x @ w["W_f"] + w["b_f"])) - softplus(-(x @ w["W_i"] + w["b_i"]))
    held, write = np.cumsum(-softplus(apart), 1), -softplus(-apart)
    expected = np.exp(held) * (
        np.asarray(start[0].h)[:, None] + np.cumsum(np.exp(write - held) * (x @ w["W_n"] + w["b_n"]), 1)
    )
    np.testing.assert_allclose(trace(network, inputs, start).states[0].h, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_gates_that_are_both_shut_give_numbers_and_gradients(dtype):
    network = random_network("minlstm", dtype=dtype)
    low, zero = jnp.asarray([-1e4, -1e4 + 1, -1e4 - 2], dtype), jnp.zeros(3, dtype)
    shut = network.layers[0]["x"].put("input", bias=zero - 1e4).put("forget", bias=low)
    level = with_layer(network, {"x": shut.put("input", zero).put("forget", zero)})
    forget = trace(level, numbers(1, 1, 2, dtype=dtype)).gates[0].forget[0, 0]
    np.testing.assert_allclose(forget, sigmoid(np.array([0.0, 1.0, -2.0])), atol=1e-6)
    found = jax.value_and_grad(lambda n: unroll(n, numbers(1, 3, 2, dtype=dtype))[0].sum())(
        with_layer(network, {"x": shut})
    )
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


def truncated_by_hand(w: dict[str, np.ndarray], x: np.ndarray, e: np.ndarray) -> dict[str, np.ndarray]:
    """The learning rule of 1997 for one row, from its appendix: forwards in time, ds/dw is added up in every cell.

    ``e`` [time, unit] is the error that the outputs send to the units. Weights that lead to candidate and input gate
    change the output through the cell state, those of the output gate at once, and no other way is counted.
    """
    units = w["b_i"].size
    h, s = np.zeros(units), np.zeros(units)
    of_state = {gate: np.zeros((x.shape[1] + units + 1, units)) for gate in "gi"}
    total = {gate: np.zeros((x.shape[1] + units + 1, units)) for gate in "gio"}
    for now, error in zip(x, e, strict=True):
        i, g, o = (now @ w[f"W_{k}"] + h @ w[f"U_{k}"] + w[f"b_{k}"] for k in "igo")
        i, g, o = sigmoid(i), np.tanh(g), sigmoid(o)
        sources = np.concatenate([now, h, [1.0]])[:, None]
        s = s + i * g
        of_state["g"] += sources * i * (1 - g**2)
        of_state["i"] += sources * g * i * (1 - i)
        for gate in "gi":
            total[gate] += error * o * (1 - np.tanh(s) ** 2) * of_state[gate]
        total["o"] += error * np.tanh(s) * o * (1 - o) * sources
        h = o * np.tanh(s)
    first, second = x.shape[1], x.shape[1] + units
    parts = {"W": np.s_[:first], "U": np.s_[first:second], "b": -1}
    return {f"{kind}_{gate}": total[gate][rows] for gate in "gio" for kind, rows in parts.items()}


def test_the_truncated_gradient_is_the_rule_of_1997_worked_out_forwards_in_time():
    network, inputs, error = random_network("lstm1997"), numbers(1, 7, 2), numbers(1, 7, 2, seed=5)

    def objective(network, gradient="truncated_1997"):
        return (unroll(network, inputs, gradient=gradient, engine="loop")[0] * error).sum()

    assert objective(network) == objective(network, "full")
    found = by_letter("lstm1997", jax.grad(objective)(network).layers[0])
    to_units = np.asarray(error[0] @ network.readout.matrix.T)
    expected = truncated_by_hand(by_letter("lstm1997", network.layers[0]), np.asarray(inputs[0]), to_units)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, **CLOSE, err_msg=name)
    true = by_letter("lstm1997", jax.grad(objective)(network, "full").layers[0])
    assert max(np.abs(true[name] - found[name]).max() for name in found) > 1e-2, "nothing was cut"


def as_arrays(state):
    return {name: np.asarray(value) for name, value in state._asdict().items()}


def with_layer(network, layer):
    return type(network)((layer,), network.readout, network.cell_name)
