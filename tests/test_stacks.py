"""Several cells in one step: a stack obeys the laws of cells and computes what its cells compute one after the other."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import ctx

from holdfast.engine.network import create
from holdfast.engine.readings.equation import equation
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import trace, unroll
from holdfast.plugins import cell_laws as laws
from holdfast.plugins.cells import LAWS
from tests import cell_laws
from tests.networks import numbers, random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")

STACKS = ("stack(lstm,gru)", "stack(prenorm(lstm),prenorm(gru))", "stack(mlstm,elman)", "stack(mingru,mlp(minlstm))")
every_one = pytest.mark.parametrize("cell", STACKS)


@pytest.mark.parametrize("law", [law for law in LAWS if law != "gradient"])
@every_one
def test_a_stack_obeys_the_laws_of_cells(cell, law, float64):
    LAWS[law](cell)


@every_one
def test_gradients_are_finite_differences(cell, float64):
    laws.gradients_are_finite_differences(cell)
