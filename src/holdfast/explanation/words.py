"""The explanation as sentences: one clause for each unit that has a role, with the figures that support it.

A clause states measurements only: the mean of a gate, the steps at which it opens, the effect on the answers of
exchanging a unit's state between two sequences. Units that fit no role are listed as such.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.core.results import finite
from holdfast.core.text import percent
from holdfast.engine.readings.properties import shown as shown_by
from holdfast.explanation.gating import ALWAYS, figure, gate_statistics, keeping, list_spans, writing
from holdfast.explanation.roles import Role, Roles, Unit
from holdfast.explanation.subject import Subject

SINGLY = 6
"""If a role has more units than this, one clause describes all of them."""
LISTED = 12
"""If a clause covers more units than this, it gives their count first."""
KNOWN = 0.5
"""A clause names the input that a unit holds if that input explains this share of the variance of its state."""


@dataclass(frozen=True)
class Clause:
    """``units`` count from 1 within the layer that ``figures`` gives. A clause that is not about a role has
    ``other``."""

    text: str
    units: tuple[int, ...]
    role: Role
    figures: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "units": list(self.units), "role": self.role, "figures": dict(self.figures)}


def words(subject: Subject, roles: Roles) -> tuple[Clause, ...]:
    """One clause on the units that carry the memory, the clauses of each role, one on the read-out."""
    clauses = [_memory(subject, roles)]
    for role in ("flag", "counter", "latch", "accumulator", "delay", "other", "unused"):
        units = [unit for unit in roles.units if unit.role == role]
        for layer in range(len(subject.network.layers)):
            here = [unit for unit in units if unit.layer == layer]
            if role in ("other", "unused") or len(here) > SINGLY:
                clauses += [_group(subject, role, here)] if here else []
            else:
                clauses += [_single(subject, roles, unit) for unit in here]
    clauses += _answer(subject, roles)
    return tuple(clauses)


def not_finite(finite_steps: int, steps: int) -> Clause:
    """States or outputs are NaN or infinite after ``finite_steps`` of ``steps`` steps."""
    rest = f"the explanation covers the first {finite_steps}" if finite_steps else "there is nothing to explain"
    text = f"states or outputs are NaN or infinite from step {finite_steps + 1} of {steps}; {rest}"
    return Clause(text, (), "other", {"finite_steps": finite_steps, "steps": steps})


def _memory(subject: Subject, roles: Roles) -> Clause:
    """The units that carry the memory."""
    step = roles.swapped_step
    if step is None or not roles.carriers:
        text = "no memory: no state affects an answer, each answer depends on the input of its own step alone"
        if step is not None:
            text = f"the states after step {step} affect the answers, but no single unit's state does"
        return Clause(text, (), "other", {"swapped_step": step, "carriers": 0})
    carriers = [roles.units[number] for number in roles.carriers]
    figures = {
        "swapped_step": step,
        "carriers": len(carriers),
        "layers": [unit.layer + 1 for unit in carriers],
        "shares": [_round(unit.share) for unit in carriers],
        "carried_by_the_first": [_round(part) for part in roles.carried],
    }
    names, effect = _names(subject, carriers), f"{percent(roles.carried[-1])} of the effect of exchanging all states"
    if len(carriers) == 1:
        text = (
            f"{names} alone carries the memory: exchanging its state between two sequences after step {step} "
            f"exchanges the answers ({effect})"
        )
    else:
        text = (
            f"{len(carriers)} of {len(roles.units)} {subject.network.place_name}s carry the memory: exchanging the "
            f"states of {names} between two sequences after step {step} exchanges the answers ({effect}); "
            f"{_name(subject, carriers[0])} alone has {percent(roles.carried[0])}"
        )
    return Clause(text, tuple(unit.unit + 1 for unit in carriers), "other", figures)


def _single(subject: Subject, roles: Roles, unit: Unit) -> Clause:
    name = _name(subject, unit)
    figures: dict[str, Any] = {"layer": unit.layer + 1, "removed": _round(unit.removed)}
    match unit.role:
        case "flag":
            level = _shown_after(subject, unit, unit.rises or 1)
            figures |= {"rises_at_step": unit.rises, "level": _round(level)}
            text = f"{name} is a flag: it is set at step {unit.rises} and stays set (mean value {level:.3g})"
        case "counter":
            first, last = (_round(float(_kept(subject, unit)[:, step].mean())) for step in (0, -1))
            figures |= {"first": first, "last": last}
            text = f"{name} is a step counter: in every sequence its state goes from {first:.3g} to {last:.3g}"
        case "delay":
            figures |= {"delay_steps": unit.delay_steps}
            text = f"{name} is a {_delay(unit.delay_steps or 0)}"
        case _:
            gating, more = _gated(subject, unit)
            held, source = _holding(subject, unit)
            figures |= more | {
                "share": _round(unit.share),
                "swapped_step": roles.swapped_step,
                "held_median": _maybe(unit.held),
                "slope_of_writes": _maybe(unit.slope),
                "writes_at_steps": unit.writes,
                **held,
            }
            text = f"{name} is {_article(unit.role)}{source}: {gating}; it carries {percent(unit.share)} of the memory"
    return Clause(text, (unit.unit + 1,), unit.role, figures)


def _delay(steps: int) -> str:
    """A unit that reproduces its input so many steps later."""
    if steps == 0:
        return "delay of 0 steps: it reproduces the input of the same step"
    unit = "step" if steps == 1 else "steps"
    return f"delay of {steps} {unit}: it reproduces the input of {steps} {unit} earlier"


def _article(role: Role) -> str:
    return {"latch": "a latch", "accumulator": "an accumulator"}[role]


def _gated(subject: Subject, unit: Unit) -> tuple[str, dict[str, Any]]:
    """When the unit is written and how long it holds, by its gates; by its state where the cell has no such gates."""
    keep, write = keeping(subject, unit.layer), writing(subject, unit.layer)
    adds = ", each new value is added to the old one" if unit.role == "accumulator" else ""
    if keep is None or write is None:
        held, when = unit.held or 0.0, list_spans(unit.writes) if unit.writes else "some steps"
        return f"its state changes at {when}{adds}, {figure(held)} of a change remains one step later", {}
    found = gate_statistics(keep[..., unit.unit], write[..., unit.unit], subject.present)
    figures = {
        "keep_mean": found["keep_mean_held"],
        "time_constant_steps": found["time_constant_steps"],
        "write_mean": found["write_mean_written"],
        "write_mean_while_held": found["write_mean_held"],
        "gate_open_at_steps": found["writes"],
        "gate_open_share": found["writes_share"],
    }
    if unit.role == "latch" and found["writes_share"] > ALWAYS:  # such as a bistable unit
        held = f"{figure(unit.held or 0.0)} of a change remains one step later"
        return f"its recurrent weights hold its state ({held}), its gates do not", figures
    return f"{_writing(subject, found)}{adds}, {_keeping(subject, found)}", figures


def _writing(subject: Subject, found: Mapping[str, Any]) -> str:
    """At which steps the gate lets a new value in."""
    cell = subject.network.cell
    gate, opens = (cell.write, "opens") if cell.write else (cell.keep, "falls below 0.5")
    letter = cell.letters[gate] if cell.write else f"1 - {cell.letters[gate]}"
    spans, share = found["writes"], found["writes_share"]
    if share > ALWAYS:
        return f"its {gate} gate never closes" if cell.write else "it is written at every step"
    if spans and share <= 1.5 * sum(b - a + 1 for a, b in spans) / subject.steps:
        only = " only" if len(spans) == 1 and spans[0][0] == spans[0][1] else ""
        text = f"its {gate} gate {opens} at {list_spans(spans)}{only}"
    elif share > 0:
        text = f"its {gate} gate {opens} at {percent(share, 1)} of the steps, depending on the inputs"
    else:
        text = f"its {gate} gate never {'exceeds' if cell.write else 'falls below'} 0.5"
    if found["write_mean_written"] is not None:
        later = found["write_mean_held"]
        text += f" ({letter} = {figure(found['write_mean_written'])}"
        text += f", {later:.2g} while it holds)" if later is not None else ")"
    return text


def _keeping(subject: Subject, found: Mapping[str, Any]) -> str:
    """How long the unit holds a value, by its keep gate."""
    cell, keep = subject.network.cell, found["keep_mean_held"]
    if not cell.keep:
        return "its state does not decay (the cell has no forget gate)"
    letter = cell.letters[cell.keep]
    if keep is None:
        return f"its mean {cell.keep} gate is {letter} = {figure(found['keep_mean'] or 0.0)}"
    if found["time_constant_steps"] is None:
        return f"its state does not decay ({letter} = {figure(keep)})"
    return f"its time constant is {found['time_constant_steps']:,.0f} steps ({letter} = {figure(keep)})"


def _holding(subject: Subject, unit: Unit) -> tuple[dict[str, Any], str]:
    """The input or the target that its state represents."""
    figures: dict[str, Any] = {"answer_r2": _maybe(unit.answer_r2)}
    if unit.source is not None:
        step, channel, r2 = unit.source
        figures |= {"source_step": step, "source_channel": channel + 1, "source_r2": _round(r2)}
        which = f"x_{step}" if subject.network.inputs == 1 else f"input {channel + 1} of step {step}"
        if r2 >= KNOWN:
            return figures, f" that holds {which} (R² = {r2:.4g})"
    if unit.answer_r2 is not None and unit.answer_r2 >= KNOWN:
        return figures, f" whose state predicts the target (R² = {unit.answer_r2:.4g})"
    return figures, ""


def _group(subject: Subject, role: Role, units: list[Unit]) -> Clause:
    names, count = _names(subject, units), len(units)
    removed = [unit.removed for unit in units]
    figures: dict[str, Any] = {
        "layer": units[0].layer + 1,
        "count": count,
        "removed_most": _round(max(removed)),
        "removed_median": _round(float(np.median(removed))),
        "shares": [_round(unit.share) for unit in units],
    }
    one = count == 1
    verb, each = ("is", "it") if one else ("are", "any one of them")
    match role:
        case "unused":
            most = f" by more than {max(removed):.1g} standard deviations" if max(removed) else ""
            text = f"{names} {verb} unused: ablating {each} (state kept at 0) does not change the answers{most}"
        case "other":
            text = f"{names} {'fits' if one else 'fit'} no role: ablating {each} (state kept at 0) changes the answers "
            text += f"by {_range(removed)} standard deviations"
        case "latch" | "accumulator":
            held = [unit.held for unit in units if unit.held is not None]
            figures |= {"held_median": [_maybe(unit.held) for unit in units]}
            kind = "latches" if role == "latch" else "accumulators"
            shares = _range([unit.share for unit in units], as_percent=True)
            text = f"{names} are {kind}: {_range(held)} of a change of state remains one step later, "
            text += f"each carries {shares} of the memory"
        case "delay":
            delays = [unit.delay_steps or 0 for unit in units]
            figures |= {"delay_steps": delays}
            listed = ", ".join(f"{unit.unit + 1}: {steps}" for unit, steps in zip(units, delays, strict=True))
            text = f"{names} are delays: each reproduces its input some steps later ({listed})"
        case _:
            text = f"{names} are {role}s"
    return Clause(text, tuple(unit.unit + 1 for unit in units), role, figures)


def _answer(subject: Subject, roles: Roles) -> list[Clause]:
    """The units from which the read-out computes the answer."""
    if not roles.readers:
        return []
    top = len(subject.network.layers) - 1
    units = [unit for unit in roles.units if unit.layer == top]
    readers = [units[number] for number in roles.readers]
    figures = {
        "layer": top + 1,
        "read_by_the_first": [_round(part) for part in roles.read],
        "covariance_shares": [_round(unit.read) for unit in readers],
    }
    text = f"the answer is read from {_names(subject, readers)} ({percent(roles.read[-1])} of the answer's variance)"
    return [Clause(text, tuple(unit.unit + 1 for unit in readers), "other", figures)]


def _kept(subject: Subject, unit: Unit) -> np.ndarray:
    return subject.states[unit.layer][subject.kept_in][..., unit.unit]


def _shown_after(subject: Subject, unit: Unit, step: int) -> float:
    """The mean of a unit's output from this step (counted from 1) to the last."""
    states = subject.states[unit.layer]
    shown = states.get(shown_by(subject.network.cell), states[subject.kept_in])[:, step - 1 :, unit.unit]
    there = subject.present[:, step - 1 :]
    return float(shown[there].mean()) if there.any() else 0.0


