"""Sets of real numbers that remember what they depend on: affine forms with a plain interval beside them.

A form stands for every number

    centre + sum of terms[s] * e_s + d,   e_s in [-1, 1],   |d| <= slack,   low <= number <= high

where the symbols s are shared between forms: two forms with the same symbol depend on it together. A *name*
(``"x1"``) is the symbol of a number that has to be remembered, scaled to [-1, 1]; an integer is an error whose
origin was kept apart so that it can cancel. All five parts are balls of python-flint (Arb), so that every result
holds whatever is rounded while it is computed, at whatever precision.

Source: de Figueiredo & Stolfi 2004, Numerical Algorithms 37; Johansson 2017, IEEE Transactions on Computers 66.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from flint import arb, ctx

Symbol = str | int
NOTHING, ONE = arb(0), arb(1)


class Unbounded(ArithmeticError):  # noqa: N818 -- what the set is
    """A set grew past the largest number that a format can hold: nothing can be said any more."""


class Summands(NamedTuple):
    """The terms of a sum whose order of addition is not known: how many there are and the sum of their sizes.

    ``rounded`` of them are products that are rounded; ``subnormal`` of the others may be below the least normal
    number. ``exact`` is the form of the sum in real arithmetic.
    """

    exact: Form
    number: int
    rounded: int
    subnormal: int
    size: arb


class Form(NamedTuple):
    """One set of reals. ``terms`` holds no exact zero, and a set without terms and slack is one number.

    Two fields say more of the computed numbers themselves, in IEEE arithmetic. ``summands``: they are the sum of
    these, and what is added to them next may be added in between. ``fixed``: each of them is a fixed point of the
    sum of this name, which therefore gives it again without an error (see ``rounding.py``).
    """

    centre: arb
    terms: Mapping[Symbol, arb]
    slack: arb
    low: arb
    high: arb
    summands: Summands | None = None
    fixed: tuple[object, ...] | None = None

    @property
    def is_point(self) -> bool:
        return not self.terms and self.slack.is_zero()

    def is_number(self, number: int) -> bool:
        """Whether it is exactly this number and no other."""
        return self.is_point and self.centre.is_exact() and self.centre == number

    @property
    def size(self) -> arb:
        """The largest absolute value."""
        return abs(self.low).max(abs(self.high))

    @property
    def spread(self) -> arb:
        """The sum of |terms|: how far the form moves with what it depends on."""
        return total(self.terms.values())


def total(parts: Iterable[arb]) -> arb:
    """The sum of absolute values."""
    found = NOTHING
    for part in parts:
        found += abs(part)
    return found


def number(value: arb | int | float) -> Form:
    """One number."""
    exact = arb(value)
    return Form(exact, {}, NOTHING, exact, exact)


ZERO, UNIT = number(0), number(1)


def interval(low: arb, high: arb) -> Form:
    """Every number from low to high, dependent on nothing."""
    if low.is_exact() and high.is_exact() and low == high:
        return number(low)
    return Form((low + high) / 2, {}, (high - low) / 2, low, high)


def made(centre: arb, terms: Mapping[Symbol, arb], slack: arb, low: arb | None = None, high: arb | None = None) -> Form:
    """The form of these parts, its interval never wider than ``low`` to ``high`` where they are known.

    Where the interval alone is narrower than the slack, it is the better form.
    """
    if not terms and slack.is_zero():
        return Form(centre, {}, NOTHING, centre, centre)
    radius = slack + total(terms.values())
    below, above = centre - radius, centre + radius
    low = below if low is None else low.max(below)
    high = above if high is None else high.min(above)
    if slack >= (high - low) / 2:
        return interval(low, high)
    return Form(centre, terms, slack, low, high)


def combined(
    a: Mapping[Symbol, arb], b: Mapping[Symbol, arb], first: arb = ONE, second: arb = ONE
) -> dict[Symbol, arb]:
    """first * a + second * b, symbol by symbol."""
    found: dict[Symbol, arb] = {}
    for symbol in {**a, **b}:
        part = first * a.get(symbol, NOTHING) + second * b.get(symbol, NOTHING)
        if not part.is_zero():
            found[symbol] = part
    return found


def plus(a: Form, b: Form) -> Form:
    """a + b; an exact zero changes nothing."""
    if a.is_number(0):
        return b
    if b.is_number(0):
        return a
    return made(a.centre + b.centre, combined(a.terms, b.terms), a.slack + b.slack, a.low + b.low, a.high + b.high)


def negated(a: Form) -> Form:
    """-a, its summands too."""
    terms = {symbol: -part for symbol, part in a.terms.items()}
    summands = a.summands and a.summands._replace(exact=negated(a.summands.exact))
    return Form(-a.centre, terms, a.slack, -a.high, -a.low, summands)


def added(parts: Sequence[Form]) -> Form:
    """Their sum, one after the other."""
    found = parts[0]
    for part in parts[1:]:
        found = plus(found, part)
    return found


def within(form: Form, low: arb, high: arb) -> Form:
    """The form with its interval cut to where a function's values lie."""
    return Form(form.centre, form.terms, form.slack, form.low.max(low), form.high.min(high))


