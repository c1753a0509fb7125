"""All steps at once (``linear_recurrence.py``), where the recorded step shows that it is possible.

A state can be solved for all steps at once where its new value is affine in its old one, s' = a * s + b, and neither a
nor b reads it: then (a, b) of two steps in a row are those of one. Whether that holds is read from the record: a word
passes on affinely what none of its own cotangents reads. States are solved one after another; what one that is solved
feeds is no obstacle to the next.

The sums are those of the loop in another order: equal up to rounding, and not what a certificate for rounded arithmetic
speaks of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from holdfast import alphabet
from holdfast.core.arrays import Array
from holdfast.core.cell import Cell
from holdfast.engine.linear_recurrence import linear_recurrence
from holdfast.engine.network import Layer
from holdfast.engine.over_time import hold
from holdfast.engine.readings.numbers import Numbers, as_vector
from holdfast.engine.readings.record import Node, Recording, Unsupported, record

NUMBERS = Numbers()


class Affine(NamedTuple):
    """factor * s + offset of a state s that is not known yet, for every step: [time, batch, ...]."""

    factor: Array
    offset: Array


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


def why_not(cell: Cell) -> str:
    """Why the steps of this cell cannot be computed at once, as a clause; nothing where they can."""
    try:
        order(cell)
    except Unsupported as reason:
        return str(reason)
    return ""


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


@dataclass
class _Solver:
    """The values of a recorded step over all steps, node by node, as far as they are known."""

    step: Recording
    layer: Layer
    known: dict[Node, Any]
    maps: dict[tuple[str, Node], Mapping[str, Array]] = field(default_factory=dict)

    def value(self, node: Node) -> Any:
        """[time, batch, ...], or ``Affine`` of the state that is being solved for."""
        if node not in self.known:
            self.known[node] = self._computed(node)
        return self.known[node]

    def _computed(self, node: Node) -> Any:
        if node.source is not None:
            gate = next(m for m in self.step.cell.maps if m.source == node.word).gates[node.place]
            return self._mapped(node.word, node.source)[gate]
        word, operands = alphabet.get(node.word), [self.value(operand) for operand in node.operands]
        if not any(isinstance(operand, Affine) for operand in operands):
            return NUMBERS.apply(word, *operands)
        primals = [o.offset if isinstance(o, Affine) else o for o in operands]
        tangents = [o.factor if isinstance(o, Affine) else jnp.zeros_like(o) for o in operands]
        offset, factor = jax.jvp(partial(NUMBERS.apply, word), primals, tangents)
        return Affine(factor, offset)

    def _mapped(self, name: str, source: Node) -> Mapping[str, Array]:
        if (name, source) not in self.maps:
            self.maps[name, source] = NUMBERS.linear(self.layer[name], self.value(source))
        return self.maps[name, source]


def solve(cell: Cell, layer: Layer, inputs: Array, start: Any, present: Array | None) -> tuple[Array, Any]:
    """The outputs of one layer [time, batch, unit] for ``inputs`` [time, batch, source], and its last state.

    ``start`` is the state before the first step, ``present`` [time, batch] false in padding. Raises ``Unsupported``.
    """
    step = record(cell)
    solver = _Solver(step, layer, {step.inputs: inputs})
    after: dict[int, Array] = {}
    for place in order(cell):
        state = step.before[place]
        known = dict(solver.known)
        shape = (inputs.shape[0], *start[place].shape)
        solver.known[state] = Affine(jnp.ones(shape, inputs.dtype), jnp.zeros(shape, inputs.dtype))
        new = solver.value(step.after[place])
        after[place] = _states(new, start[place], present)
        before = jnp.concatenate([start[place][None], after[place][:-1]])
        solver.known = known | {state: before}
    states = cell.state_type(*(after[place][-1] for place in range(len(cell.states))))
    return as_vector(solver.value(step.output), inputs), states


def _states(new: Any, start: Array, present: Array | None) -> Array:
    """The state after every step, from what one step does to it."""
    if not isinstance(new, Affine):  # it does not read its old value at all, but padding keeps it
        if present is None:
            return new
        new = Affine(jnp.zeros_like(new), new)
    factor, offset = new
    if present is not None:
        factor, offset = jax.vmap(hold)(present, (factor, offset), (jnp.ones_like(factor), jnp.zeros_like(offset)))
    offset = offset.at[0].add(factor[0] * start)
    return linear_recurrence(factor, offset)
