"""OFFENDER: a verb imports JAX before it has read its flags; inside a function is the place."""

import jax.numpy as jnp


def main():
    import jax

    return jax, jnp
