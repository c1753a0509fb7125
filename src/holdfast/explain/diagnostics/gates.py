"""Which units write, which hold, which let go, and when; and for how long does each remember by its own gates?

Read off the gates themselves, by name: a cell says which of its gates ``keep``s the state and which ``write``s.
A cell with a keeping gate alone writes as far as it does not keep (the GRU), or at every step (where its step adds
without a gate); one with a writing gate alone (the cell of 1997) keeps everything; one with neither (the plain
network) is shown, and nothing is said of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from holdfast.core.results import Heatmap, Part, Table, finite, some
from holdfast.engine.readings.properties import mixes, openings
from holdfast.explain.finding import Finding
from holdfast.explain.subject import Subject

formula = "tau = -1 / log f, f the mean of the keeping gate over the steps at which the unit holds"
source = (
    "Tallec & Ollivier 2018, arXiv:1804.11188 (gates as time scales); Mahto et al. 2021, ICLR "
    "(their distribution over units)"
)
caveat = (
    "A time constant speaks of the gate alone: what a unit loses may be put back by others, and what it keeps may be "
    "of no use. It holds where the gate stays as it is; a gate that is open for a moment forgets at once."
)

OPEN, SHUT = 0.5, 0.1
"""A writing gate above OPEN writes; a unit holds where it keeps more than 1 - SHUT and writes less than OPEN."""
SHOWN_STEPS, SHOWN_UNITS = 200, 64
"""How much a drawing shows; figures per step are thinned alike."""


def measure(subject: Subject) -> Finding:
    """Figures per layer and unit: what each gate is on the mean, when it writes, holds and lets go, and tau."""
    cell = subject.network.cell
    steps = some(range(subject.steps), SHOWN_STEPS)
    layers = [_layer(subject, number, steps) for number in range(len(subject.network.layers))]
    figures = {
        "keep": cell.keep or None,
        "write": cell.write or None,
        "openings": list(openings(cell)),
        "steps": [step + 1 for step in steps],
        "rows": subject.rows,
        "layers": layers,
    }
    return Finding(figures, tuple(_parts(subject, layers, steps)), _sentence(subject, layers))


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


def _layer(subject: Subject, number: int, steps: list[int]) -> dict[str, Any]:
    keep, write = keeping(subject, number), writing(subject, number)
    shown = {**subject.states[number], **subject.gates[number]}
    units = []
    if keep is not None and write is not None:
        most = np.abs(subject.states[number][subject.kept_in]).max((0, 1))
        units = [
            {**unit_by_its_gates(keep[..., n], write[..., n], subject.present), "state_most": float(most[n])}
            for n in range(keep.shape[-1])
        ]
    return {
        "mean_by_step": {name: _by_step(a, subject.present, steps) for name, a in shown.items()},
        "units": [{"unit": unit + 1, **told} for unit, told in enumerate(units)],
    }


def _by_step(a: np.ndarray, present: np.ndarray, steps: list[int]) -> list[list[float | None]]:
    """[step][unit]: the mean over the rows that are there."""
    weights = present[:, :, None]
    total, count = np.where(weights, a, 0).sum(0), weights.sum(0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)[steps]
    return [[finite(float(f"{value:.6g}")) for value in row] for row in mean]


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


SPANS = 12
"""At most so many spans are listed; where there are more, only their number is said elsewhere, by the share."""


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


def _parts(subject: Subject, layers: list[dict[str, Any]], steps: list[int]) -> list[Part]:
    cell, parts, stacked = subject.network.cell, [], len(layers) > 1
    for number, layer in enumerate(layers):
        where = f", layer {number + 1}" if stacked else ""
        if layer["units"]:
            parts.append(_table(layer["units"], f"Units by their gates{where}"))
        for name, rows in layer["mean_by_step"].items():
            letter = cell.letters.get(name, name)
            units = some(range(len(rows[0]) if rows else 0), SHOWN_UNITS)
            if not units:
                continue
            parts.append(
                Heatmap(
                    tuple(tuple(rows[t][unit] for t in range(len(steps))) for unit in units),
                    tuple(str(unit + 1) for unit in units),
                    tuple(str(step + 1) for step in steps),
                    "unit",
                    "step",
                    letter,
                    f"{name}{where}: the mean of {subject.rows} sequences",
                )
            )
    return parts


TABLED = 12
"""Units that a table lists."""


def _table(units: list[dict[str, Any]], title: str) -> Table:
    told = some(sorted(units, key=lambda u: -(u["keep_mean_held"] or 0)), TABLED)
    rows = tuple(
        (
            str(u["unit"]),
            say_spans(u["writes"]),
            say_spans(u["holds"]),
            say_spans(u["lets_go"]),
            "-" if u["keep_mean_held"] is None else figure(u["keep_mean_held"]),
            _constant(u),
        )
        for u in sorted(told, key=lambda u: u["unit"])
    )
    rest = f" ({len(told)} of {len(units)})" if len(told) < len(units) else ""
    return Table(("unit", "writes at", "holds at", "lets go at", "keeps", "time constant, steps"), rows, title + rest)


def _constant(unit: dict[str, Any]) -> str:
    if unit["keep_mean_held"] == 1:
        return "without end"
    return "-" if unit["time_constant_steps"] is None else f"{unit['time_constant_steps']:.4g}"


def figure(value: float) -> str:
    """An opening so that 1 and what is nearly 1 are told apart.

    >>> figure(0.99999884), figure(0.25), figure(1.0)
    ('1 - 1.2e-06', '0.25', '1')
    """
    return f"1 - {1 - value:.2g}" if 0.999 < value < 1 else f"{value:.4g}"


def _sentence(subject: Subject, layers: list[dict[str, Any]]) -> str:
    units = [u for layer in layers for u in layer["units"]]
    holding = [u for u in units if u["holds_share"] >= 0.5 and u["state_most"] > 0]
    if not holding:
        return ""
    constants = sorted(u["time_constant_steps"] for u in holding if u["time_constant_steps"] is not None)
    exact = sum(u["keep_mean_held"] == 1 for u in holding)
    if not constants:
        lasting = "with a gate that is exactly 1"
    else:
        shortest, longest = (f"{constant:.4g}" for constant in (constants[0], constants[-1]))
        lasting = f"with time constants of {shortest} to {longest} steps"
        if shortest == longest:
            lasting = f"with a time constant of {shortest} steps"
        lasting += f", {exact} of them with a gate that is exactly 1" if exact else ""
    word = "hold" if len(holding) > 1 else "holds"
    return f"{len(holding)} of {len(units)} units {word} through at least half of {subject.steps} steps, {lasting}."
