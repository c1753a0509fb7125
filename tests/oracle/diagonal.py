"""One step of the cells with diagonal recurrences, from their authors' papers, in complex arithmetic where they use it.

Nothing of the cells' own steps is used, only the letters of their weights (``cell_laws.by_letter``). A step takes the
weights, the input [batch, input] and the state by name, and gives the output, the next state and every gate. ``xp`` is
NumPy, or torch where gradients are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Reference = Callable[..., tuple[Any, dict[str, Any], dict[str, Any]]]


def lru(w: Any, x: Any, state: Any, xp: Any = np) -> Any:
    """Orvieto et al. 2023, equations 5 to 7: h' = lambda * h + gamma * (B x), y = Re(C h') + D x."""
    radius, angle, gamma = xp.exp(-xp.exp(w["b_r"])), xp.exp(w["b_t"]), xp.exp(w["b_g"])
    eigenvalues = radius * xp.exp(1j * angle)
    written = gamma * ((x @ w["W_u"] + w["b_u"]) + 1j * (x @ w["W_v"] + w["b_v"]))
    h = eigenvalues * (state["re"] + 1j * state["im"]) + written
    read = (h @ (w["A_y"] - 1j * w["B_y"])).real + x @ w["W_y"] + w["b_y"]
    gates = {"real": written.real, "imaginary": written.imag, "radius": radius, "angle": angle, "scale": gamma}
    rows = {name: one + 0 * written.real if one.ndim == 1 else one for name, one in gates.items()}
    return read, {"re": h.real, "im": h.imag}, {**rows, "output": read}


def s5(w: Any, x: Any, state: Any, xp: Any = np) -> Any:
    """Smith, Warrington & Linderman 2023, equations 2 to 6: h' = L h + (L - 1) / l (B x), L = exp(l d), y = Re(C h') +
    D x."""
    rates, step = -xp.exp(w["b_e"]) + 1j * w["b_w"], xp.exp(w["b_d"])
    discrete = xp.exp(rates * step)
    u, v = x @ w["W_u"] + w["b_u"], x @ w["W_v"] + w["b_v"]
    h = discrete * (state["re"] + 1j * state["im"]) + (discrete - 1) / rates * (u + 1j * v)
    read = (h @ (w["A_y"] - 1j * w["B_y"])).real + x @ w["W_y"] + w["b_y"]
    constants = {"decay": rates.real, "frequency": rates.imag, "step": step}
    gates = {"real": u, "imaginary": v, **{name: one + 0 * u for name, one in constants.items()}, "output": read}
    return read, {"re": h.real, "im": h.imag}, gates


def mamba(w: Any, x: Any, state: Any, xp: Any = np, negative: bool = False) -> Any:
    """Gu & Dao 2023, their reference of the selective scan: h' = exp(d A) h + d B u, y = C h' + D u. Grazzi et al. 2024
    put 2 exp(d A) - 1 in place of exp(d A)."""
    step, units = xp.log1p(xp.exp(x @ w["W_d"] + w["b_d"])), w["b_D"].shape[0]
    write, read, u = (x @ w[f"W_{k}"] + w[f"b_{k}"] for k in "BCu")
    rates = -xp.exp(w["b_A"].reshape(units, -1))
    kept = xp.exp(xp.einsum("bd,dn->bdn", step, rates))
    kept = 2 * kept - 1 if negative else kept
    h = kept * state["h"] + xp.einsum("bd,bn,bd->bdn", step, write, u)
    y = xp.einsum("bdn,bn->bd", h, read) + w["b_D"] * u
    gates = {"decay": rates + 0 * h, "skip": w["b_D"] + 0 * u}
    return y, {"h": h}, {"step": step, "input": write, "output": read, "value": u, **gates}


def rglru(w: Any, x: Any, state: Any, xp: Any = np) -> Any:
    """De et al. 2024, equations 1 to 4: log a = -8 r softplus(p), h' = a h + sqrt(1 - a^2) (i u)."""
    r, i = (1 / (1 + xp.exp(-(x @ w[f"W_{k}"] + w[f"b_{k}"]))) for k in "ri")
    u = x @ w["W_u"] + w["b_u"]
    a = xp.exp(-8 * r * xp.log1p(xp.exp(w["b_a"])))
    h = a * state["h"] + xp.sqrt(1 - a * a) * (i * u)
    return h, {"h": h}, {"recurrence": r, "input": i, "value": u, "decay": a}


def slstm(w: Any, x: Any, state: Any, xp: Any = np) -> Any:
    """Beck et al. 2024, equations 8 to 17, with f = sigmoid, tanh as the squashing function, and for every unit of a
    head the recurrent weights of that head."""
    heads = state["m"].shape[1]
    part = {name: value.reshape(len(x), -1) for name, value in state.items()}
    raw = {}
    for k in "ifzo":
        recurrent = w[f"U_{k}"].reshape(heads, -1, heads, part["h"].shape[1] // heads)
        mixed = [state["h"][:, head] @ recurrent[head, :, head] for head in range(heads)]
        raw[k] = x @ w[f"W_{k}"] + w[f"b_{k}"] + xp.concatenate(mixed, 1)
    log_f = -xp.log1p(xp.exp(-raw["f"]))
    m = xp.maximum(log_f + part["m"], raw["i"])
    i, f = xp.exp(raw["i"] - m), xp.exp(log_f + part["m"] - m)
    z, o = xp.tanh(raw["z"]), 1 / (1 + xp.exp(-raw["o"]))
    c, n = f * part["c"] + i * z, f * part["n"] + i
    shown = lambda a: a.reshape(len(x), heads, -1)  # noqa: E731
    states = {name: shown(a) for name, a in {"h": o * c / n, "c": c, "n": n, "m": m}.items()}
    return o * c / n, states, {"input": shown(i), "forget": shown(f), "candidate": shown(z), "output": shown(o)}


REFERENCES: dict[str, Reference] = {
    "lru": lru,
    "mamba": mamba,
    "mamba_negative": partial(mamba, negative=True),
    "rglru": rglru,
    "s5": s5,
    "slstm": slstm,
}
