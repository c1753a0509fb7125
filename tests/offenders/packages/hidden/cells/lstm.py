"""OFFENDER: a cell asks for time, inside a function."""


def step(x):
    from holdfast.engine.unroll import unroll

    return unroll(x)
