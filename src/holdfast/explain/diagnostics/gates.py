"""Which units write, which hold, which let go, and when; and for how long does each remember by its own gates?

Read off the gates themselves, by name: a cell says which of its gates ``keep``s the state and which ``write``s.
A cell with a keeping gate alone writes as far as it does not keep (the GRU), or at every step (where its step adds
without a gate); one with a writing gate alone (the cell of 1997) keeps everything; one with neither (the plain
network) is shown, and nothing is said of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.core.results import Heatmap, Part, Table, finite, some
from holdfast.engine.readings.properties import openings
from holdfast.explain.finding import Finding
from holdfast.explain.gating import figure, keeping, say_spans, unit_by_its_gates, writing
from holdfast.explain.subject import Subject

level = "opened"
formula = "tau = -1 / log f, f the mean of the keeping gate over the steps at which the unit holds"
source = (
    "Tallec & Ollivier 2018, arXiv:1804.11188 (gates as time scales); Mahto et al. 2021, ICLR "
    "(their distribution over units)"
)
caveat = (
    "A time constant speaks of the gate alone: what a unit loses may be put back by others, and what it keeps may be "
    "of no use. It holds where the gate stays as it is; a gate that is open for a moment forgets at once."
)

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
