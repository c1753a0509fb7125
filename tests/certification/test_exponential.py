"""Networks of cells with exponential gates and quotients: certified in IEEE arithmetic, and told why where they are
not."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from holdfast.alphabet.enclosures.rounding import ACCURACIES
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.core.results import Text
from holdfast.engine.network import Network, create
from holdfast.tasks.recall import Recall
from tests.networks import randomised

pytestmark = pytest.mark.usefixtures("exponential", "quick_to_compile")
TASK = Recall(steps=3)


def network(cell: str, scale: float, dtype: str = "float32") -> Network:
    return randomised(create(cell, 1, 2, 1, dtype=np.dtype(dtype)), seed=0, scale=scale)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["unstabilised", "stabilised", "quotients"])
@pytest.mark.parametrize("dtype", ACCURACIES)
def test_a_proof_in_ieee_arithmetic_is_accepted_and_holds(cell, dtype, float64):
    made = network(cell, 0.2, dtype)
    proof = prove(made, TASK, tolerance=1e9, semantics="ieee")
    assert proof.verdict == "proved"
    assert proof.certificate is not None
    assert check(proof.certificate, made).accepted
    assert any("exp within" in one for one in proof.certificate["assumptions"])
    worst = refute(made, TASK.scenario(), TASK.lengths(), math.inf, tries=200).error
    assert proof.error is not None
    assert worst <= proof.error
    fewer = proof.certificate | {"assumptions": proof.certificate["assumptions"][:1]}
    assert "it assumes" in check(fewer, made).reason


def test_other_cells_assume_nothing_of_exp(float64):
    proof = prove(network("elman", 0.2), TASK, tolerance=1e9, semantics="ieee")
    assert proof.certificate is not None
    assert not any("exp within" in one for one in proof.certificate["assumptions"])


@pytest.mark.parametrize(
    ("bias", "why"),
    [
        (89.0, r"why: at step 1 a number of up to 4\.\d+e\+38 may be too large for float32\."),
        (-95.0, r"why: at step 1 a divisor may be 0\."),
    ],
)
def test_what_is_unbounded_is_told_with_its_step(bias, why, float64):
    made = network("unstabilised", 0.2)
    maps = made.layers[0]
    biased = maps["x"].put("input", bias=bias)
    proof = prove(replace(made, layers=({**maps, "x": biased},)), TASK, semantics="ieee", seconds=5)
    assert proof.verdict == "unknown"
    (part,) = proof.parts()
    assert isinstance(part, Text)
    assert "Best bound: error at most inf" in part.text
    assert re.search(why, part.text), part.text
