"""Everything that the page of a network shows, in one plain document: ``report.page.write("explain", ...)`` draws it.

The page runs the network itself, where its interpreter can, so that a row of one's own can be tried; elsewhere it
shows gates and states as they were computed here, rounded to a byte each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.task import Batch
from holdfast.explanation.finding import Finding
from holdfast.explanation.page import flow, memory, network, task
from holdfast.explanation.roles import Roles, Unit
from holdfast.explanation.subject import Subject

SEQUENCES = 8
MOST_STEPS = 1000
MOST_STEPS_SHIPPED = 200
"""Where the page cannot run the network, and has to be given every gate and state."""
MOST_UNITS_SHIPPED = 32
MOST_NUMBERS = 120_000
"""Inputs and targets of all sequences in the page: of longer or wider ones there are fewer sequences."""


@dataclass(frozen=True)
class Band:
    """What is known of the error for every row: at most ``error`` (0 for symbols: the right one is the largest), at
    every length from ``least_steps`` to ``steps`` (None: every length), for inputs within ``range``; ``by`` says who
    says so ("proved: ..." or "claimed by its construction")."""

    error: float
    steps: int | None
    least_steps: int
    range: tuple[float, float] | None
    by: str

    def as_json(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "steps": self.steps,
            "least_steps": self.least_steps,
            "range": None if self.range is None else list(self.range),
            "by": self.by,
        }


def document(
    subject: Subject,
    *,
    file: str,
    sentence: str,
    words: Sequence[Mapping[str, Any]] = (),
    findings: Mapping[str, Finding] | None = None,
    roles: Roles | None = None,
    band: Band | None = None,
    asked_steps: int | None = None,
    version: str = "",
) -> dict[str, Any]:
    """``sentence`` says what the task asks; ``words`` are the clauses of ``explain --json`` and ``findings`` what each
    diagnostic found, by its name; ``roles`` are the measured roles of units, without which the page opens on the unit
    whose state varies most; ``asked_steps`` is the length that was asked for, where the subject was cut short
    because its numbers were no longer finite; ``version`` is holdfast's. Arrays and parts of results stay what they
    are: ``report.page`` packs them. Raises ``BadValue`` where there is no step to show."""
    if subject.steps == 0:
        raise BadValue(f"{file}: no step of the network has finite numbers, so there is nothing to show.")
    data = network.as_data(subject.network)
    runs = data["weights"] is not None
    steps = min(subject.steps, MOST_STEPS if runs else MOST_STEPS_SHIPPED)
    width = subject.network.inputs + subject.network.outputs
    count = max(1, min(SEQUENCES, subject.batch.inputs.shape[0], MOST_NUMBERS // (steps * width)))
    shown = jax.tree.map(lambda a: np.asarray(a)[:count, :steps], subject.batch)
    lead = None if roles is None else memory.leading(roles)
    units = None if runs else _most_active(subject, MOST_UNITS_SHIPPED, lead)
    return {
        "kind": "explain",
        "holdfast": version,
        "file": file,
        "network": data,
        "task": task.as_data(subject.task, sentence),
        "rows": task.rows_as_data(subject.task, shown),
        "left_out": _left_out(subject, steps, count, units, asked_steps or subject.steps),
        "check": np.asarray(subject.traced.outputs)[0, :steps] if runs else None,
        "traces": None if units is None else _traces(subject, count, steps, units),
        "memory": None if roles is None else memory.as_data(subject, roles),
        "flow": flow.as_data(subject.network, subject.task, _whole_row(subject.batch)),
        "words": [dict(clause) for clause in words],
        "findings": [
            {"name": name, "sentence": found.sentence, "parts": list(found.parts)}
            for name, found in (findings or {}).items()
        ],
        "band": None if band is None else band.as_json(),
    }


def _whole_row(batch: Batch) -> Batch:
    return jax.tree.map(lambda a: np.asarray(a)[0], batch)


def _left_out(subject: Subject, steps: int, count: int, units: np.ndarray | None, asked: int) -> list[str]:
    """In words, what the page does not show."""
    said = []
    if steps < subject.steps:
        said.append(f"Steps {steps + 1} to {subject.steps} of the sequences are not shown; the diagnostics use them.")
    if (finite := min(subject.steps, subject.finite_steps)) < asked:
        said.append(f"From step {finite + 1} of {asked} on, states or outputs are NaN or infinite.")
    whole = network.components(subject.network)["memory"]
    if units is not None and len(units) < whole:
        said.append(f"Of {whole} units the {len(units)} whose states vary most are shown in each layer.")
    if count < min(SEQUENCES, subject.batch.inputs.shape[0]):
        said.append(f"Only {count} of the sequences {'are' if count > 1 else 'is'} shown, since they are long.")
    return said


def _most_active(subject: Subject, most: int, lead: Unit | None) -> np.ndarray:
    """The units whose states vary most over rows and steps of the last layer, in their order, and the leading one."""
    states, cell = subject.traced.states[-1], subject.network.cell
    last, names = (states, cell.states) if states else (subject.traced.gates[-1], network.memory_gates(cell))
    values = {name: np.asarray(getattr(last, name), np.float64) for name in names}
    arrays = [network.at_memory(subject.network, name, a) for name, a in values.items()]
    spread = np.sum([np.nan_to_num(a.std((0, 1))) for a in arrays], 0)
    if lead is not None:  # the first component of a head
        spread[lead.unit * len(spread) // math.prod(subject.network.places)] = np.inf
    return np.sort(np.argsort(-spread, kind="stable")[:most])


def _traces(subject: Subject, count: int, steps: int, units: np.ndarray) -> dict[str, Any]:
    """Gates and states of every layer [row, time, unit], rounded to a byte between their least and largest."""
    cut = np.s_[:count, :steps, units]

    def named(layers: Sequence[Any], names: Sequence[str]) -> list[dict[str, Any]]:
        def rounded(layer: Any, name: str) -> dict[str, Any]:
            return _rounded(network.at_memory(subject.network, name, np.asarray(getattr(layer, name)))[cut])

        return [{name: rounded(layer, name) for name in names} for layer in layers]

    traced, cell = subject.traced, subject.network.cell
    return {
        "units": [int(u) + 1 for u in units],
        "gates": named(traced.gates, network.memory_gates(cell)),
        "states": named(traced.states, cell.states),
        "outputs": np.asarray(traced.outputs, np.float32)[:count, :steps],
    }


def _rounded(values: np.ndarray) -> dict[str, Any]:
    """255 stands for what is no finite number."""
    good = np.isfinite(values)
    low = float(values[good].min()) if good.any() else 0.0
    high = float(values[good].max()) if good.any() else 1.0
    share = (np.where(good, values, low).astype(np.float64) - low) / ((high - low) or 1.0)
    return {"low": low, "high": high, "values": np.where(good, np.round(share * 254), 255).astype(np.uint8)}
