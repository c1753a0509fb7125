"""The steps of the cells we ship, written again in plain NumPy from their papers, and not from the cells.

A reference takes the weights by letter (``W_i`` [input, unit], ``b_i``, ``U_i``, ``d_i``), the input and the state
by name; it gives the output, the next state and every gate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracle import diagonal, matrices


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def coupled(w: Any, x: np.ndarray, state: Any) -> Any:
    f, o = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "fo")
    g = np.tanh(x @ w["W_g"] + state["h"] @ w["U_g"] + w["b_g"])
    c = f * state["c"] + (1 - f) * g
    h = o * np.tanh(c)
    return h, {"h": h, "c": c}, {"forget": f, "candidate": g, "output": o}


def elman(w: Any, x: np.ndarray, state: Any) -> Any:
    h = np.tanh(x @ w["W_n"] + state["h"] @ w["U_n"] + w["b_n"])
    return h, {"h": h}, {"candidate": h}


def feedforward(w: Any, x: np.ndarray, state: Any) -> Any:
    h = np.tanh(x @ w["W_n"] + w["b_n"])
    return h, {}, {"candidate": h}


def gru(w: Any, x: np.ndarray, state: Any) -> Any:
    r = sigmoid(x @ w["W_r"] + w["b_r"] + state["h"] @ w["U_r"] + w["d_r"])
    z = sigmoid(x @ w["W_z"] + w["b_z"] + state["h"] @ w["U_z"] + w["d_z"])
    n = np.tanh(x @ w["W_n"] + w["b_n"] + r * (state["h"] @ w["U_n"] + w["d_n"]))
    h = (1 - z) * n + z * state["h"]
    return h, {"h": h}, {"reset": r, "update": z, "candidate": n}


def irnn(w: Any, x: np.ndarray, state: Any) -> Any:
    h = np.maximum(0, x @ w["W_n"] + state["h"] @ w["U_n"] + w["b_n"])
    return h, {"h": h}, {"candidate": h}


def lstm(w: Any, x: np.ndarray, state: Any) -> Any:
    i, f, o = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "ifo")
    g = np.tanh(x @ w["W_g"] + state["h"] @ w["U_g"] + w["b_g"])
    c = f * state["c"] + i * g
    h = o * np.tanh(c)
    return h, {"h": h, "c": c}, {"input": i, "forget": f, "candidate": g, "output": o}


def lstm1997(w: Any, x: np.ndarray, state: Any) -> Any:
    i, o = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "io")
    g = np.tanh(x @ w["W_g"] + state["h"] @ w["U_g"] + w["b_g"])
    c = state["c"] + i * g
    h = o * np.tanh(c)
    return h, {"h": h, "c": c}, {"input": i, "candidate": g, "output": o}


def lstm1997_as_printed(w: Any, x: np.ndarray, state: Any) -> Any:
    """With the squashing functions of the paper, g(a) = 4 sigmoid(a) - 2 and h(a) = 2 sigmoid(a) - 1."""
    i, g, o = (x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"] for k in "igo")
    c = state["c"] + sigmoid(i) * (4 * sigmoid(g) - 2)
    h = sigmoid(o) * (2 * sigmoid(c) - 1)
    return h, {"h": h, "c": c}, {}


def masked_output(w: Any, x: np.ndarray, state: Any) -> Any:
    i, f = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "if")
    g, n = (np.tanh(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "gn")
    c = f * state["c"] + i * g
    h = n * sigmoid(c)
    return h, {"h": h, "c": c}, {"input": i, "forget": f, "candidate": g, "hidden": n}


def no_input_gate(w: Any, x: np.ndarray, state: Any) -> Any:
    f, o = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "fo")
    g = np.tanh(x @ w["W_g"] + state["h"] @ w["U_g"] + w["b_g"])
    c = f * state["c"] + g
    h = o * np.tanh(c)
    return h, {"h": h, "c": c}, {"forget": f, "candidate": g, "output": o}


def no_output_gate(w: Any, x: np.ndarray, state: Any) -> Any:
    i, f = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "if")
    g = np.tanh(x @ w["W_g"] + state["h"] @ w["U_g"] + w["b_g"])
    c = f * state["c"] + i * g
    h = np.tanh(c)
    return h, {"h": h, "c": c}, {"input": i, "forget": f, "candidate": g}


def one_network(w: Any, x: np.ndarray, state: Any) -> Any:
    k = np.tanh(x @ w["W_k"] + state["h"] @ w["U_k"] + state["c"] @ w["P_k"] + w["b_k"])
    g = k @ w["V_g"] + w["a_g"]
    o = sigmoid(x @ w["W_o"] + state["h"] @ w["U_o"] + w["b_o"])
    h = o * np.tanh(g)
    return h, {"h": h, "c": g}, {"hidden": k, "candidate": g, "output": o}


def residual(w: Any, x: np.ndarray, state: Any) -> Any:
    k = np.tanh(x @ w["W_k"] + state["h"] @ w["U_k"] + state["c"] @ w["P_k"] + w["b_k"])
    g = k @ w["V_g"] + w["a_g"]
    o = sigmoid(x @ w["W_o"] + state["h"] @ w["U_o"] + w["b_o"])
    c = state["c"] + g
    h = o * np.tanh(c)
    return h, {"h": h, "c": c}, {"hidden": k, "candidate": g, "output": o}


def output_network(w: Any, x: np.ndarray, state: Any) -> Any:
    i, f = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"b_{k}"]) for k in "if")
    g = np.tanh(x @ w["W_g"] + state["h"] @ w["U_g"] + w["b_g"])
    c = f * state["c"] + i * g
    k = np.tanh(x @ w["W_k"] + state["h"] @ w["U_k"] + c @ w["P_k"] + w["b_k"])
    h = k @ w["V_n"] + w["a_n"]
    return h, {"h": h, "c": c}, {"input": i, "forget": f, "candidate": g, "hidden": k, "reading": h}


def peephole(w: Any, x: np.ndarray, state: Any) -> Any:
    """Gers, Schraudolph & Schmidhuber 2002, equations 4 to 9, with tanh as squashing functions."""
    i, f = (sigmoid(x @ w[f"W_{k}"] + state["h"] @ w[f"U_{k}"] + w[f"p_{k}"] * state["c"] + w[f"b_{k}"]) for k in "if")
    g = np.tanh(x @ w["W_g"] + state["h"] @ w["U_g"] + w["b_g"])
    c = f * state["c"] + i * g
    o = sigmoid(x @ w["W_o"] + state["h"] @ w["U_o"] + w["p_o"] * c + w["b_o"])
    h = o * np.tanh(c)
    return h, {"h": h, "c": c}, {"input": i, "forget": f, "candidate": g, "output": o}


def mingru(w: Any, x: np.ndarray, state: Any) -> Any:
    """Feng et al. 2024, section 3.1.3, whose z is 1 - z here."""
    z = sigmoid(-(x @ w["W_z"] + w["b_z"]))
    proposed = x @ w["W_n"] + w["b_n"]
    h = (1 - z) * state["h"] + z * proposed
    return h, {"h": h}, {"update": 1 - z, "candidate": proposed}


def minlstm(w: Any, x: np.ndarray, state: Any) -> Any:
    """Feng et al. 2024, section 3.2.3."""
    f, i = (sigmoid(x @ w[f"W_{k}"] + w[f"b_{k}"]) for k in "fi")
    f_share, i_share = f / (f + i), i / (f + i)
    proposed = x @ w["W_n"] + w["b_n"]
    h = f_share * state["h"] + i_share * proposed
    return h, {"h": h}, {"input": i_share, "forget": f_share, "candidate": proposed}


def mlstm(weights, x, state):
    """A matrix memory in every head, by Einstein sums."""
    rows, heads = len(x), state["m"].shape[-1]
    read = {letter: x @ weights[f"W_{letter}"] + weights[f"b_{letter}"] for letter in "ifqkvo"}
    q, k, v, o = (read[letter].reshape(rows, heads, -1) for letter in "qkvo")
    o, k = sigmoid(o), k / np.sqrt(k.shape[-1])
    kept = state["m"] - np.logaddexp(0, -read["f"])
    m = np.maximum(kept, read["i"])
    f, i = np.exp(kept - m), np.exp(read["i"] - m)
    memory = np.einsum("bh,bhvk->bhvk", f, state["C"]) + np.einsum("bh,bhv,bhk->bhvk", i, v, k)
    n = np.einsum("bh,bhk->bhk", f, state["n"]) + np.einsum("bh,bhk->bhk", i, k)
    size = np.maximum(np.abs(np.einsum("bhk,bhk->bh", n, q)), np.exp(-m))
    shown = o * np.einsum("bhvk,bhk->bhv", memory, q) / size[..., None]
    gates = {"input": i, "forget": f, "query": q, "key": k, "value": v, "output": o}
    return shown.reshape(rows, -1), {"C": memory, "n": n, "m": m}, gates


REFERENCES = {
    "coupled": coupled,
    "elman": elman,
    "feedforward": feedforward,
    "gru": gru,
    "irnn": irnn,
    "lstm": lstm,
    "lstm1997": lstm1997,
    "masked_output": masked_output,
    "mingru": mingru,
    "minlstm": minlstm,
    "mlstm": mlstm,
    "no_input_gate": no_input_gate,
    "no_output_gate": no_output_gate,
    "one_network": one_network,
    "output_network": output_network,
    "peephole": peephole,
    "residual": residual,
    **diagonal.REFERENCES,
    **{name: matrices.in_numpy(name) for name in matrices.STEPS},
}
