"""Where a network's memory is, for its page: every unit's role and share, the unit on which the page opens, and one
sentence that says how the network remembers.

All of it is measured: a unit's share is the effect on the answers of exchanging its state between two sequences,
relative to the effect of exchanging all states (``explanation/roles.py``).
"""

from __future__ import annotations

from typing import Any

from holdfast.explanation.gating import figure, gate_statistics, keeping, writing
from holdfast.explanation.page.task import is_one_hot
from holdfast.explanation.roles import Roles, Unit
from holdfast.explanation.subject import Subject
from holdfast.explanation.words import KNOWN

NOTHING_LOST = 5e-3
"""A keep gate this close to 1 keeps the state almost unchanged over one step: 100 % if rounded."""
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def as_data(subject: Subject, roles: Roles) -> dict[str, Any]:
    """``layers``: of every unit (or head) its role and share; ``layer`` and ``unit``, from 0: where the page opens."""
    lead = leading(roles)
    layers: list[list[dict[str, Any]]] = [[] for _ in subject.network.layers]
    for unit in roles.units:
        layers[unit.layer].append({"role": unit.role, "share": round(unit.share, 6)})
    return {
        "sentence": sentence(subject, roles),
        "layer": lead.layer,
        "unit": lead.unit,
        "exchanged_after_step": roles.swapped_step,
        "layers": layers,
    }


def leading(roles: Roles) -> Unit:
    """The unit that carries most of the memory. Where no state affects an answer: the unit from which most of the
    answer is read."""
    if roles.swapped_step is not None:
        return max(roles.units, key=lambda unit: unit.share)
    return max(roles.units, key=lambda unit: abs(unit.read))


def sentence(subject: Subject, roles: Roles) -> str:
    """How the network remembers, in one sentence."""
    if roles.swapped_step is None:
        return "This network has no memory: each answer depends on the input of its own step alone."
    if not roles.carriers:
        return "The states of this network affect its answers, but no single unit carries the memory."
    lead, count = leading(roles), len(roles.carriers)
    layer = f" of layer {lead.layer + 1}" if len(subject.network.layers) > 1 else ""
    place = subject.network.place_name
    name = f"{place} {lead.unit + 1}{layer}"
    known = [part for part in (_holds(subject, lead), _mechanism(subject, lead)) if part]
    if count == 1:
        text = f"{name} alone carries the memory"
    else:
        text = f"{count} of {len(roles.units)} {place}s carry the memory; "
        text += f"{name} has the largest share, {_percent(lead.share)}"
    return text[0].upper() + text[1:] + (f": {', and '.join(known)}." if known else ".")


def _holds(subject: Subject, unit: Unit) -> str:
    """The input that its state represents; "" if none is known."""
    if unit.source is None or unit.source[2] < KNOWN:
        return ""
    step, channel, _ = unit.source
    if is_one_hot(subject.inputs, subject.present):
        return f"it holds the symbol of step {step}"
    if subject.network.inputs == 1:
        return f"it holds x{step}".translate(SUBSCRIPTS)
    return f"it holds input {channel + 1} of step {step}"


def _mechanism(subject: Subject, unit: Unit) -> str:
    """What the unit's keep gate, or else its own recurrent weights, do with its state from one step to the next."""
    cell = subject.network.cell
    if not cell.is_vector:
        return ""
    if cell.keep:
        keep, write = keeping(subject, unit.layer), writing(subject, unit.layer)
        assert keep is not None  # since the cell has a keep gate
        assert write is not None
        found = gate_statistics(keep[..., unit.unit], write[..., unit.unit], subject.present)
        held = found["keep_mean_held"]
        value = held if held is not None else found["keep_mean"]
        if value is None:
            return ""
        letter = f"{cell.letters.get(cell.keep, cell.keep)}\u00a0=\u00a0{_typographic(figure(value))}"
        if value >= 1 - NOTHING_LOST:
            kept = "unchanged" if value == 1 else "almost unchanged"
            return f"its {cell.keep} gate ({letter}) keeps its state {kept}"
        return f"its {cell.keep} gate keeps {_percent(value)} of its state per step ({letter})"
    if unit.held is None:
        return ""
    return f"{_percent(max(0.0, unit.held))} of a change of its state remains one step later"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _typographic(number: str) -> str:
    """``1 - 1.2e-07`` with minus signs, and without the zeros of its exponent."""
    return number.replace("e-0", "e-").replace("-", "\u2212")