def _name(subject: Subject, unit: Unit) -> str:
    layer = f" of layer {unit.layer + 1}" if len(subject.network.layers) > 1 else ""
    return f"{subject.network.place_name} {unit.unit + 1}{layer}"


def _names(subject: Subject, units: list[Unit]) -> str:
    """``unit 2``, ``units 1, 2 and 4``, ``30 units (3 to 32)``; of several layers, by layer."""
    if len(units) == 1:
        return _name(subject, units[0])
    if len({unit.layer for unit in units}) > 1:
        return ", ".join(
            f"{_names(subject, [u for u in units if u.layer == layer])}" for layer in sorted({u.layer for u in units})
        )
    numbers = sorted(unit.unit + 1 for unit in units)
    layer = f" of layer {units[0].layer + 1}" if len(subject.network.layers) > 1 else ""
    runs, places = _runs(numbers), f"{subject.network.place_name}s"
    if len(numbers) <= LISTED:
        return f"{places} {', '.join(runs[:-1]) + ' and ' if len(runs) > 1 else ''}{runs[-1]}{layer}"
    return f"{len(numbers)} {places}{layer}" + (f" ({', '.join(runs)})" if len(runs) <= LISTED else "")


def _runs(numbers: list[int]) -> list[str]:
    """Consecutive numbers written as ranges.

    >>> _runs([1, 3, 4, 5, 9])
    ['1', '3 to 5', '9']
    >>> _runs([1, 2])
    ['1', '2']
    """
    edges = [0, *(n for n in range(1, len(numbers)) if numbers[n] != numbers[n - 1] + 1), len(numbers)]
    runs = [numbers[a:b] for a, b in itertools.pairwise(edges)]
    return [text for run in runs for text in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]


def _range(values: list[float], as_percent: bool = False) -> str:
    if not values:
        return "none"
    shown = [percent(v) if as_percent else f"{v:.2g}" for v in (min(values), max(values))]
    return shown[0] if shown[0] == shown[1] else " to ".join(shown)


def _round(value: float) -> float | None:
    return finite(float(f"{value:.6g}"))


def _maybe(value: float | None) -> float | None:
    return None if value is None else _round(value)
