"""All steps at once, for cells whose new state is affine in the old state (``engine/affine.py``).

Linear maps and gates are computed for all steps together. What remains is a linear recurrence over time
(``engine/linear_recurrence.py``). Cells in the compiled library are computed there, unit by unit
(``engine/native/gated.py``). Only reverse-mode gradients are supported. The sums are those of the loop in a different
order: they agree up to rounding, so a certificate for rounded arithmetic does not apply to this engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from holdfast import alphabet
from holdfast.core.arrays import Array, NamedArrays, PerLayer
from holdfast.core.cell import Cell
from holdfast.core.typed_jax import jvp, ones, ones_like, platform_dependent, zeros, zeros_like
from holdfast.engine.affine import order
from holdfast.engine.engines import Request
from holdfast.engine.linear_recurrence import linear_recurrence
from holdfast.engine.native import gated
from holdfast.engine.network import Layer, Network
from holdfast.engine.over_time import hold, time_first
from holdfast.engine.readings.numbers import Numbers, as_vector
from holdfast.engine.readings.record import Node, Recording, Unsupported, record

NUMBERS = Numbers()


def unsuitable(request: Request) -> str | None:
    """Why the steps cannot be computed at once, as a clause; None if they can."""
    if not request.shared_weights:
        return "it computes with one set of weights for all steps"
    if request.gradient != "full":
        return f"it computes the full gradient, and not {request.gradient}"
    if request.truncate is not None:
        return "it computes all steps at once, and the gradient is to be cut between steps"
    try:
        order(request.cell)
    except Unsupported as reason:
        return f"it cannot run {request.cell.name}: {reason}"
    return None


def run(
    network: Network,
    inputs: Array,
    state: PerLayer,
    *,
    present: Array | None,
    truncate: int | None,
    read_from: int,
    gradient: str,
) -> tuple[Array, PerLayer]:
    """As ``Engine.run``: all steps of one layer at once, then all of the next."""
    of_steps, given = partial(_by_steps, read_from), (network, inputs, state, present)
    if gated.unsuitable(network.cell, given[:3]):
        return of_steps(*given)
    return platform_dependent(*given, cpu=partial(_by_units, read_from), default=of_steps)


def _by_steps(
    read_from: int, network: Network, inputs: Array, state: PerLayer, present: Array | None
) -> tuple[Array, PerLayer]:
    """Compute the values of the recorded step one after another, each for all time steps."""
    hidden, here = time_first((inputs, present))
    last: list[NamedArrays] = []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = solved(network.cell, layer, hidden, before, here)
        last.append(after)
    return jnp.swapaxes(network.readout(hidden[read_from:]), 0, 1), tuple(last)


def _by_units(
    read_from: int, network: Network, inputs: Array, state: PerLayer, present: Array | None
) -> tuple[Array, PerLayer]:
    """Compute every unit separately over all time steps, in the compiled library."""
    hidden = inputs
    last: list[NamedArrays] = []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = gated.layer(network.cell, layer["x"], hidden, before[0], present)
        last.append(network.cell.state_type(after))
    return network.readout(hidden[:, read_from:]), tuple(last)


class Affine(NamedTuple):
    """The affine function factor * s + offset of a state s that is not known yet, at every step: [time, batch, ...]."""

    factor: Array
    offset: Array


@dataclass
class _Solver:
    """The values of a recorded step at all time steps, node by node, as far as they are known."""

    step: Recording
    layer: Layer
    known: dict[Node, Array | Affine]
    maps: dict[tuple[str, Node], Mapping[str, Array]] = field(
        default_factory=dict[tuple[str, Node], Mapping[str, Array]]
    )

    def value(self, node: Node) -> Array | Affine:
        """The value of a node [time, batch, ...], or an ``Affine`` in the state that is being solved for."""
        if node not in self.known:
            self.known[node] = self._computed(node)
        return self.known[node]

    def array(self, node: Node) -> Array:
        """The value of a node that does not read the state that is being solved for."""
        value = self.value(node)
        assert not isinstance(value, Affine), "engine/affine.py refuses a step in which it does"
        return value

    def _computed(self, node: Node) -> Array | Affine:
        if node.source is not None:
            gate = next(m for m in self.step.cell.maps if m.source == node.word).gates[node.place]
            return self._mapped(node.word, node.source)[gate]
        word, operands = alphabet.get(node.word), [self.value(operand) for operand in node.operands]
        given = {place: operand for place, operand in enumerate(operands) if not isinstance(operand, Affine)}
        if len(given) == len(operands):
            return NUMBERS.apply(word, *given.values())

        def of_affine(*affine: Array) -> Array:
            rest = iter(affine)
            places = range(len(operands))
            return NUMBERS.apply(word, *(given[place] if place in given else next(rest) for place in places))

        offsets, factors = ([o[part] for o in operands if isinstance(o, Affine)] for part in (1, 0))
        offset, factor = jvp(of_affine, offsets, factors)
        return Affine(factor, offset)

    def _mapped(self, name: str, source: Node) -> Mapping[str, Array]:
        if (name, source) not in self.maps:
            self.maps[name, source] = NUMBERS.linear(self.layer[name], self.array(source))
        return self.maps[name, source]


def solved(
    cell: Cell, layer: Layer, inputs: Array, start: tuple[Array, ...], present: Array | None
) -> tuple[Array, NamedArrays]:
    """The outputs of one layer [time, batch, unit] for ``inputs`` [time, batch, source], and its last state.

    ``start`` is the state before the first step; ``present`` [time, batch] is false in padding. Raises ``Unsupported``
    for a cell that ``affine.order`` refuses.
    """
    step = record(cell)
    solver = _Solver(step, layer, {step.inputs: inputs})
    after: dict[int, Array] = {}
    for place in order(cell):
        state = step.before[place]
        known = dict(solver.known)
        shape = (inputs.shape[0], *start[place].shape)
        solver.known[state] = Affine(ones(shape, inputs.dtype), zeros(shape, inputs.dtype))
        new = solver.value(step.after[place])
        after[place] = _states(new, start[place], present)
        before = jnp.concatenate([start[place][None], after[place][:-1]])
        solver.known = known | {state: before}
        if present is None:  # with padding, the state differs from the value that the step computes there
            solver.known[step.after[place]] = after[place]
    states = cell.state_type(*(after[place][-1] for place in range(len(cell.states))))
    return as_vector(solver.array(step.output), inputs), states


def _states(new: Array | Affine, start: Array, present: Array | None) -> Array:
    """The state after every step. ``new`` is its new value in one step, affine in the old one."""
    if not isinstance(new, Affine):  # the step does not read the old value, but padding keeps it
        if present is None:
            return new
        new = Affine(zeros_like(new), new)
    factor, offset = new
    if present is not None:
        factor, offset = jax.vmap(hold)(present, (factor, offset), (ones_like(factor), zeros_like(offset)))
    return linear_recurrence(factor, offset, start)
