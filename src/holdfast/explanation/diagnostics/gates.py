"""When does each unit write, hold and forget, and with which time constant?

Read from the gates: a cell names its keep gate and its write gate. A cell with a keep gate alone writes where it does
not keep (the GRU), or at every step (where its step adds without a gate). A cell with a write gate alone (the LSTM of
1997) keeps everything. Of a cell with neither (the plain network) only the states are shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.core.results import Heatmap, Part, Table, finite, some
from holdfast.engine.readings.properties import openings
from holdfast.explanation.finding import Finding
from holdfast.explanation.gating import figure, gate_statistics, keeping, list_spans, writing
from holdfast.explanation.subject import Subject

level = "opened"
formula = "tau = -1 / log f, f the mean keep gate over the steps at which the unit holds"
source = (
    "Tallec & Ollivier 2018, arXiv:1804.11188 (gates as time scales); Mahto et al. 2021, ICLR "
    "(their distribution over units)"
)
caveat = (
    "A time constant describes the gate alone: other units may restore what this one loses, and what it keeps may not "
    "affect the answer. It assumes that the gate keeps its value; a single step with a low keep gate erases the state."
)

SHOWN_STEPS, SHOWN_UNITS = 200, 64
"""At most this many steps and units are drawn; figures per step are thinned in the same way."""


def measure(subject: Subject) -> Finding:
    """For each layer and unit: the mean of each gate, the steps at which it writes, holds and forgets, and tau."""
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
        kept, written = (np.ascontiguousarray(np.moveaxis(gate, -1, 0)) for gate in (keep, write))
        units = [
            {**gate_statistics(f, i, subject.present), "state_most": float(largest)}
            for f, i, largest in zip(kept, written, most, strict=True)
        ]
    return {
        "mean_by_step": {name: _by_step(a, subject.present, steps) for name, a in shown.items()},
        "units": [{"unit": unit + 1, **values} for unit, values in enumerate(units)],
    }


def _by_step(a: np.ndarray, present: np.ndarray, steps: list[int]) -> list[list[float | None]]:
    """[step][unit]: the mean over the rows, without padding."""
    weights = present[:, :, None]
    total, count = np.where(weights, a, 0).sum(0), weights.sum(0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)[steps]
    return [[finite(float(f"{value:.6g}")) for value in row] for row in mean]


def _parts(subject: Subject, layers: list[dict[str, Any]], steps: list[int]) -> list[Part]:
    cell, parts, stacked = subject.network.cell, [], len(layers) > 1
    for number, layer in enumerate(layers):
        where = f", layer {number + 1}" if stacked else ""
        if layer["units"]:
            parts.append(_table(layer["units"], f"Gates of each unit{where}"))
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
                    f"{name}{where}: mean over {subject.rows} sequences",
                )
            )
    return parts


TABLED = 12
"""Units that a table lists."""


def _table(units: list[dict[str, Any]], title: str) -> Table:
    listed = some(sorted(units, key=lambda u: -(u["keep_mean_held"] or 0)), TABLED)
    rows = tuple(
        (
            str(u["unit"]),
            list_spans(u["writes"]),
            list_spans(u["holds"]),
            list_spans(u["lets_go"]),
            "-" if u["keep_mean_held"] is None else figure(u["keep_mean_held"]),
            _constant(u),
        )
        for u in sorted(listed, key=lambda u: u["unit"])
    )
    rest = f" ({len(listed)} of {len(units)})" if len(listed) < len(units) else ""
    return Table(
        ("unit", "writes at", "holds at", "forgets at", "keep gate", "time constant (steps)"), rows, title + rest
    )


def _constant(unit: dict[str, Any]) -> str:
    if unit["keep_mean_held"] == 1:
        return "infinite"
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
    hold = "units hold their states" if len(holding) > 1 else "units holds its state"
    return f"{len(holding)} of {len(units)} {hold} for at least half of {subject.steps} steps, {lasting}."
