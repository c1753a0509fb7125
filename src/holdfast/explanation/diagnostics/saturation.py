"""Which gates are exactly 0 or 1 in the number format, and which units hold their state bit for bit?

A keep gate that is exactly 1 while the write gate is exactly 0 holds a number without decay; a keep gate of 0.9999 is a
slow leak, although a plot shows no difference.

Shapes: gates and states [batch, time, unit], in the network's number format, without padding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.core.results import Table, finite
from holdfast.core.text import percent
from holdfast.engine.readings.properties import limits_of, made_by
from holdfast.explanation.finding import Finding
from holdfast.explanation.subject import Subject

level = "opened"
formula = (
    "share_v(g) = |{(row, step, unit): g = v}| / all, v in {0, 1} (sigmoid) or {-1, 1} (tanh); a unit holds bit for bit"
    " from the first step after which its state is the same number in every row"
)
source = "Thresholds of IEEE arithmetic: sigmoid(z) rounds to 1 from z = p ln 2 on, p the bits of the significand"
caveat = (
    "An exact 1 is a fact about this number format and this library's sigmoid and tanh, not about real arithmetic; a"
    " unit that holds bit for bit on these rows may not hold on others."
)

LEAST_SHARE = 0.25
"""Least share of the steps for which a unit holds bit for bit."""
SLOW = 0.01
"""A unit is a slow leak if its state changes by less per step, in standard deviations of the state over rows."""
SHOWN = 12


def measure(subject: Subject) -> Finding:
    """Count exact values for each gate, and find the units that hold bit for bit."""
    steps = subject.finite_steps
    if not steps:
        return Finding({"gates": [], "exact_units": [], "slow_units": []})
    present = np.asarray(subject.batch.present)[:, :steps]
    gates = [row for depth in range(len(subject.network.layers)) for row in _census(subject, depth, present)]
    held = [unit for depth in range(len(subject.network.layers)) for unit in _held(subject, depth, present)]
    exact = [unit for unit in held if unit["change_per_step"] == 0]
    slow = [unit for unit in held if unit["change_per_step"] > 0]
    figures = {"gates": gates, "exact_units": exact, "slow_units": slow}
    return Finding(figures, tuple(_parts(gates, exact + slow)), _sentence(gates, exact, slow))


def _census(subject: Subject, depth: int, present: np.ndarray) -> list[dict[str, Any]]:
    """For every gate and state that is the output of a bounded activation: the shares of values at its two limits."""
    rows = []
    cell = subject.network.cell
    words, limits = made_by(cell), limits_of(cell)
    for kind, arrays, names in (
        ("gate", subject.traced.gates, cell.gates),
        ("state", subject.traced.states, cell.states),
    ):
        for name in (name for name in names if name in limits):
            values = np.asarray(getattr(arrays[depth], name))[:, : present.shape[1]][present]
            low, high = limits[name]
            inside = values[(values != low) & (values != high)].astype(np.float64)
            rows.append(
                {
                    "layer": depth + 1,
                    "name": name,
                    "kind": kind,
                    "squash": words[name],
                    "share_low": float((values == low).mean()),
                    "share_high": float((values == high).mean()),
                    "nearest_of_others": finite(float(np.minimum(inside - low, high - inside).min(initial=np.inf))),
                }
            )
    return rows


def _held(subject: Subject, depth: int, present: np.ndarray) -> list[dict[str, Any]]:
    """Units whose last state differs between rows and whose state is constant, or nearly so, over the steps before."""
    steps, found = present.shape[1], []
    both = present[:, 1:] & present[:, :-1]
    if not both.any():
        return []
    for name in subject.network.cell.states:
        values = np.asarray(getattr(subject.traced.states[depth], name))[:, :steps]
        values = values.reshape(*values.shape[:2], -1)
        of_memory = subject.network.shape(name) == subject.network.shape(subject.kept_in)
        spread = values[:, -1].astype(np.float64).std(0)
        moves = values[:, 1:] != values[:, :-1]
        changed = (moves & both[..., None]).any(0)
        late = both.copy()
        late[:, : (steps - 1) // 2] = False
        sizes = np.abs(np.diff(values.astype(np.float64), axis=1))
        for unit in np.flatnonzero(spread > 0):
            since = int(np.flatnonzero(changed[:, unit]).max(initial=-1)) + 2  # the step that wrote it, counted from 1
            exact = steps - since >= max(1, LEAST_SHARE * steps)
            change = 0.0 if exact else float(sizes[..., unit][late].mean() / spread[unit]) if late.any() else np.inf
            if exact or 0 < change < SLOW:
                found.append(
                    {
                        "layer": depth + 1,
                        "state": name,
                        "unit": int(unit) + 1,
                        "since_step": since if exact else None,
                        "change_per_step": change,
                        **(_gates(subject, depth, int(unit), late) if of_memory else NO_GATES),
                    }
                )
    return found


NO_GATES = {"keep_least": None, "write_most": None}


def _gates(subject: Subject, depth: int, unit: int, late: np.ndarray) -> dict[str, float | None]:
    """The least keep gate and the largest write gate over the second half of the steps."""
    cell = subject.network.cell

    def seen(gate: str) -> np.ndarray | None:
        return subject.at_memory(depth, gate)[:, 1 : late.shape[1] + 1, unit][late] if gate else None

    kept, written = seen(cell.keep), seen(cell.write)
    return {
        "keep_least": None if kept is None or not kept.size else float(kept.min()),
        "write_most": None if written is None or not written.size else float(written.max()),
    }


def _parts(gates: list[dict[str, Any]], held: list[dict[str, Any]]) -> list[Table]:
    rows = tuple(
        (
            f"{g['layer']}",
            g["name"],
            g["squash"],
            percent(g["share_low"], 1),
            percent(g["share_high"], 1),
            "-" if g["nearest_of_others"] is None else f"{g['nearest_of_others']:.2e}",
        )
        for g in gates
    )
    heads = ("layer", "of", "squash", "exactly 0 (tanh: -1)", "exactly 1", "nearest of the others")
    parts = [Table(heads, rows, "exact values in this number format")] if rows else []
    units = tuple(
        (
            f"{u['layer']}",
            f"{u['state']}{u['unit']}",
            "bit for bit" if u["change_per_step"] == 0 else "slow leak",
            "-" if u["since_step"] is None else f"{u['since_step']}",
            f"{u['change_per_step']:.2e}",
            "-" if u["keep_least"] is None else f"{u['keep_least']:.9g}",
            "-" if u["write_most"] is None else f"{u['write_most']:.2e}",
        )
        for u in held[:SHOWN]
    )
    left = f", {SHOWN} of {len(held)}" if len(held) > SHOWN else ""
    heads = ("layer", "state", "holds", "since step", "change per step (std)", "least keep gate", "largest write gate")
    return parts + ([Table(heads, units, f"states that hold{left}")] if units else [])


def _sentence(gates: list[dict[str, Any]], exact: list[dict[str, Any]], slow: list[dict[str, Any]]) -> str:
    said = []
    if exact:
        said.append(f"held bit for bit, without a leak: {_listed(exact)}")
    if slow:
        least = min(slow, key=lambda u: u["change_per_step"])
        said.append(f"slow leaks, from {least['change_per_step']:.1e} standard deviations per step on: {_listed(slow)}")
    if not said and any(g["share_low"] + g["share_high"] > 0 for g in gates):
        most = max(gates, key=lambda g: g["share_low"] + g["share_high"])
        share = most["share_low"] + most["share_high"]
        said.append(
            f"{percent(share, 1)} of all {most['name']} values are exact limits of the number format; no unit holds "
            "bit for bit"
        )
    text = "; ".join(said)
    return text[:1].upper() + text[1:] + "." if text else ""


def _listed(units: list[dict[str, Any]]) -> str:
    """``unit 2 (h, c), unit 7 (c)``"""
    states: dict[str, list[str]] = {}
    for u in units:
        place = f"unit {u['unit']}" + (f" of layer {u['layer']}" if u["layer"] > 1 else "")
        states.setdefault(place, []).append(u["state"])
    named = [f"{place} ({', '.join(which)})" for place, which in states.items()]
    return ", ".join(named[:4]) + (f" and {len(named) - 4} more" if len(named) > 4 else "")
