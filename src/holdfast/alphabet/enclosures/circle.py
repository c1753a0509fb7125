"""The cosine and the sine of a form, as intervals: how both depend on the angle is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.alphabet.enclosures.forms import ONE, UNIT, ZERO, Form, interval, number, widened, within

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.rounding import Rounding


def cosine_and_sine(rounding: Rounding | None, angle: Form) -> tuple[Form, Form]:
    """Both, of an angle in radians. In rounded arithmetic each is off by an absolute error that was measured."""
    if angle.is_number(0):
        return UNIT, ZERO
    if angle.is_point:
        sine, cosine = (number(value) for value in angle.centre.sin_cos())
    else:
        sine, cosine = (interval(ball.lower(), ball.upper()) for ball in angle.low.union(angle.high).sin_cos())
    if rounding is None:
        return cosine, sine
    error = rounding.accuracy.circle_errors * rounding.roundoff
    return within(widened(cosine, error), -ONE, ONE), within(widened(sine, error), -ONE, ONE)
