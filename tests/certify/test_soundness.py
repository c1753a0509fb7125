"""No sequence errs by more than a certificate says: random networks of every cell, proofs against adversaries."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from holdfast import cells
from holdfast.certify.prove import prove
from holdfast.certify.refute import refute
from holdfast.engine.network import create
from holdfast.engine.readings.bounds import Bounds
from holdfast.tasks.recall import Recall
from tests.networks import randomised
from tests.offenders.acts import ForgetfulBounds

pytestmark = pytest.mark.usefixtures("quick_to_compile")
ANYTHING = 1e9
"""A tolerance that every bound meets: what is wanted is the bound."""
CELLS = [name for name in cells.FOLDER.names() if cells.get(name).is_vector]
"""Of some networks with exponentials and quotients there are no bounds."""
ROUNDING = 1e-12
"""Of float64, relative to the error: the certificate speaks of exact arithmetic."""


def excess(cell: str, seed: int, tries: int = 200) -> float:
    """How much further than its certificate a network of random size and scale can be driven."""
    draw = np.random.default_rng(seed)
    shape = create(cell, 1, int(draw.integers(1, 5)), 1, int(draw.integers(1, 3)), dtype=np.float64)
    network = randomised(shape, seed=1000 + 100 * seed, scale=float(draw.choice([0.3, 0.8, 2.0])))
    task = Recall(steps=int(draw.integers(2, 7)))
    proof = prove(network, task, tolerance=ANYTHING, semantics=str(draw.choice(["real", "ieee"])))
    assert proof.verdict == "proved"
    found = refute(network, task.scenario(), task.lengths(), math.inf, seed=seed, tries=tries)
    return found.error - proof.error * (1 + ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cell", CELLS)
def test_no_sequence_errs_by_more_than_is_certified(cell, seed, float64):
    assert excess(cell, seed) <= 0


def test_a_forgetful_prover_is_caught(float64, monkeypatch):
    monkeypatch.setattr("holdfast.certify.propagate.Bounds", ForgetfulBounds)
    assert issubclass(ForgetfulBounds, Bounds)
    assert any(excess("lstm", seed) > 0 for seed in range(4))
    jax.clear_caches()
