"""A matrix S [value, key] that decays and changes by a few outer products in each step, chunk by chunk:

    S_t = S_(t-1) diag(d_t) + sum_r z_tr b_tr^T,   z_tr = S_(t-1) a_tr + v_tr

Time is divided into chunks. Within a chunk every z is affine in the matrix that enters it and in the z of earlier
steps: a triangular system, which is solved for all chunks at once (the WY form of a product of Householder matrices).
The matrices that enter the chunks are then computed one after another, and all that is read from S at once. Memory is
linear in time: one matrix for each chunk, and a few vectors for each step.

Source: Bischof & Van Loan 1987, SIAM Journal on Scientific and Statistical Computing 8(1); Yang et al. 2024,
arXiv:2406.06484; with a decay Yang, Kautz & Hatamizadeh 2024, arXiv:2412.06464.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from holdfast.core.arrays import Array, as_array, matrix_product
from holdfast.core.typed_jax import full, moveaxis, ones_like, triangular_solve, zeros
from holdfast.engine.over_time import over_time

CHUNK = 16
"""Steps in a chunk."""
LEAST_DECAY = 1e-25 ** (1 / CHUNK)
"""The least decay of a column: products over a chunk are divided by, and must not be too small for float32."""


@dataclass(frozen=True)
class Term:
    """z b^T at every step, z = S read + value: ``read`` and ``along``, which is b, [time, ..., key], ``value`` [time,
    ..., value]. A read or value that is None is zero."""

    read: Array | None
    value: Array | None
    along: Array


@dataclass(frozen=True, eq=False)
class Memory:
    """The matrices before every step of ``time``, which are not kept.

    ``entering`` [chunk, ..., value, key] are those before the first step of each chunk, ``changes`` [chunk, ...,
    change, value] all z of its steps and ``along`` [chunk, ..., change, key] all b; ``last`` is the matrix after the
    last step.
    """

    time: int
    decays: Decays
    entering: Array
    changes: Array
    along: Array
    last: Array

    def read(self, vectors: Array) -> Array:
        """S_(t-1) times a vector at every step: [time, ..., key] to [time, ..., value]."""
        of_entering, of_changes = self.decays.coefficients(_stacked([vectors]), self.along)
        found = matrix_product(of_entering, jnp.swapaxes(self.entering, -1, -2))
        found += matrix_product(of_changes, self.changes)
        along_time = moveaxis(found, -2, 1)
        return along_time.reshape(-1, *along_time.shape[2:])[: self.time]

    def matrices(self) -> Array:
        """The matrices before every step [time, ..., value, key], column by column."""
        shape = self.time, *self.entering.shape[1:-2], self.entering.shape[-1]
        units = as_array(np.eye(shape[-1]), self.entering.dtype)
        return jnp.stack([self.read(jnp.broadcast_to(units[n], shape)) for n in range(shape[-1])], -1)


@dataclass(frozen=True)
class Decays:
    """Products of the decays of a chunk's steps, for every step or change of the chunk.

    ``between`` [..., step, change]: of the steps after that of the change and before this one, 0 unless the change is
    earlier. ``of_matrix`` has those for what enters and leaves, where there are decays. ``columns`` has the same of
    single columns, which divide ``along``.
    """

    steps: int
    between: Array
    of_matrix: MatrixDecays | None
    columns: ColumnDecays | None

    def coefficients(self, vectors: Array, along: Array) -> tuple[Array, Array]:
        """With which S times the ``vectors`` [..., read, key], as many in each step, is the product of the first
        result [..., read, key] with the matrix that enters, and of the second [..., read, change] with the changes."""
        times = vectors.shape[-2] // self.steps
        if self.columns is not None:
            vectors = vectors * jnp.repeat(self.columns.before, times, -2)
        of_changes = matrix_product(vectors, jnp.swapaxes(along, -1, -2)) * jnp.repeat(self.between, times, -2)
        if self.of_matrix is not None:
            vectors = vectors * jnp.repeat(self.of_matrix.before, times, -2)
        return vectors, of_changes


@dataclass(frozen=True)
class MatrixDecays:
    """Products of the decays of the whole matrix: ``before`` [..., step, 1]: of all steps before this one; ``after``
    [..., change, 1]: of all later steps; ``whole`` [..., 1, 1]: of all."""

    before: Array
    after: Array
    whole: Array


@dataclass(frozen=True)
class ColumnDecays:
    """Products of the decays of columns: ``before`` and ``up_to`` [..., step, key], without and with the step's own."""

    before: Array
    up_to: Array


