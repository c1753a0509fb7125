"""What a word of the alphabet is, and what it means to read one.

A cell writes its step in words (``alphabet/``, one file each) and never calls JAX. It calls them on a *reading*, which
decides what they mean: numbers, bounds, a record of what was said. Two rules keep every reading possible:

1.  Operands that depend on each other enter as one word. ``mix(k, a, b)`` is k*a + (1-k)*b; spelt out, bounds would see
    two independent k and grow without end.
2.  No control flow on values, no indices: gates are taken from ``linear`` by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

Value = Any
"""What a reading computes with: an array, a node of a record, a tuple of enclosures."""
SUM, PRODUCT, ATOM = 0, 1, 2
"""How tightly a written formula binds."""


class Reading(Protocol):
    """One meaning of the alphabet: linear maps, and every word by its name."""

    def linear(self, weights: Any, source: Value) -> Mapping[str, Value]:
        """W_g @ source (+ b_g where the map has a bias) for every gate g of ``weights``, by name."""
        ...

    def __getattr__(self, name: str) -> Callable[..., Value]:
        """What the word of this name does to values of this reading."""
        ...


@dataclass(frozen=True)
class Word:
    """A word with all its meanings, read from its file (``alphabet/sigmoid.py`` is a whole one).

    ``arity`` is the number of operands, None: two or more, one after the other. Templates name operands ``{0}``,
    ``{1}`` ...; ``text`` and ``latex`` say how tightly each has to bind (``{0:product}``), ``level`` how tightly the
    whole does. ``gradient`` has one C++ template for every operand, in which ``{d}`` is the cotangent of the result
    and ``{y}`` the result; None where there is no kernel for the word. ``javascript_gradient`` has the cotangents in
    JavaScript; None where ``gradient`` says the same in both languages. A word that acts component by component has one
    expression for every operand, another one a text for every operand, which adds to the array ``{to}``. ``limits`` are
    the least and the largest result, where there are some; ``domain`` has an interval for every operand of a word that
    is not for all numbers. The result of an ``exact`` word has no error of its own: bounds keep what its operands
    depend on. ``numbers`` computes in JAX, ``reference`` in NumPy, ``bounds`` encloses: it gets the rounding (None:
    exact real arithmetic) and a form for every operand.

    Most words act component by component; an operand with fewer axes than another is repeated along those that it
    lacks, which are the last. A word that does not has ``axes``, from the axes of its operands, as names or as sizes,
    to those of its result (``ValueError`` where they do not fit). Its numbers, and the forms of its bounds, are whole
    arrays; ``shapes`` has those of operands with which it is tried. ``componentwise`` are the places of operands each
    of whose numbers it multiplies by a number that does not depend on this operand, in the place where it is.
    ``kernel`` composes it of sums and of words that act component by component (``engine/native/components.py``).
    """

    name: str
    sentence: str
    arity: int | None
    limits: tuple[float, float] | None
    domain: tuple[tuple[float, float], ...] | None
    text: str
    latex: str
    level: int
    javascript: str
    cpp: str | None
    gradient: tuple[str, ...] | None
    javascript_gradient: tuple[str, ...] | None
    exact: bool
    numbers: Callable[..., Any]
    reference: Callable[..., Any]
    bounds: Callable[..., Any]
    axes: Callable[..., tuple[Any, ...]] | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
    componentwise: tuple[int, ...] = ()
    kernel: Callable[..., Any] | None = None

    def axes_of_result(self, operands: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
        """The axes of the result, from those of the operands. Raises ``ValueError`` where they do not fit."""
        if self.axes is not None:
            return self.axes(*operands)
        longest = max(operands, key=len)
        for axes in operands:
            if axes != longest[: len(axes)]:
                raise ValueError(f"{_listed(axes)} must be the first axes of {_listed(longest)}")
        return longest

    def filled(self, template: str, operands: Sequence[Any]) -> str:
        """The template with these operands; where there are more than it names, one after the other."""
        if self.arity is not None:
            return template.format(*operands)
        return str(reduce(lambda done, operand: template.format(done, operand), operands))


def _listed(axes: Sequence[Any]) -> str:
    return f"({', '.join(map(str, axes))})"
