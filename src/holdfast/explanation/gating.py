"""The gates of a unit over time: when it writes, when it holds, and with which time constant.

A cell names its keep gate (the forget gate of an LSTM) and its write gate (the input gate). If it has only one of the
two, the other follows from it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from holdfast.engine.readings.properties import mixes
from holdfast.explanation.subject import Subject

OPEN, SHUT = 0.5, 0.1
"""A unit writes where its write gate is above OPEN. It holds where its keep gate is above 1 - SHUT and it does not
write."""
ALWAYS = 0.95
"""A gate that is open at more than this share of the steps never closes."""
SPANS = 12
"""At most this many spans are listed."""


def keeping(subject: Subject, layer: int) -> np.ndarray | None:
    """The keep gate of every component of the memory [batch, time, component]: 1 for a cell that has a write gate only,
    None for a cell that has neither."""
    cell = subject.network.cell
    if cell.keep:
        return subject.at_memory(layer, cell.keep)
    return np.ones_like(subject.at_memory(layer, cell.write)) if cell.write else None


def writing(subject: Subject, layer: int) -> np.ndarray | None:
    """The write gate of every component of the memory [batch, time, component]: 1 - keep for a cell whose keep gate
    mixes old and new (GRU), 1 for a cell that adds its input without a gate, None for a cell that has neither gate."""
    cell = subject.network.cell
    if cell.write:
        return subject.at_memory(layer, cell.write)
    if not cell.keep:
        return None
    kept = subject.at_memory(layer, cell.keep)
    return 1 - kept if mixes(cell, cell.keep) else np.ones_like(kept)


def integrates(subject: Subject, layer: int, unit: int) -> bool:
    """Whether the gates of a unit make it a (leaky) integrator: both keep and write gate are open at nearly every step.

    False for a cell without a write gate. A unit that holds by its recurrent weights, such as a bistable one, has a
    closed keep gate.
    """
    keep, write = keeping(subject, layer), writing(subject, layer)
    if keep is None or write is None or not subject.network.cell.write:
        return False
    both = (keep[..., unit] > OPEN) & (write[..., unit] > OPEN)
    return bool(both[subject.present].mean() > ALWAYS)


def gate_statistics(keep: np.ndarray, write: np.ndarray, present: np.ndarray) -> dict[str, Any]:
    """Means, time constant and spans of one unit's gates, each [batch, time]."""
    writes = present & (write > OPEN)
    holds = present & (keep > 1 - SHUT) & (write <= OPEN)
    lets_go = present & (keep <= OPEN)
    there = np.maximum(present.sum(0), 1)
    held = float(keep[holds].mean()) if holds.any() else None
    return {
        "keep_mean": float(keep[present].mean()) if present.any() else None,
        "keep_mean_held": held,
        "keep_exactly_1_share": float((keep[holds] == 1).mean()) if holds.any() else None,
        "time_constant_steps": time_constant_steps(held),
        "write_mean_written": float(write[writes].mean()) if writes.any() else None,
        "write_mean_held": float(write[holds].mean()) if holds.any() else None,
        "writes": spans(writes.sum(0) / there),
        "holds": spans(holds.sum(0) / there),
        "lets_go": spans(lets_go.sum(0) / there),
        "writes_share": float(writes.sum() / max(present.sum(), 1)),
        "holds_share": float(holds.sum() / max(present.sum(), 1)),
    }


def time_constant_steps(keep: float | None) -> float | None:
    """-1 / log f of a mean keep gate f; None for f = 0 and for f >= 1, where it is infinite.

    >>> round(time_constant_steps(0.9990888), 1)
    1097.0
    """
    return -1 / math.log(keep) if keep is not None and 0 < keep < 1 else None


def spans(share: np.ndarray) -> list[list[int]]:
    """[first, last] step, counted from 1, of every span in which ``share`` of the rows [time] is at least a half."""
    on = np.concatenate([[False], share >= 0.5, [False]])
    edges = np.flatnonzero(on[1:] != on[:-1])
    return [[int(a) + 1, int(b)] for a, b in zip(edges[::2], edges[1::2], strict=True)][:SPANS]


def list_spans(found: list[list[int]]) -> str:
    """Steps as a phrase: ``step 1``, ``steps 2 to 50``, ``steps 1, 4 and 7 to 9``."""
    if not found:
        return "no step"
    words = [str(a) if a == b else f"{a} to {b}" for a, b in found]
    many = len(found) > 1 or found[0][0] != found[0][1]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"step{'s' if many else ''} {joined}"


def figure(value: float) -> str:
    """The value of a gate, written so that 1 and values near 1 can be distinguished.

    >>> figure(0.99999884), figure(0.25), figure(1.0)
    ('1 - 1.2e-06', '0.25', '1')
    """
    return f"1 - {1 - value:.2g}" if 0.999 < value < 1 else f"{value:.4g}"
