"""Which cells can be computed in parallel over time, decided from their recorded step.

A state can be computed for all steps at once if its new value is affine in its old value, s' = a * s + b, and neither a
nor b depends on s. Two such steps compose to one step of the same form. The recorded step shows whether this holds: a
word is affine in an operand if the cotangent of this operand reads neither the operand nor the result. The states are
solved one after another. A state that is already solved counts as known when the next one is examined.

States that read each other are solved together, if their new values are jointly affine in their old values: the real
and the imaginary part of a complex state are s1' = p * s1 - q * s2 + b1 and s2' = q * s1 + p * s2 + b2. Two forms are
solved otherwise: a matrix that is multiplied by a diagonal one and changed by a few outer products
(``engine/low_rank.py``), and the larger of the old state plus something and something else
(``engine/maximum_recurrence.py``).
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine import low_rank, maximum_recurrence
from holdfast.engine.readings.record import Node, Recording, Unsupported, record

Group = tuple[int, ...]
"""States that are solved together, as indices into ``cell.states``."""


def groups(cell: Cell) -> tuple[Group, ...]:
    """The states in an order in which they can be solved for all steps at once: as few as possible together. Raises
    ``Unsupported`` with the obstacle if there is no such order."""
    step, found = record(cell), list[Group]()
    while waiting := [n for n in range(len(cell.states)) if n not in {place for group in found for place in group}]:
        solved = {place for group in found for place in group}
        sizes = range(1, len(waiting) + 1)
        together = (group for size in sizes for group in combinations(waiting, size))
        ready = next(
            (
                group
                for group in together
                if is_low_rank(step, group, solved)
                or is_maximum(step, group, solved)
                or not _obstacle(step, group, solved)
            ),
            None,
        )
        if ready is None:
            raise Unsupported(_reason(step, waiting[0], solved))
        found.append(ready)
    return tuple(found)


def _reason(step: Recording, place: int, solved: set[int]) -> str:
    """Why a state cannot be solved; of a matrix, why it does not have the form of ``engine/low_rank.py``."""
    return (
        _obstacle(step, (place,), solved)
        if len(step.before[place].axes) < 2
        else low_rank.obstacle(step, place, solved)
    )


def is_low_rank(step: Recording, group: Group, solved: Collection[int]) -> bool:
    """Whether these states are one matrix that ``engine/low_rank.py`` can solve."""
    return len(group) == 1 and not low_rank.obstacle(step, group[0], solved)


def is_maximum(step: Recording, group: Group, solved: Collection[int]) -> bool:
    """Whether this is one state that ``engine/maximum_recurrence.py`` can solve."""
    return len(group) == 1 and maximum_recurrence.form(step, group[0], solved) is not None


def _obstacle(step: Recording, group: Group, solved: set[int]) -> str:
    """Why these states cannot be solved together for all steps at once, as a clause; "" if they can."""
    names = step.cell.states
    name = " and ".join(names[place] for place in group)
    if len({step.before[place].axes for place in group}) > 1:
        return f"{name} have different axes"
    reads: dict[Node, str] = {step.inputs: "nothing"}
    for place, node in enumerate(step.before):
        unknown = f"state {names[place]}, which is not known yet"
        reads[node] = "affinely" if place in group else "nothing" if place in solved else unknown
    for node in step.nodes:
        parts = (node.source,) if node.source is not None else node.operands
        found = [reads[part] for part in parts]
        unknown = next((what for what in found if what not in ("nothing", "affinely")), None)
        if unknown is not None:
            reads[node] = unknown
        elif "affinely" not in found:
            reads[node] = "nothing"
        elif node.source is not None:
            reads[node] = f"the old {name} through a linear map"
        else:
            places = [n for n, what in enumerate(found) if what == "affinely"]
            reads[node] = "affinely" if _passes(node, places) else f"the old {name} through {node.word}"
    whats = {names[place]: reads[step.after[place]] for place in group}
    return next((f"its new {n} reads {what}" for n, what in whats.items() if what not in ("nothing", "affinely")), "")


def _passes(node: Node, places: list[int]) -> bool:
    """Whether a word is jointly affine in these operands: none of their cotangents reads one of them or the result. A
    word on whole arrays says itself in which operand it is, one at a time."""
    word = alphabet.get(node.word)
    if word.axes is not None:
        return len(places) == 1 and places[0] in word.componentwise
    if word.gradient is None:
        return False
    templates = word.gradient * len(node.operands) if word.arity is None else word.gradient
    read = ["{y}", *(f"{{{place}}}" for place in places)]
    return not any(name in templates[place] for place in places for name in read)
