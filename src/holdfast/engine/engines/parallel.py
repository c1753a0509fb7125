"""All steps at once, for cells whose new state is affine in the old state (``engine/affine.py``).

Linear maps and gates are computed for all steps together. What remains is a linear recurrence over time, of one state
(``engine/linear_recurrence.py``), of several together (``engine/joint_recurrence.py``), of a maximum
(``engine/maximum_recurrence.py``), or of a matrix that changes by a few outer products (``engine/low_rank.py``), whose
values at all steps are not kept. Cells in the compiled library
are computed there, unit by unit (``engine/native/gated.py``). Only reverse-mode gradients are supported. The sums are
those of the loop in a different order: they agree up to rounding, so a certificate for rounded arithmetic does not
apply to this engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from holdfast import alphabet
from holdfast.core.arrays import Array, NamedArrays, PerLayer
from holdfast.core.cell import CONSTANT, Cell
from holdfast.core.typed_jax import jvp, ones, ones_like, platform_dependent, zeros, zeros_like
from holdfast.engine import low_rank, maximum_recurrence
from holdfast.engine.affine import Group, groups, is_low_rank, is_maximum
from holdfast.engine.engines import Request
from holdfast.engine.joint_recurrence import States, joint_recurrence
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
        groups(request.cell)
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
    """The affine function sum_j factors[j] * s_j + offset of states s_j that are not known yet, at every step:
    [time, batch, ...]. A factor of None is zero."""

    factors: tuple[Array | None, ...]
    offset: Array


Value = Array | Affine | low_rank.Form


@dataclass
class _Solver:
    """The values of a recorded step at all time steps, node by node, as far as they are known."""

    step: Recording
    layer: Layer
    known: dict[Node, Value]
    maps: dict[tuple[str, Node], Mapping[str, Array]] = field(
        default_factory=dict[tuple[str, Node], Mapping[str, Array]]
    )

    def value(self, node: Node) -> Value:
        """The value of a node [time, batch, ...], or a form that it has in a state."""
        if node not in self.known:
            self.known[node] = self._computed(node)
        return self.known[node]

    def array(self, node: Node) -> Array:
        """The value of a node that does not read the states that are being solved for."""
        value = self.value(node)
        assert not isinstance(value, Affine), "engine/affine.py refuses a step in which it does"
        return value if isinstance(value, Array) else value.array()

    def _computed(self, node: Node) -> Value:
        if node.source is not None:
            gate = next(m for m in self.step.cell.maps if m.source == node.word).gates[node.place]
            return self._mapped(node.word, node.source)[gate]
        word, given = alphabet.get(node.word), [self.value(operand) for operand in node.operands]
        operands = [one for one in given if not isinstance(one, Affine)]
        if len(operands) == len(given) and (form := low_rank.applied(node.word, operands)) is not None:
            return form
        operands = [one if isinstance(one, Array | Affine) else one.array() for one in given]
        affine = [operand for operand in operands if isinstance(operand, Affine)]
        values = [operand.offset if isinstance(operand, Affine) else operand for operand in operands]
        if not affine:
            return NUMBERS.apply(word, *values)

        def factor(state: int) -> Array | None:
            """The slope of the word along the operands that read this state."""
            slopes = {n: o.factors[state] for n, o in enumerate(operands) if isinstance(o, Affine)}
            moving = {n: slope for n, slope in slopes.items() if slope is not None}

            def along(*moved: Array) -> Array:
                at = dict(zip(moving, moved, strict=True))
                return NUMBERS.apply(word, *(at.get(n, value) for n, value in enumerate(values)))

            return jvp(along, [values[n] for n in moving], list(moving.values()))[1] if moving else None

        states = range(len(affine[0].factors))
        return Affine(tuple(map(factor, states)), NUMBERS.apply(word, *values))

    def _mapped(self, name: str, source: Node) -> Mapping[str, Array]:
        if (name, source) not in self.maps:
            read = self.array(source)  # what is constant is computed once, not for every step and row
            self.maps[name, source] = NUMBERS.linear(self.layer[name], read[:1, :1] if name == CONSTANT else read)
        return self.maps[name, source]


def solved(
    cell: Cell, layer: Layer, inputs: Array, start: tuple[Array, ...], present: Array | None
) -> tuple[Array, NamedArrays]:
    """The outputs of one layer [time, batch, unit] for ``inputs`` [time, batch, source], and its last state.

    ``start`` is the state before the first step; ``present`` [time, batch] is false in padding. Raises ``Unsupported``
    for a cell that ``affine.groups`` refuses.
    """
    step = record(cell)
    solver = _Solver(step, layer, {step.inputs: inputs})
    last: dict[int, Array] = {}
    for group in groups(cell):
        last |= _way(step, group, last)(solver, group, start, present)
    states = cell.state_type(*(last[place] for place in range(len(cell.states))))
    output = solver.array(step.output)
    return as_vector(jnp.broadcast_to(output, (*inputs.shape[:2], *output.shape[2:])), inputs), states


def _way(step: Recording, group: Group, solved: Collection[int]) -> Callable[..., Mapping[int, Array]]:
    """How the states of a group are solved."""
    if is_low_rank(step, group, solved):
        return _solve_matrix
    return _solve_maximum if is_maximum(step, group, solved) else _solve_affine


def _whole(value: Value, shape: tuple[int, ...]) -> Array | Affine:
    """The value at every step of every row: what is constant is repeated."""
    if isinstance(value, Affine):
        return value
    return jnp.broadcast_to(value if isinstance(value, Array) else value.array(), shape)


def _solve_affine(
    solver: _Solver, group: Group, start: tuple[Array, ...], present: Array | None
) -> Mapping[int, Array]:
    """The last values of the states of a group, whose values at all steps are put among those known."""
    step, inputs, known = solver.step, solver.array(solver.step.inputs), dict(solver.known)
    for place in group:
        shape = (inputs.shape[0], *start[place].shape)
        one, zero = ones(shape, inputs.dtype), zeros(shape, inputs.dtype)
        solver.known[step.before[place]] = Affine(tuple(one if n == place else None for n in group), zero)
    new = [_whole(solver.value(step.after[place]), (inputs.shape[0], *start[place].shape)) for place in group]
    states = _states(new, tuple(start[place] for place in group), present)
    solver.known = known
    return {
        place: _known(solver, place, start[place], value, present) for place, value in zip(group, states, strict=True)
    }


def _known(solver: _Solver, place: int, start: Array, states: Array, present: Array | None) -> Array:
    """Put a state at all steps among what is known; its last value."""
    step = solver.step
    solver.known[step.before[place]] = jnp.concatenate([start[None], states[:-1]])
    if present is None:  # with padding, the state differs from the value that the step computes there
        solver.known[step.after[place]] = states
    return states[-1]


def _solve_maximum(
    solver: _Solver, group: Group, start: tuple[Array, ...], present: Array | None
) -> Mapping[int, Array]:
    """The same of a state that is the larger of its old value plus something, and something else."""
    (place,) = group
    step, known, inputs = solver.step, dict(solver.known), solver.array(solver.step.inputs)
    form = maximum_recurrence.form(step, place, [n for n, node in enumerate(step.before) if node in known])
    assert form is not None, "engine/affine.py says that it is"
    shape = (inputs.shape[0], *start[place].shape)
    solver.known[step.before[place]] = zeros(shape, inputs.dtype)
    added, other = (jnp.broadcast_to(solver.array(node), shape) for node in (form.shifted, form.other))
    states = maximum_recurrence.states(added, other, start[place], present)
    solver.known = known
    return {place: _known(solver, place, start[place], states, present)}


def _solve_matrix(
    solver: _Solver, group: Group, start: tuple[Array, ...], present: Array | None
) -> Mapping[int, Array]:
    """The same of a matrix that changes by a few outer products. What is known of it is how to read it."""
    (place,) = group
    before, known = solver.step.before[place], dict(solver.known)
    unknown = low_rank.LowRank(None, start[place].ndim + 1)
    solver.known[before] = unknown
    new = solver.value(solver.step.after[place])
    assert isinstance(new, low_rank.LowRank), "engine/low_rank.py says that it is"
    memory = new.solved(start[place], solver.array(solver.step.inputs).shape[0], present)
    solver.known = known | {before: replace(unknown, memory=memory)}
    return {place: memory.last}


def _states(new: Sequence[Array | Affine], start: States, present: Array | None) -> States:
    """The states after every step. ``new`` are their new values in one step, affine in the old ones."""
    places = range(len(new))
    # Where a step does not read the old value, padding keeps it.
    if present is None and len(new) == 1 and not isinstance(new[0], Affine):
        return (new[0],)
    offsets = tuple(value.offset if isinstance(value, Affine) else value for value in new)
    factors = tuple(
        tuple(_factor(value, offset, n) for n in places) for value, offset in zip(new, offsets, strict=True)
    )
    if present is not None:
        one, zero = ones_like(offsets[0]), zeros_like(offsets[0])
        kept = tuple(tuple(one if n == m else zero for n in places) for m in places)
        factors, offsets = jax.vmap(hold)(present, (factors, offsets), (kept, tuple(zero for _ in places)))
    if len(new) == 1:
        return (linear_recurrence(factors[0][0], offsets[0], start[0]),)
    return joint_recurrence(factors, offsets, start)


def _factor(value: Array | Affine, offset: Array, state: int) -> Array:
    """How the new value depends on this state of the group."""
    factor = value.factors[state] if isinstance(value, Affine) else None
    return zeros_like(offset) if factor is None else factor