def result(form: Form) -> Form:
    """The same numbers as results of a word: what is added to them later is added to their sum."""
    return form if form.summands is None else form._replace(summands=None)


def scaled(a: Form, factor: arb) -> Form:
    """factor * a for one number ``factor``; an exact 1 changes nothing."""
    if factor.is_exact():
        if factor.is_zero():
            return ZERO
        if factor == 1:
            return a
    ends = factor * a.low, factor * a.high
    terms = {symbol: factor * part for symbol, part in a.terms.items()}
    return made(factor * a.centre, terms, abs(factor) * a.slack, ends[0].min(ends[1]), ends[0].max(ends[1]))


def times(a: Form, b: Form) -> Form:
    """a * b.

    With a = A + d_a, A affine, likewise b: the linear part of A B is kept; its quadratic part and A d_b + B d_a +
    d_a d_b are slack.
    """
    if a.is_point:
        return scaled(b, a.centre)
    if b.is_point:
        return scaled(a, b.centre)
    moves_a, moves_b = a.spread, b.spread
    slack = moves_a * moves_b + a.slack * b.slack
    slack += (abs(a.centre) + moves_a) * b.slack + (abs(b.centre) + moves_b) * a.slack
    corners = (a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high)
    low, high = corners[0], corners[0]
    for corner in corners[1:]:
        low, high = low.min(corner), high.max(corner)
    return made(a.centre * b.centre, combined(a.terms, b.terms, b.centre, a.centre), slack, low, high)


def mixed(keep: Form, kept: Form, new: Form) -> Form:
    """keep * kept + (1 - keep) * new as one act: never wider than both together where keep is in [0, 1].

    With keep = k0 + K + d_k, K affine, and D = kept - new: centres and terms are mixed by k0, K D0 is linear, and
    slack is k0 r_kept + (1 - k0) r_new + rad(keep) |r_kept - r_new| + |K||D - D0| + r_keep |D|. As far as keep may
    lie outside [0, 1], be it by the rounding of its own bounds, |D| times that is added.
    """
    if keep.is_number(1):
        return kept
    if keep.is_number(0):
        return new
    k0, other = keep.centre, 1 - keep.centre
    apart = combined(kept.terms, new.terms, ONE, -ONE)
    between, moves = kept.centre - new.centre, total(apart.values())
    spread = keep.spread
    slack = abs(k0) * kept.slack + abs(other) * new.slack + (spread + keep.slack) * abs(kept.slack - new.slack)
    slack += spread * moves + keep.slack * (abs(between) + moves)
    terms = combined(combined(kept.terms, new.terms, k0, other), keep.terms, ONE, between)
    outside = (-keep.low).max(keep.high - 1).max(NOTHING)
    outside *= abs(between) + moves + 2 * (kept.slack + new.slack)
    low, high = kept.low.min(new.low) - outside, kept.high.max(new.high) + outside
    return made(k0 * kept.centre + other * new.centre, terms, slack + outside, low, high)


