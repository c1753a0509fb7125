"""Containment of intervals is what it is for sets: over all forms without terms with ends on a grid."""

from __future__ import annotations

import itertools
from fractions import Fraction

from flint import arb

from holdfast.alphabet.enclosures.forms import Form, contains

GRID = [Fraction(n, 2) for n in range(-2, 3)]


def ends(form: Form) -> tuple[Fraction, Fraction]:
    """The set of a form without terms, by exact arithmetic: an intersection of two intervals."""
    centre, slack, low, high = (Fraction(float(part)) for part in (form.centre, form.slack, form.low, form.high))
    return max(low, centre - slack), min(high, centre + slack)


def every_form() -> list[Form]:
    found = []
    for centre, slack, low, high in itertools.product(GRID, GRID, GRID, GRID):
        if slack >= 0 and low <= high:
            form = Form(*map(_arb, (centre,)), {}, _arb(slack), _arb(low), _arb(high))
            if ends(form)[0] <= ends(form)[1]:
                found.append(form)
    return found


def _arb(value: Fraction) -> arb:
    return arb(value.numerator) / value.denominator


def test_a_form_contains_another_exactly_where_its_set_does():
    forms = every_form()
    right = 0
    for outer, inner in itertools.product(forms, forms):
        (low, high), (below, above) = ends(inner), ends(outer)
        wanted = below <= low and high <= above
        right += wanted
        assert contains(outer, inner) == wanted
    assert 0 < right < len(forms) ** 2


def test_with_terms_the_interval_of_the_inner_form_counts():
    outer = Form(arb(0), {}, arb(1), arb(-1), arb(1))
    assert contains(outer, Form(arb(0), {"x": arb(1)}, arb(0), arb(-1), arb(1)))
    assert not contains(outer, Form(arb(0), {"x": arb(2)}, arb(0), arb(-2), arb(2)))
