"""OFFENDER: an Elman network in which a unit's number decides what it does."""

from __future__ import annotations

import jax.numpy as jnp

from holdfast.cells import elman
from holdfast.cells.elman import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    n = elman.step(ops, weights, x, state).output
    n = n * (jnp.arange(n.shape[-1]) > 0)
    return Step(n, State(n), Gates(n))
