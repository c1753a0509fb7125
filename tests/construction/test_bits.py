"""Bits against noise: how much a bistable unit bears is what the formula says, to a hundredth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.construction import constructions
from holdfast.construction.compile import compile_program
from holdfast.core.errors import BadValue
from holdfast.tasks.bits import Bits
from tests import construction_laws as laws

pytestmark = pytest.mark.usefixtures("quick_to_compile", "float64")

INVERSES = {"elman": math.atanh, "gru": math.atanh, "lstm": lambda m: math.atanh(math.atanh(m))}
"""F^-1, for gates that are exactly open: a bit m is held against noise nu where a m - w nu >= F^-1(m) for some m."""


def bit(cell, noise, tolerance=0.5, dtype="float64"):
    program = constructions.get("bits").program(Bits(bits=1, noise=noise), cell)
    return compile_program(program, cell, units=2, steps=None, tolerance=tolerance, dtype=dtype)


def margin(made) -> float:
    """The largest constant noise that the unit bears, from its weights."""
    _, channels, units = made.sheet.gates["bit 1"]["candidate"]
    (write,), (feedback,) = channels.values(), units.values()
    ceiling = {"lstm": math.tanh(1)}.get(made.sheet.cell, 1.0)
    levels = np.linspace(0, ceiling, 200_001)[1:-1]
    inverse = INVERSES[made.sheet.cell]
    return max(feedback * m - inverse(m) for m in levels) / write


def held(made, noise, steps=5000):
    """The outputs of a bit of +1 and one of -1 against constant noise of the other sign."""
    inputs = np.full((2, steps, 1), noise) * np.array([-1.0, 1.0])[:, None, None]
    inputs[:, 0, 0] = [1, -1]
    return laws.ours(made.network, inputs)[..., 0]


@pytest.mark.parametrize("noise", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("cell", INVERSES)
def test_noise_just_inside_the_margin_never_flips_and_just_outside_does(cell, noise):
    made = bit(cell, noise)
    bears = margin(made)
    assert bears > noise
    assert (np.sign(held(made, bears * 0.999)[:, -1]) == [1, -1]).all()
    assert (np.sign(held(made, bears * 1.01)[:, -1]) == [-1, 1]).all()


@pytest.mark.parametrize(("cell", "noise"), [("elman", 0.3), ("gru", 0.05)])
def test_the_margin_is_the_formula_of_the_construction(cell, noise):
    made = bit(cell, noise)
    _, channels, units = made.sheet.gates["bit 1"]["candidate"]
    (write,), (a,) = channels.values(), units.values()
    level = math.sqrt(1 - 1 / a)
    assert margin(made) == pytest.approx((a * level - math.atanh(level)) / write, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", INVERSES)
def test_noise_as_claimed_keeps_the_bit_within_the_claim(cell, dtype):
    made = bit(cell, 0.2, 0.1, dtype)
    worst = float(np.float32(0.2))
    found = held(made, worst).astype(np.float64)
    assert np.abs(found - [[1], [-1]]).max() <= made.claim.error <= 0.1
    draw = np.random.default_rng(0).uniform(-worst, worst, (50, 500, 1))
    draw[:, 0] = 1
    assert np.abs(laws.ours(made.network, draw) - 1).max() <= made.claim.error


@pytest.mark.parametrize("cell", INVERSES)
def test_a_bit_that_no_feedback_holds_is_refused_with_the_best(cell):
    with pytest.raises(BadValue, match=r"'bit 1' must tolerate noise of 0.2 and be read within 1e-17; the least error"):
        bit(cell, 0.2, 1e-17)
