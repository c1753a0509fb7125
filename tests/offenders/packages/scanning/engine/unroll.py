"""A loop over time of its own."""

from jax import lax


def unroll(step, state, inputs):
    return lax.scan(step, state, inputs)
