"""Which cells can be computed at all steps at once, read from their recorded step.

A state can be solved for all steps at once where its new value is affine in its old one, s' = a * s + b, and neither a
nor b reads it: then (a, b) of two steps in a row are those of one. Whether that holds is read from the record: a word
passes on affinely what none of its own cotangents reads. States are solved one after another; what one that is solved
feeds is no obstacle to the next.
"""

from __future__ import annotations

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings.record import Node, Recording, Unsupported, record


def order(cell: Cell) -> tuple[int, ...]:
    """In which order the states of a cell can be solved for all steps at once. Raises ``Unsupported`` with what is in
    the way."""
    step, solved = record(cell), list[int]()
    while len(solved) < len(cell.states):
        ready = [n for n in range(len(cell.states)) if n not in solved and not _obstacle(step, n, solved)]
        if not ready:
            waiting = next(n for n in range(len(cell.states)) if n not in solved)
            raise Unsupported(_obstacle(step, waiting, solved))
        solved += ready
    return tuple(solved)


def _obstacle(step: Recording, place: int, solved: list[int]) -> str:
    """What keeps a state from being solved for all steps at once; nothing where it can be."""
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
    """Whether a word is affine in these operands together: what each cotangent reads is not among them."""
    word = alphabet.get(node.word)
    if word.gradient is None:
        return False
    templates = word.gradient * len(node.operands) if word.arity is None else word.gradient
    read = ["{y}", *(f"{{{place}}}" for place in places)]
    return not any(name in templates[place] for place in places for name in read)
