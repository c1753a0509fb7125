"""The loop over time."""

from jax import lax


def over_time(step, state, inputs):
    return lax.scan(step, state, inputs)
