"""The shape annotations are checked where ``--shapes`` asks for it, and the checker is seen to fail."""

from __future__ import annotations

import jax.numpy as jnp
import jaxtyping
import pytest

from holdfast.core.arrays import Inputs, Outputs
from holdfast.engine.network import create
from holdfast.engine.unroll import unroll
from tests.shapes import checked


@jaxtyping.jaxtyped(typechecker=checked)
def shortened(inputs: Inputs, steps: float) -> Outputs:
    return inputs[:, : int(steps)]


def test_a_wrong_rank_a_wrong_kind_and_a_wrong_result_are_caught():
    assert shortened(jnp.zeros((2, 3, 1)), 3).shape == (2, 3, 1)
    for wrong in (jnp.zeros((2, 3)), jnp.zeros((2, 3, 1), int)):
        with pytest.raises(jaxtyping.TypeCheckError, match="parameter 'inputs'"):
            shortened(wrong, 3.0)
    with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
        shortened(jnp.zeros((2, 3, 1)), 2.0)


def test_the_option_checks_every_function_of_holdfast(request):
    if not request.config.getoption("--shapes"):
        pytest.skip("only with --shapes")
    with pytest.raises(jaxtyping.TypeCheckError, match=r"holdfast\.engine\.unroll\.unroll"):
        unroll(create("gru", 1, 2, 1), jnp.zeros((2, 3)))
