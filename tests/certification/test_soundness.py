"""No sequence errs by more than a certificate says: random networks of every cell, proofs against adversaries."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from holdfast import cells
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.engine.network import create
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.resolve import resolve
from holdfast.tasks.recall import Recall
from tests.networks import randomised
from tests.offenders.acts import ForgetfulBounds
from tests.oracle.blocks import WRAPPED

pytestmark = pytest.mark.usefixtures("quick_to_compile")
ANYTHING = 1e9
"""A tolerance that every bound meets: what is wanted is the bound."""
CELLS = [*cells.FOLDER.names(), *WRAPPED]
ROUNDING = 1e-12
"""Of float64, relative to the error: the certificate speaks of exact arithmetic."""


def excess(cell: str, seed: int, tries: int = 200) -> float:
    """How much further than its certificate a network of random size and scale can be driven."""
    draw = np.random.default_rng(seed)
    kind, units, layers = resolve(cell), int(draw.integers(1, 5)), int(draw.integers(1, 3))
    heads = 2 if kind.has_heads and units % 2 == 0 else 1
    shape = create(cell, 1, units, 1, layers, dtype=np.float64, heads=heads, embedding=kind.reads_units)
    scales = [0.3, 0.8, 2.0] if kind.is_vector else [0.1, 0.2, 0.3]  # exponentials and products may be too large
    network = randomised(shape, seed=1000 + 100 * seed, scale=float(draw.choice(scales)))
    task = Recall(steps=int(draw.integers(2, 7)))
    proof = prove(network, task, tolerance=ANYTHING, semantics=str(draw.choice(["real", "ieee"])))
    assert proof.verdict == "proved"
    found = refute(network, task.scenario(), task.lengths(), math.inf, seed=seed, tries=tries)
    return found.error - proof.error * (1 + ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(CELLS)))
def test_no_sequence_errs_by_more_than_is_certified(number, float64):
    """One network of every cell; ``benchmarks/soundness.py`` attacks as many as one likes."""
    assert excess(CELLS[number], seed=number) <= 0


def test_a_forgetful_prover_is_caught(float64, monkeypatch):
    monkeypatch.setattr("holdfast.certification.propagate.Bounds", ForgetfulBounds)
    assert issubclass(ForgetfulBounds, Bounds)
    assert any(excess("lstm", seed) > 0 for seed in range(4))
    jax.clear_caches()
