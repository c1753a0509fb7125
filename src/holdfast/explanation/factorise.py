"""Solving linear systems and orthogonalising, one matrix after the other, inside compiled programs.

JAX's LAPACK kernels on a CPU cut a *batch* of matrices into pieces, put them into XLA's pool of threads, and wait for
them. They may themselves run in a thread of that pool. Two programs that do so at once can hold all its threads, on two
cores both, while the pieces that they wait for are still queued: neither ever ends. A kernel that is given a single
matrix computes it where it stands and waits for nobody. So no compiled program of this package factorises a batch:
these functions loop over it, and must not be called under ``vmap``.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from holdfast.core.arrays import Array


def solve(matrices: Array, right_sides: Array) -> Array:
    """x of A x = b, for every A [batch, n, n] and b [batch, n]."""
    return jax.lax.map(lambda each: jnp.linalg.solve(*each), (matrices, right_sides))


def qr(matrices: Array) -> tuple[Array, Array]:
    """Q [batch, n, k] and R [batch, k, k] of every matrix [batch, n, k] with k <= n."""
    return jax.lax.map(jnp.linalg.qr, matrices)
