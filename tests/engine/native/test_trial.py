"""The small computation that the doctor trusts the library by: right itself, and not to be deceived."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine import unroll
from holdfast.engine.native import library, trial
from holdfast.engine.network import create


@pytest.mark.parametrize("cell", ["lstm", "gru", "irnn"])
def test_what_is_written_is_what_xla_computes(cell, float64):
    network = jax.tree.map(np.float64, trial._drawn(create(cell, trial.INPUTS, trial.UNITS, 1)))
    inputs = trial._drawn(np.zeros((trial.ROWS, trial.STEPS, trial.INPUTS)))

    def loss(network):
        outputs, _ = unroll.unroll(network, jnp.asarray(inputs), engine="loop")
        return jnp.square(outputs).sum(), outputs

    sure = jax.grad(loss, has_aux=True)(jax.tree.map(jnp.asarray, network))
    found = trial.as_written(network, inputs)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8), found, sure)


def test_the_library_that_is_here_has_nothing_wrong():
    assert trial.disagreement() == ""


@pytest.mark.parametrize("fault", ["outputs", "gradient"])
def test_a_library_that_is_wrong_in_one_cell_is_found_out(monkeypatch, fault):
    def wrong(network, inputs, *, engine):
        outputs, state = unroll.unroll(network, inputs, engine=engine)
        if network.cell_name == "gru":
            outputs = 1.001 * outputs if fault == "outputs" else 2 * outputs - jax.lax.stop_gradient(outputs)
        return outputs, state

    monkeypatch.setattr(trial, "unroll", wrong)
    monkeypatch.setattr(library, "status", lambda: CUT)
    assert trial.disagreement().startswith("the library computes gru wrongly: it is off by ")


CUT = library.status()
CUT = dataclasses.replace(CUT, cells={cell: CUT.cells[cell] for cell in ("lstm", "gru") if cell in CUT.cells})
