"""The short convolution that blocks share: every channel by itself, over this step and the last three.

a = w * u + w1 * p + w2 * pp + w3 * ppp + b,   p' = u,   pp' = p,   ppp' = pp
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.core.cell import CONSTANT, Map
from holdfast.core.ops import Reading, Value

PAST = ("p", "pp", "ppp")
"""The states: what was read one, two and three steps ago."""
WIDTH = len(PAST) + 1
TAPS = {"tap": "tap", "tap_one": "tap_p", "tap_two": "tap_pp", "tap_three": "tap_ppp", "tap_bias": "tap_b"}
"""The weight of every channel for each of the steps, and its bias, with their letters."""
CONVOLVED = "convolved"
"""The source of the maps that read a."""
MAP = Map(tuple(TAPS), CONSTANT, bias=True)


def convolved(ops: Reading, taps: Mapping[str, Value], now: Value, past: Any) -> tuple[Value, tuple[Value, ...]]:
    """a, from ``now`` and the three values before it, and the gates, which are the values of ``TAPS``."""
    *weights, bias = own = tuple(taps[name] for name in TAPS)
    v = ops.add(*(ops.multiply(w, read) for w, read in zip(weights, (now, *past), strict=True)), bias)
    return silu(ops, v), own


def shifted(now: Value, past: Any) -> tuple[Value, ...]:
    """The states after this step."""
    return (now, *past[:-1])


def silu(ops: Reading, a: Value) -> Value:
    """a sigmoid(a), which is also called swish. (As two words, so that bounds see two operands that do not depend on
    each other; they hold, and are wider than they could be.)"""
    return ops.multiply(a, ops.sigmoid(a))


def initialise(layer: Mapping[str, Any], random: Any) -> Mapping[str, Any]:
    """PyTorch's first weights of a convolution over one channel: uniform in +-1/sqrt(width)."""
    constants, limit = layer[CONSTANT], WIDTH**-0.5
    for tap in TAPS:
        size = constants.of(tap)[1].shape
        constants = constants.put(tap, bias=random.uniform(-limit, limit, size))
    return {**layer, CONSTANT: constants}
