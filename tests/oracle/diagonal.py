"""One step of the cells with diagonal recurrences, from their authors' papers, in complex arithmetic where they use it.

Nothing of the cells' own steps is used, only the letters of their weights (``cell_laws.by_letter``). A step takes the
weights, the input [batch, input] and the state by name, and gives the output, the next state and every gate. ``xp`` is
NumPy, or torch where gradients are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
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


REFERENCES: dict[str, Reference] = {"lru": lru}