def widened(a: Form, by: arb) -> Form:
    """a, and every number within ``by`` of it."""
    return a if by.is_zero() else made(a.centre, a.terms, a.slack + by, a.low - by, a.high + by)


def without(a: Form, symbols: Iterable[Symbol]) -> Form:
    """a, forgetting what it owes to these symbols."""
    gone = [a.terms[symbol] for symbol in symbols if symbol in a.terms]
    if not gone:
        return a
    kept = {symbol: part for symbol, part in a.terms.items() if symbol not in set(symbols)}
    return made(a.centre, kept, a.slack + total(gone), a.low, a.high)


def tidied(a: Form) -> Form:
    """The same set with exact parts: rounding of centre and terms moves into slack, ends move outwards."""
    slack, terms = a.slack + a.centre.rad(), {}
    for symbol, part in a.terms.items():
        slack += part.rad()
        if not (middle := part.mid()).is_zero():
            terms[symbol] = middle
    return Form(a.centre.mid(), terms, slack.upper(), a.low.lower(), a.high.upper(), fixed=a.fixed)


def joined(a: Form, b: Form) -> Form:
    """A form that contains both: centre and terms between theirs, chosen so that the slack is least. It is one of the
    two where that contains the other, so that sets which do not grow stay as they are to the last bit."""
    if a == b:  # what both are fixed points of included
        return a
    if not (a.terms or b.terms):
        for outer, inner in ((a, b), (b, a)):
            if contains(outer, inner):
                return result(outer)
        ends = _ends(a), _ends(b)
        return interval(ends[0][0].min(ends[1][0]), ends[0][1].max(ends[1][1]))
    apart = abs(a.centre - b.centre) + total(combined(a.terms, b.terms, ONE, -ONE).values())
    if apart.is_zero():
        share = NOTHING
    else:
        share = ((apart + b.slack - a.slack) / (2 * apart)).mid()
        share = share.max(NOTHING).min(ONE)
    other = 1 - share
    slack = (share * apart + a.slack).max(other * apart + b.slack)
    centre, terms = other * a.centre + share * b.centre, combined(a.terms, b.terms, other, share)
    return made(centre, terms, slack, a.low.min(b.low), a.high.max(b.high))


def contains(outer: Form, inner: Form) -> bool:
    """Whether every number of ``inner`` is one of ``outer`` at the same values of what they depend on, and a fixed
    point of all that those of ``outer`` are fixed points of.

    For tidied forms; not where ``outer`` has symbols that are no names, since several units share them.
    """
    if outer == inner:
        return True
    if outer.fixed is not None and outer.fixed != inner.fixed:
        return False
    if not outer.terms:
        return _between(outer, inner)
    apart = abs(outer.centre - inner.centre) + total(combined(outer.terms, inner.terms, ONE, -ONE).values())
    return bool(apart + inner.slack <= outer.slack and outer.low <= inner.low and inner.high <= outer.high)


def _between(outer: Form, inner: Form) -> bool:
    """Whether all numbers of a tidied form are in one without terms, by the ends of both. Their parts are exact, and
    the precision is that of their sums."""
    before, ctx.prec = ctx.prec, 4 * ctx.prec
    try:
        (low, high), (below, above) = _ends(inner), _ends(outer)
        return bool(below <= low and high <= above)
    finally:
        ctx.prec = before


def _ends(a: Form) -> tuple[arb, arb]:
    """The ends of a form, those of an interval around its centre where they are narrower and it has no terms."""
    return (a.low, a.high) if a.terms else (a.low.max(a.centre - a.slack), a.high.min(a.centre + a.slack))
