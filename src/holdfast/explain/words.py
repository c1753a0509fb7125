"""What the network does, in words: a clause for every unit with a role, each with the figures that it rests on.

A clause says no more than was measured: what a gate was on the mean, at which steps, how much of the answers moved
when a unit's state was swapped. Units that fit no role are counted and named as such.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.core.results import finite
from holdfast.engine.readings.properties import shown as shown_by
from holdfast.explain.finding import Finding
from holdfast.explain.gating import figure, keeping, say_spans, unit_by_its_gates, writing
from holdfast.explain.roles import Role, Roles, Unit
from holdfast.explain.subject import Subject

SINGLY = 6
"""Up to so many units of one role have a clause each; more are told together."""
LISTED = 12
"""Units that a clause lists by number."""
KNOWN = 0.5
"""A past input is named as what a unit holds if it explains this share of its variance."""


@dataclass(frozen=True)
class Clause:
    """``units`` count from 1 within their layer, which ``figures`` name; ``role`` is that of the units, else other."""

    text: str
    units: tuple[int, ...]
    role: Role
    figures: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "units": list(self.units), "role": self.role, "figures": dict(self.figures)}


def words(subject: Subject, roles: Roles, findings: Mapping[str, Finding]) -> tuple[Clause, ...]:
    """What carries the memory; every role; what the answer is read from."""
    said = [_memory(subject, roles)]
    for role in ("flag", "counter", "latch", "accumulator", "delay", "other", "unused"):
        units = [unit for unit in roles.units if unit.role == role]
        for layer in range(len(subject.network.layers)):
            here = [unit for unit in units if unit.layer == layer]
            if role in ("other", "unused") or len(here) > SINGLY:
                said += [_together(subject, role, here)] if here else []
            else:
                said += [_single(subject, roles, unit) for unit in here]
    said += _answer(subject, roles)
    return tuple(said)


def blown_up(finite_steps: int, steps: int) -> Clause:
    """That numbers were no longer finite, from which step on."""
    where = f"from step {finite_steps + 1} of {steps} on"
    rest = f"; what follows is about the first {finite_steps}" if finite_steps else ", so there is nothing to explain"
    text = f"the network's numbers are not finite {where}{rest}"
    return Clause(text, (), "other", {"finite_steps": finite_steps, "steps": steps})


def _memory(subject: Subject, roles: Roles) -> Clause:
    """What carries what is remembered: one unit, or how many."""
    step = roles.swapped_step
    if step is None or not roles.carriers:
        text = "no memory: what the network holds moves no answer, which depends on what is read at that step alone"
        if step is not None:
            text = f"what the network holds after step {step} moves the answers, but no unit's state alone does"
        return Clause(text, (), "other", {"swapped_step": step, "carriers": 0})
    carriers = [roles.units[number] for number in roles.carriers]
    figures = {
        "swapped_step": step,
        "carriers": len(carriers),
        "layers": [unit.layer + 1 for unit in carriers],
        "shares": [_round(unit.share) for unit in carriers],
        "carried_by_the_first": [_round(part) for part in roles.carried],
    }
    carried = f"{roles.carried[-1]:.0%} of what swapping everything after step {step} does to the answers"
    if len(carriers) == 1:
        text = f"the memory is in {_names(subject, carriers)} alone: swapping its state does {carried}"
    else:
        text = (
            f"the memory is spread over {len(carriers)} of {len(roles.units)} {subject.network.place_name}s: swapping "
            f"the states of {_names(subject, carriers)} does {carried}; the first alone does {roles.carried[0]:.0%}"
        )
    return Clause(text, tuple(unit.unit + 1 for unit in carriers), "other", figures)


def _single(subject: Subject, roles: Roles, unit: Unit) -> Clause:
    name = _name(subject, unit)
    figures: dict[str, Any] = {"layer": unit.layer + 1, "removed": _round(unit.removed)}
    match unit.role:
        case "flag":
            up = _shown_after(subject, unit, unit.rises or 1)
            figures |= {"rises_at_step": unit.rises, "level": _round(up)}
            text = f"{name} is a flag: up at step {unit.rises} ({up:.3g} on the mean from then on), and up it stays"
        case "counter":
            first, last = (_round(float(_kept(subject, unit)[:, step].mean())) for step in (0, -1))
            figures |= {"first": first, "last": last}
            text = f"{name} counts steps: the same in every sequence, it goes from {first:.3g} to {last:.3g}"
        case "delay":
            figures |= {"delay_steps": unit.delay_steps}
            ago = {0: "now", 1: "one step ago"}.get(unit.delay_steps or 0, f"{unit.delay_steps} steps ago")
            text = f"{name} shows what was read {ago}"
        case _:
            told, more = _gated(subject, unit)
            held, source = _holding(subject, unit)
            figures |= more | {
                "share": _round(unit.share),
                "swapped_step": roles.swapped_step,
                "held_median": _maybe(unit.held),
                "slope_of_writes": _maybe(unit.slope),
                "writes_at_steps": unit.writes,
                **held,
            }
            text = (
                f"{name} is {_article(unit.role)}: it {told}{source}; its state alone is {unit.share:.0%} of the memory"
            )
    return Clause(text, (unit.unit + 1,), unit.role, figures)


def _article(role: Role) -> str:
    return {"latch": "a latch", "accumulator": "an accumulator"}[role]


def _gated(subject: Subject, unit: Unit) -> tuple[str, dict[str, Any]]:
    """When it is written and how well it keeps, by its gates where it has such; else by what it holds."""
    cell = subject.network.cell
    keep, write = keeping(subject, unit.layer), writing(subject, unit.layer)
    adds = " and adds to what it has" if unit.role == "accumulator" else ""
    if keep is None or write is None:
        held, when = unit.held or 0.0, say_spans(unit.writes) if unit.writes else "some steps"
        lasting = f"then holds ({figure(held)} of a change is there a step later)"
        return f"changes at {when}{adds}, {lasting}", {}
    found = unit_by_its_gates(keep[..., unit.unit], write[..., unit.unit], subject.present)
    figures = {
        "keep_mean": found["keep_mean_held"],
        "time_constant_steps": found["time_constant_steps"],
        "write_mean": found["write_mean_written"],
        "write_mean_while_held": found["write_mean_held"],
        "gate_open_at_steps": found["writes"],
        "gate_open_share": found["writes_share"],
    }
    gate = cell.write or cell.keep
    letter = cell.letters[gate] if cell.write else f"1 - {cell.letters[gate]}"
    verb = f"opens its {gate} gate" if cell.write else f"lets something new in by its {gate} gate"
    spans, share = found["writes"], found["writes_share"]
    always = share > 0.95
    if always:
        told = f"has its {gate} gate open all the time" if cell.write else "lets something in at every step"
    elif spans and share <= 1.5 * sum(b - a + 1 for a, b in spans) / subject.steps:
        only = " only" if len(spans) == 1 and spans[0][0] == spans[0][1] else ""
        told = f"{verb} at {say_spans(spans)}{only}"
    elif share > 0:
        told = f"{verb} at {share:.1%} of the steps, which ones depends on what is read"
    else:
        told = f"never opens its {gate} gate by half" if cell.write else f"never shuts its {gate} gate by half"
    if found["write_mean_written"] is not None and not always:
        told += f" ({letter} = {figure(found['write_mean_written'])}"
        later = found["write_mean_held"]
        told += f", {later:.2g} while it holds)" if later is not None else ")"
    told += adds
    if found["keep_mean_held"] is None:
        return told, figures
    lasting = (
        "exactly, so for ever"
        if found["keep_mean_held"] == 1
        else f"a time constant of {found['time_constant_steps']:,.0f} steps"
    )
    kept = f"{cell.letters[cell.keep]} = {figure(found['keep_mean_held'])}, {lasting}" if cell.keep else "by its form"
    return f"{told}, and keeps ({kept})", figures


def _holding(subject: Subject, unit: Unit) -> tuple[dict[str, Any], str]:
    """What it holds: the input that explains it best, or the answer."""
    figures: dict[str, Any] = {"answer_r2": _maybe(unit.answer_r2)}
    told = ""
    if unit.source is not None:
        step, channel, r2 = unit.source
        figures |= {"source_step": step, "source_channel": channel + 1, "source_r2": _round(r2)}
        which = f"x_{step}" if subject.network.inputs == 1 else f"input {channel + 1} of step {step}"
        if r2 >= KNOWN:
            told = f" what it read: {which} (R2 = {r2:.4g})"
    if not told and unit.answer_r2 is not None and unit.answer_r2 >= KNOWN:
        told = f"; in the end it tells the right answer (R2 = {unit.answer_r2:.4g})"
    return figures, told


def _together(subject: Subject, role: Role, units: list[Unit]) -> Clause:
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
    match role:
        case "unused":
            most = f" by more than {max(removed):.1g} of their spread" if max(removed) else ""
            moves = "it does not move" if one else "none moves"
            text = f"{names} {'is' if one else 'are'} not used: kept at 0, {moves} the answers{most}"
        case "other":
            text = f"{names} {'is' if one else 'are'} used and {'fits' if one else 'fit'} no role: kept at 0, "
            text += f"{'it moves' if one else 'they move'} the answers by {_range(removed)} of their spread"
        case "latch" | "accumulator":
            held = [unit.held for unit in units if unit.held is not None]
            figures |= {"held_median": [_maybe(unit.held) for unit in units]}
            kind = "hold" if role == "latch" else "add up and hold"
            shares = _range([unit.share for unit in units], percent=True)
            text = f"{names} {kind} ({_range(held)} of a change is there a step later), each {shares} of the memory"
        case _:
            text = f"{names} are {role}s"
    return Clause(text, tuple(unit.unit + 1 for unit in units), role, figures)


def _answer(subject: Subject, roles: Roles) -> list[Clause]:
    """Which units the answer is read from."""
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
    text = f"the answer is read from {_names(subject, readers)} ({roles.read[-1]:.0%} of its variance)"
    return [Clause(text, tuple(unit.unit + 1 for unit in readers), "other", figures)]


def _kept(subject: Subject, unit: Unit) -> np.ndarray:
    return subject.states[unit.layer][subject.kept_in][..., unit.unit]


def _shown_after(subject: Subject, unit: Unit, step: int) -> float:
    """What a unit shows on the mean, from this step (counted from 1) on."""
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
    """Numbers in a row told by their ends.

    >>> _runs([1, 3, 4, 5, 9])
    ['1', '3 to 5', '9']
    >>> _runs([1, 2])
    ['1', '2']
    """
    edges = [0, *(n for n in range(1, len(numbers)) if numbers[n] != numbers[n - 1] + 1), len(numbers)]
    runs = [numbers[a:b] for a, b in itertools.pairwise(edges)]
    return [told for run in runs for told in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]


def _range(values: list[float], percent: bool = False) -> str:
    if not values:
        return "none"
    shown = [f"{v:.0%}" if percent else f"{v:.2g}" for v in (min(values), max(values))]
    return shown[0] if shown[0] == shown[1] else " to ".join(shown)


def _round(value: float) -> float | None:
    return finite(float(f"{value:.6g}"))


def _maybe(value: float | None) -> float | None:
    return None if value is None else _round(value)
