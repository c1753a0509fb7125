"""a itself, through which no gradient flows: a learning rule that is not the derivative of the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
text, latex = "stop({0})", r"\mathrm{{stop}}({0})"
javascript = "{0}"
exact, flows = True, False


def numbers(a: Any) -> Any:
    from jax import lax

    return lax.stop_gradient(a)


def reference(a: Any) -> Any:
    return a


def bounds(rounding: Rounding | None, a: Form) -> Form:
    return a
