"""Nothing is wrong here: a verb may call anybody, and imports JAX when it is called."""

from holdfast.core.errors import Problem


def main():
    import jax

    from holdfast.studies import grid

    return jax, grid, Problem
