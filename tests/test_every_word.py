"""Every word obeys the laws of words, and each law catches a word that does not."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import jax
import pytest
from jax import lax

from holdfast import alphabet
from holdfast.plugins import word_laws
from holdfast.plugins.laws import LawViolation, NotApplicable
from holdfast.plugins.word_laws import LAWS

WORDS = alphabet.FOLDER.names()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", WORDS)
def test_every_word_obeys(name, law, float64):
    with contextlib.suppress(NotApplicable):
        law(alphabet.get(name))


def narrow(rounding: Any, a: Any) -> Any:
    found = alphabet.get("tanh").bounds(rounding, a)
    return found._replace(slack=found.slack * 0.9)


def unrounded(rounding: Any, a: Any) -> Any:
    return alphabet.get("softplus").bounds(None, a)


FAULTS = {
    "numbers_are_the_reference": ("sigmoid", {"numbers": lambda a: a}),
    "results_have_the_axes": ("contract", {"axes": lambda a, b: a}),
    "the_gradient_is_the_slope": ("sigmoid", {"numbers": lambda a: lax.stop_gradient(jax.nn.sigmoid(a))}),
    "cotangents_are_the_slope": ("tanh", {"gradient": ("{d} * (1 - {y})",)}),
    "the_text_is_the_reference": ("mix", {"text": "{0} * {1} + {2}"}),
    "results_are_within_the_limits": ("exp", {"limits": (0.0, 1.0)}),
    "bounds_contain_numbers": ("tanh", {"bounds": narrow}),
    "rounded_bounds_contain_numbers": ("softplus", {"bounds": unrounded}),
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_wrong_word_is_caught(law, float64):
    name, wrong = FAULTS[law.__name__]
    with pytest.raises(LawViolation):
        law(replace(alphabet.get(name), **wrong))


def test_a_divisor_around_zero_has_no_bounds():
    from flint import arb

    from holdfast.alphabet.enclosures.forms import ONE, Unbounded, interval, number

    with pytest.raises(Unbounded, match="a divisor may be 0"):
        alphabet.get("divide").bounds(None, number(1), interval(-ONE, ONE))
    found = alphabet.get("divide").bounds(None, number(1), interval(arb(-4), arb(-2)))
    assert float(found.low.lower()) <= -0.5 < -0.25 <= float(found.high.upper())


def test_what_is_not_checked_is_so_for_a_reason():
    """A kernel's gradient of the words that have one, and limits of those that are bounded."""
    without = {
        "cos",
        "held_imaginary",
        "held_real",
        "share",
        "sin",
        "sqrt_one_minus_square",
        *(name for name in WORDS if alphabet.get(name).axes is not None),
    }
    assert {name for name in WORDS if not alphabet.get(name).gradient} == without
    assert word_laws.drawn(alphabet.get("mix"), 0)[0].min() >= 0
