"""A matrix memory whose new value is its old one times a diagonal matrix and a few rank-one changes.

    S' = decay S diag(columns) + sum (S read + value) along^T

This is what linear attention, decays and delta rules have in common, in any number in one step. ``obstacle`` reads from
the recorded step whether a state is of this form; ``applied`` computes the form itself, word by word, for all steps at
once. ``engine/chunked.py`` solves it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from holdfast import alphabet
from holdfast.core.arrays import Array
from holdfast.core.typed_jax import full, ones_like, zeros_like
from holdfast.engine.chunked import LEAST_DECAY, Memory, Term, solve
from holdfast.engine.over_time import hold
from holdfast.engine.readings.record import Node, Recording

NOTHING, MATRIX, CHANGE, VECTOR = "nothing", "matrix", "change", "vector"
"""What a value reads of the old matrix S: nothing; it is S times a diagonal matrix and changes; it is changes alone; it
is S times a vector, and what is added to that."""


def obstacle(step: Recording, place: int, solved: Collection[int]) -> str:
    """Why the new value of a state is not of this form in its old one, as a clause; "" if it is. The states in
    ``solved`` are known at all steps."""
    state, name = step.before[place], step.cell.states[place]
    if len(state.axes) < 2:
        return f"{name} is no matrix"
    kinds: dict[Node, str] = {step.inputs: NOTHING}
    for other, node in enumerate(step.before):
        kinds[node] = NOTHING if other in solved else f"state {step.cell.states[other]}, which is not known yet"
    kinds[state] = MATRIX
    for node in step.nodes:
        found = [kinds[part] for part in ((node.source,) if node.source is not None else node.operands)]
        unknown = next((what for what in found if what not in (NOTHING, MATRIX, CHANGE, VECTOR)), None)
        if unknown is not None:
            kinds[node] = unknown
        elif set(found) <= {NOTHING}:
            kinds[node] = NOTHING
        elif node.source is not None:
            kinds[node] = f"the old {name} through a linear map"
        else:
            kinds[node] = _kind(node, found, state.axes) or f"the old {name} through {node.word}"
    what = kinds[step.after[place]]
    return "" if what == MATRIX else f"its new {name} reads {what}"


def _kind(node: Node, found: Sequence[str], axes: tuple[str, ...]) -> str:
    """What a word gives of operands that are of these kinds, at least one not ``NOTHING``; "" where ``applied`` has no
    rule."""
    others = [operand for operand, kind in zip(node.operands, found, strict=True) if kind == NOTHING]
    moving = [kind for kind in found if kind != NOTHING]
    of_matrix = set(moving) <= {MATRIX, CHANGE}
    match node.word:
        case "add" | "subtract" if of_matrix and moving.count(MATRIX) <= 1:
            return (MATRIX if MATRIX in moving else CHANGE) if all(map(_is_outer, others)) else ""
        case "add" | "subtract" if set(moving) == {VECTOR}:
            return VECTOR if all(one.axes == node.axes for one in others) else ""
        case "negative":
            return moving[0]
        case "multiply" if len(moving) == 1 and others[0].axes == axes[:-2]:
            return moving[0]
        case "scale_columns" if of_matrix and found[1] == NOTHING and _least(others[0]) >= LEAST_DECAY:
            return moving[0]
        case "erase" if of_matrix and len(moving) == 1 and found[0] != NOTHING:
            return moving[0]
        case "contract" if of_matrix and len(moving) == 1 and found[0] != NOTHING:
            return VECTOR
        case "outer" if found == [VECTOR, NOTHING]:
            return CHANGE
        case _:
            return ""


def _is_outer(node: Node) -> bool:
    """Whether ``applied`` has an ``Outer`` for this value: an outer product, or one times a gate."""
    if node.word != "multiply":
        return node.word == "outer"
    return any(_is_outer(a) and b.axes == a.axes[:-2] for a, b in (node.operands, node.operands[::-1]))


def _least(node: Node) -> float:
    """The least value that its word can give."""
    limits = None if node.source is not None or not node.operands else alphabet.get(node.word).limits
    return -float("inf") if limits is None else limits[0]


@dataclass(frozen=True)
class Outer:
    """value along^T at every step, without reading S."""

    value: Array
    along: Array

    def array(self) -> Array:
        return self.value[..., :, None] * self.along[..., None, :]

    def times(self, gate: Array | float) -> Outer:
        """``gate`` has neither an axis of values nor one of keys."""
        return replace(self, value=self.value * (gate[..., None] if isinstance(gate, Array) else gate))


@dataclass(frozen=True)
class MatrixRead:
    """S read + value at every step; None is zero. ``memory`` has S, once it is solved."""

    memory: Memory | None
    read: Array | None
    value: Array | None

    def array(self) -> Array:
        assert self.memory is not None, "S is not solved yet"
        found = [] if self.read is None else [self.memory.read(self.read)]
        found += [] if self.value is None else [self.value]
        return sum(found[1:], found[0])

    def times(self, gate: Array | float) -> MatrixRead:
        """``gate`` has no axis of values."""
        by = gate[..., None] if isinstance(gate, Array) else gate
        return replace(
            self,
            read=None if self.read is None else self.read * by,
            value=None if self.value is None else self.value * by,
        )


@dataclass(frozen=True)
class LowRank:
    """decay S diag(columns) + sum (S read + value) along^T at every step; ``has_diagonal`` is whether there is a first
    part. ``columns`` None: all 1. ``ndim`` is the number of axes, [time, batch, ..., value, key]."""

    memory: Memory | None
    ndim: int
    has_diagonal: bool = True
    decay: Array | float = 1.0
    columns: Array | None = None
    terms: tuple[Term, ...] = ()

    def array(self) -> Array:
        assert self.memory is not None, "S is not solved yet"
        parts = [Outer(MatrixRead(self.memory, t.read, t.value).array(), t.along).array() for t in self.terms]
        if self.has_diagonal:
            decay = self.decay[..., None, None] if isinstance(self.decay, Array) else self.decay
            kept = self.memory.matrices() * decay
            parts.append(kept if self.columns is None else kept * self.columns[..., None, :])
        return sum(parts[1:], parts[0])

    def with_terms(self, terms: Sequence[Term]) -> LowRank:
        """With these terms added. Terms along the same vector are one."""
        found = list(self.terms)
        for term in terms:
            at = next((n for n, known in enumerate(found) if known.along is term.along), None)
            if at is None:
                found.append(term)
            else:
                known = found[at]
                found[at] = Term(_sum(known.read, term.read), _sum(known.value, term.value), term.along)
        return replace(self, terms=tuple(found))

    def times(self, gate: Array | float) -> LowRank:
        """``gate`` has neither an axis of values nor one of keys."""
        by = gate[..., None] if isinstance(gate, Array) else gate
        return replace(self, decay=self.decay * gate).along_times(by)

    def along_times(self, by: Array | float) -> LowRank:
        return replace(self, terms=tuple(replace(term, along=term.along * by) for term in self.terms))

    def scaled(self, columns: Array) -> LowRank:
        of_all = columns if self.columns is None else self.columns * columns
        return replace(self, columns=of_all).along_times(columns)

    def contracted(self, vector: Array) -> MatrixRead:
        """The product with a vector [time, ..., key]."""
        read, value = None, None
        if self.has_diagonal:
            read = vector if self.columns is None else self.columns * vector
            read = read * (self.decay[..., None] if isinstance(self.decay, Array) else self.decay)
        for term in self.terms:
            share = (term.along * vector).sum(-1, keepdims=True)
            read = _sum(read, None if term.read is None else term.read * share)
            value = _sum(value, None if term.value is None else term.value * share)
        return MatrixRead(self.memory, read, value)

    def solved(self, start: Array, time: int, present: Array | None) -> Memory:
        """S at all steps, S' being of this form; in padding, where ``present`` is false, S' is S."""
        decay = self.decay if isinstance(self.decay, Array) else None
        if decay is None and self.decay != 1:
            decay = full((time, *start.shape[:-2]), self.decay, start.dtype)
        columns, alongs = self.columns, [term.along for term in self.terms]
        if present is not None:
            steps = present.shape  # what is constant has one step and one row
            if decay is not None:
                decay = jnp.broadcast_to(decay, (*steps, *decay.shape[2:]))
                decay = jax.vmap(hold)(present, decay, ones_like(decay))
            if columns is not None:
                columns = jnp.broadcast_to(columns, (*steps, *columns.shape[2:]))
                columns = jax.vmap(hold)(present, columns, ones_like(columns))
            alongs = [jnp.broadcast_to(along, (*steps, *along.shape[2:])) for along in alongs]
            alongs = [jax.vmap(hold)(present, along, zeros_like(along)) for along in alongs]
        terms = [replace(term, along=along) for term, along in zip(self.terms, alongs, strict=True)]
        return solve(decay, columns, terms, start, time)


Form = Outer | MatrixRead | LowRank


def applied(word: str, operands: Sequence[Array | Form]) -> Form | None:
    """The word applied to forms and arrays, as a form; None where the result is none."""
    of = {one.memory for one in operands if isinstance(one, MatrixRead | LowRank)}
    if len(of) > 1:
        return None
    match word, *operands:
        case "outer", Array() as value, Array() as along:
            return Outer(value, along)
        case "outer", MatrixRead() as read, Array() as along:
            return LowRank(read.memory, along.ndim + 1, False, terms=(Term(read.read, read.value, along),))
        case "contract", LowRank() as matrix, Array() as vector:
            return matrix.contracted(vector)
        case "erase", LowRank() as matrix, Array() as key, Array() as along:
            read = matrix.contracted(key).times(-1.0)
            return matrix.with_terms([Term(read.read, read.value, along)])
        case "scale_columns", LowRank() as matrix, Array() as columns:
            return matrix.scaled(columns)
        case "multiply", (Outer() | LowRank() | MatrixRead()) as form, Array() as gate:
            return _gated(form, gate)
        case "multiply", Array() as gate, (Outer() | LowRank() | MatrixRead()) as form:
            return _gated(form, gate)
        case "negative", (LowRank() | MatrixRead()) as form:
            return form.times(-1.0)
        case "subtract", first, second:
            return _added([first, _negated(second)])
        case "add", *terms:
            return _added(terms)
        case _:
            return None


def _negated(part: Array | Form) -> Array | Form:
    return -part if isinstance(part, Array) else part.times(-1.0)


def _gated(form: Form, gate: Array) -> Form | None:
    if isinstance(form, LowRank):
        return form.times(gate) if gate.ndim == form.ndim - 2 else None
    part = form.value if isinstance(form, Outer) or form.read is None else form.read
    return form.times(gate) if part is not None and gate.ndim == part.ndim - 1 else None


def _added(parts: Sequence[Array | Form]) -> Form | None:
    """The sum of vectors, at least one of which reads S; or of matrices, at most one of which has a diagonal part."""
    reads = [part for part in parts if isinstance(part, MatrixRead)]
    arrays = [part for part in parts if isinstance(part, Array)]
    if reads and len(reads) + len(arrays) == len(parts):
        read, value = None, None
        for part in reads:
            read, value = _sum(read, part.read), _sum(value, part.value)
        for array in arrays:
            value = _sum(value, array)
        return MatrixRead(reads[0].memory, read, value)
    matrices = sorted((part for part in parts if isinstance(part, LowRank)), key=lambda part: not part.has_diagonal)
    if reads or arrays or not matrices or any(part.has_diagonal for part in matrices[1:]):
        return None
    found = matrices[0]
    for part in matrices[1:]:
        found = found.with_terms(part.terms)
    return found.with_terms([Term(None, part.value, part.along) for part in parts if isinstance(part, Outer)])


def _sum(a: Array | None, b: Array | None) -> Array | None:
    return b if a is None else a if b is None else a + b
