"""What a unit's gates do: how much of its state it keeps, how far it writes, at which steps, and for how long.

A cell says which of its gates ``keep``s the state and which ``write``s; where it
has one of them alone, the other follows from it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from holdfast.engine.readings.properties import mixes
from holdfast.explain.subject import Subject

OPEN, SHUT = 0.5, 0.1
"""A writing gate above OPEN writes; a unit holds where it keeps more than 1 - SHUT and writes less than OPEN."""
SPANS = 12
"""At most so many spans are listed; where there are more, only their number is said elsewhere, by the share."""


def keeping(subject: Subject, layer: int) -> np.ndarray | None:
    """How much of its memory a unit keeps at each step [batch, time, unit], by its gates; None where none says so. Of a
    matrix memory every component is one."""
    cell = subject.network.cell
    if cell.keep:
        return subject.at_memory(layer, cell.keep)
    return np.ones_like(subject.at_memory(layer, cell.write)) if cell.write else None


def writing(subject: Subject, layer: int) -> np.ndarray | None:
    """How far a unit lets something new in [batch, time, unit], by its gates; None where none says so."""
    cell = subject.network.cell
    if cell.write:
        return subject.at_memory(layer, cell.write)
    if not cell.keep:
        return None
    kept = subject.at_memory(layer, cell.keep)
    return 1 - kept if mixes(cell, cell.keep) else np.ones_like(kept)


def unit_by_its_gates(keep: np.ndarray, write: np.ndarray, present: np.ndarray) -> dict[str, Any]:
    """One unit over [batch, time]."""
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
    """-1 / log f; None where nothing is kept, and where all is (it would be infinite).

    >>> round(time_constant_steps(0.9990888), 1)
    1097.0
    """
    return -1 / math.log(keep) if keep is not None and 0 < keep < 1 else None


def spans(share: np.ndarray) -> list[list[int]]:
    """[first, last] step, counted from 1, of every stretch in which it is so on at least half of the rows."""
    on = np.concatenate([[False], share >= 0.5, [False]])
    edges = np.flatnonzero(on[1:] != on[:-1])
    return [[int(a) + 1, int(b)] for a, b in zip(edges[::2], edges[1::2], strict=True)][:SPANS]


def say_spans(found: list[list[int]]) -> str:
    """Steps in words: ``step 1``, ``steps 2 to 50``, ``steps 1, 4 and 7 to 9``."""
    if not found:
        return "no step"
    words = [str(a) if a == b else f"{a} to {b}" for a, b in found]
    many = len(found) > 1 or found[0][0] != found[0][1]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"step{'s' if many else ''} {joined}"


def figure(value: float) -> str:
    """An opening so that 1 and what is nearly 1 are told apart.

    >>> figure(0.99999884), figure(0.25), figure(1.0)
    ('1 - 1.2e-06', '0.25', '1')
    """
    return f"1 - {1 - value:.2g}" if 0.999 < value < 1 else f"{value:.4g}"