def solve(decay: Array | None, columns: Array | None, terms: Sequence[Term], start: Array, time: int) -> Memory:
    """The matrices of ``time`` steps from ``start`` [..., value, key]. ``decay`` [time, ...] is that of the whole
    matrix; ``columns`` [time, ..., key] that of its columns, none below ``LEAST_DECAY``. d is their product."""
    groups = [some for some in ([t for t in terms if t.read is not None], [t for t in terms if t.read is None]) if some]
    decays = _decays(decay, columns, [len(some) for some in groups], min(CHUNK, time), start.dtype)
    along = jnp.concatenate([_stacked([term.along for term in some]) for some in groups], -2)
    if decays.columns is not None:
        divisors = [jnp.repeat(decays.columns.up_to, len(some), -2) for some in groups]
        along = along / jnp.concatenate(divisors, -2)
    none = zeros((time, *start.shape[:-1]), start.dtype)
    values = [_stacked([none if t.value is None else t.value for t in some]) for some in groups]
    reads = [term.read for term in groups[0] if term.read is not None]
    moving, size = None, start.shape[-1]
    if reads:
        of_entering, of_changes = decays.coefficients(_stacked(reads), along)
        own = of_entering.shape[-2]
        fixed = values[0] if len(values) == 1 else values[0] + matrix_product(of_changes[..., own:], values[1])
        system = as_array(np.eye(own), start.dtype) - of_changes[..., :own]
        solved = triangular_solve(system, jnp.concatenate([of_entering, fixed], -1))
        moving, values[0] = solved[..., :size], solved[..., size:]

    def enter(
        matrix: Array, now: tuple[Array | None, list[Array], Array, Array | None, Array | None]
    ) -> tuple[Array, tuple[Array, Array]]:
        moving, values, along, whole, columns = now
        if moving is not None:
            values = [values[0] + matrix_product(moving, jnp.swapaxes(matrix, -1, -2)), *values[1:]]
        changes = jnp.concatenate(values, -2)
        kept = matrix if whole is None else matrix * whole
        after = kept + matrix_product(jnp.swapaxes(changes, -1, -2), along)
        return (after if columns is None else after * columns[..., None, :]), (matrix, changes)

    of_columns = None if decays.columns is None else decays.columns.up_to[..., -1, :]
    left = along if decays.of_matrix is None else along * decays.of_matrix.after
    whole = None if decays.of_matrix is None else decays.of_matrix.whole
    last, (entering, changes) = over_time(enter, start, (moving, values, left, whole, of_columns))
    return Memory(time, decays, entering, changes, along, last)


def _decays(decay: Array | None, columns: Array | None, counts: Sequence[int], steps: int, dtype: DTypeLike) -> Decays:
    """For changes in groups, of so many in each step. No product is divided by a ``decay``, which may be 0."""
    later = as_array(np.tri(steps, k=-1, dtype=bool))
    between, of_matrix, of_columns = as_array(np.tri(steps, k=-1), dtype), None, None
    if decay is not None:
        each = _chunked(decay[..., None], 1)[..., 0]
        products = _products(jnp.where(later, each[..., :, None], 1), -2)  # of the steps after the second, to the first
        between, up_to = jnp.where(later, _shifted(products, -2), 0), _products(each, -1)
        after = [jnp.repeat(products[..., -1, :, None], count, -2) for count in counts]
        of_matrix = MatrixDecays(_shifted(up_to, -1)[..., None], jnp.concatenate(after, -2), up_to[..., -1, None, None])
    if columns is not None:
        up_to = _products(_chunked(columns, 1), -2)
        of_columns = ColumnDecays(_shifted(up_to, -2), up_to)
    return Decays(
        steps, jnp.concatenate([jnp.repeat(between, count, -1) for count in counts], -1), of_matrix, of_columns
    )


def _products(factors: Array, axis: int) -> Array:
    """The products of all factors up to each place of an axis."""
    by = 1
    while by < factors.shape[axis]:
        factors = factors * _shifted(factors, axis, by)
        by *= 2
    return factors


def _shifted(products: Array, axis: int, by: int = 1) -> Array:
    """So many places later along an axis, after ones."""
    ones, _ = jnp.split(ones_like(products), [by], axis)
    rest, _ = jnp.split(products, [products.shape[axis] - by], axis)
    return jnp.concatenate([ones, rest], axis)


def _stacked(several: Sequence[Array]) -> Array:
    """Arrays [time, ..., component] as [chunk, ..., step * array, component]."""
    stacked = jnp.stack([_chunked(one) for one in several], -2)
    return stacked.reshape(*stacked.shape[:-3], -1, stacked.shape[-1])


def _chunked(a: Array, padding: float = 0) -> Array:
    """[time, ..., component] as [chunk, ..., step, component], the last chunk filled up with ``padding``."""
    length = min(CHUNK, a.shape[0])
    missing = full((-a.shape[0] % length, *a.shape[1:]), padding, a.dtype)
    return moveaxis(jnp.concatenate([a, missing]).reshape(-1, length, *a.shape[1:]), 1, -2)
