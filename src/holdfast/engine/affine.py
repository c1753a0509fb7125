"""Which cells can be computed in parallel over time, decided from their recorded step.

A state can be computed for all steps at once if its new value is affine in its old value, s' = a * s + b, and neither a
nor b depends on s. Two such steps compose to one step of the same form. The recorded step shows whether this holds: a
word is affine in an operand if the cotangent of this operand reads neither the operand nor the result. The states are
solved one after another. A state that is already solved counts as known when the next one is examined.
"""

from __future__ import annotations

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings.record import Node, Recording, Unsupported, record


def order(cell: Cell) -> tuple[int, ...]:
    """The order, as indices into ``cell.states``, in which the states can be solved for all steps at once. Raises
    ``Unsupported`` with the obstacle if there is no such order."""
    step, solved = record(cell), list[int]()
    while len(solved) < len(cell.states):
        ready = [n for n in range(len(cell.states)) if n not in solved and not _obstacle(step, n, solved)]
        if not ready:
            waiting = next(n for n in range(len(cell.states)) if n not in solved)
            raise Unsupported(_obstacle(step, waiting, solved))
        solved += ready
    return tuple(solved)


def _obstacle(step: Recording, place: int, solved: list[int]) -> str:
    """Why a state cannot be solved for all steps at once, as a clause; "" if it can."""
    state, name = step.before[place], step.cell.states[place]
    reads: dict[Node, str] = {step.inputs: "nothing", state: "affinely"}
    for other, node in enumerate(step.before):
        if other != place:
            reads[node] = "nothing" if other in solved else f"state {step.cell.states[other]}, which is not known yet"
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
    what = reads[step.after[place]]
    return "" if what in ("nothing", "affinely") else f"its new {name} reads {what}"


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
