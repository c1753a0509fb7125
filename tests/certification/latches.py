"""Networks that hold their first input, written by hand from published formulas, and the bound that the hand proves.

Two LSTM units. A flag, 0 before the first step and near 0.76 after: input gate sigmoid(A), forget gate sigmoid(-C),
candidate tanh(20). A memory: input gate sigmoid(A - B flag), forget gate sigmoid(C), candidate tanh(w x); the output
gates are sigmoid(D), the read-out is 1/w.
"""

from __future__ import annotations

import math

import numpy as np

from holdfast.engine.network import Network, create


def lstm(a: float, b: float, c: float, d: float, w: float, units: int = 2, dtype: str = "float64") -> Network:
    """The latch; units past the second are zero."""
    bias = {gate: np.zeros(units) for gate in ("input", "forget", "candidate", "output")}
    bias["input"][:2], bias["forget"][:2], bias["candidate"][0], bias["output"][:2] = a, (-c, c), 20, d
    candidate, recurrent, readout = np.zeros((1, units)), np.zeros((units, units)), np.zeros((units, 1))
    candidate[0, 1], recurrent[0, 1], readout[1, 0] = w, -b, 1 / w
    network = create("lstm", 1, units, 1, dtype=np.dtype(dtype))
    layer = dict(network.layers[0])
    for gate, values in bias.items():
        layer["x"] = layer["x"].put(gate, bias=values.astype(dtype))
    layer["x"] = layer["x"].put("candidate", candidate.astype(dtype))
    layer["h"] = layer["h"].put("input", recurrent.astype(dtype))
    return Network((layer,), network.readout.put("y", readout.astype(dtype)), "lstm")


def designed(error: float, steps: int, **more: object) -> Network:
    """A latch for inputs in [-1, 1] that stays within ``error`` for so many steps."""
    return lstm(*gains(error, steps), **more)


def gains(error: float, steps: int) -> tuple[float, float, float, float, float]:
    """A, B, C, D and w for it."""
    a, c = math.log(8 / error), math.log(6 * steps / error)
    return a, (a + c) / 0.7616, c, a, math.sqrt(error / 5)


def exact(dtype: str, units: int = 2) -> Network:
    """A latch whose gates are exactly 0 and 1 in IEEE arithmetic, its weights on the number powers of two."""
    open, w = {"float32": (110.0, 2.0**-14), "float64": (760.0, 2.0**-29)}[dtype]
    return lstm(open, 3 * open, open, open, w, units, dtype)


def hand_bound(a: float, b: float, c: float, d: float, w: float, steps: int) -> float:
    """|y - x_1| at most, for inputs in [-1, 1]:

    [1 - s(A) s(C)^m] + m delta + k s(-D) + (w^2/3)(1 + k^3), m = steps - 1, delta = s(A - B flag), k = 1 + m delta.
    """

    def s(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    m, flag = steps - 1, s(d) * math.tanh(s(a) * math.tanh(20))
    delta = s(a - b * flag)
    k = 1 + m * delta
    return (1 - s(a) * s(c) ** m) + m * delta + k * s(-d) + w**2 / 3 * (1 + k**3)
