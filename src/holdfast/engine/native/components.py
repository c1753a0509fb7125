"""A step as operations on single numbers: values with rows and columns, functions of them, and sums.

A value has up to two axes, ``ROWS`` and ``COLUMNS``: a matrix has both, a vector one, a number none. A function acts
number by number; an operand that lacks an axis is repeated along it. Words on whole arrays are made of these
(``kernel`` in their files), and so is the gradient: ``gradient`` adds its values to the same list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter

from holdfast import alphabet
from holdfast.core.ops import Word

ROWS, COLUMNS = "rows", "columns"
Axes = frozenset[str]
NONE: Axes = frozenset()
ONE, ROW, COLUMN, MATRIX = NONE, frozenset({ROWS}), frozenset({COLUMNS}), frozenset({ROWS, COLUMNS})
CODES = {ONE: 0, ROW: 1, COLUMN: 2, MATRIX: 3}
"""The numbers by which the C++ code knows axes."""


@dataclass(frozen=True, eq=False)
class StepValue:
    """A value of the step. ``leaf`` names the array that it is read from; else it is the sum ``over`` an axis of its
    operand; else ``template`` is the C++ of its operands, and ``gradient`` has the cotangent of each, as in ``Word``.
    """

    axes: Axes
    template: str = ""
    operands: tuple[StepValue, ...] = ()
    gradient: tuple[str, ...] = ()
    over: str = ""
    leaf: str = ""


@dataclass
class StepValues:
    """The values of a step in the order of computation."""

    values: list[StepValue] = field(default_factory=list[StepValue])

    def _kept(self, value: StepValue) -> StepValue:
        self.values.append(value)
        return value

    def leaf(self, name: str, axes: Axes) -> StepValue:
        return self._kept(StepValue(axes, leaf=name))

    def function(
        self, template: str, operands: Sequence[StepValue], gradient: tuple[str, ...] = (), axes: Axes = NONE
    ) -> StepValue:
        """A function of operands; it has their axes, and ``axes``."""
        return self._kept(StepValue(axes.union(*(one.axes for one in operands)), template, tuple(operands), gradient))

    def total(self, a: StepValue, over: str) -> StepValue:
        """The sum over an axis, which the value must have."""
        if not a.template:
            a = self.function("{0}", [a], ("{d}",))
        return self._kept(StepValue(a.axes - {over}, operands=(a,), over=over))

    def word(self, word: Word, *operands: StepValue) -> StepValue:
        """A word of the alphabet, which must have a kernel."""
        if word.kernel is not None:
            return word.kernel(self, *operands)
        assert word.cpp is not None
        assert word.gradient is not None
        places = [f"{{{n}}}" for n in range(len(operands))]
        templates = word.gradient * len(operands) if word.arity is None else word.gradient
        return self.function(word.filled(word.cpp, places), operands, templates)

    def multiply(self, a: StepValue, b: StepValue) -> StepValue:
        return self.word(alphabet.get("multiply"), a, b)

    def subtract(self, a: StepValue, b: StepValue) -> StepValue:
        return self.word(alphabet.get("subtract"), a, b)

    def divide(self, a: StepValue, b: StepValue) -> StepValue:
        return self.word(alphabet.get("divide"), a, b)

    def sum_last(self, a: StepValue) -> StepValue:
        """The sum over the last axis."""
        return self.total(a, self.last_axis(a))

    def root(self, a: StepValue, least: float) -> StepValue:
        """The square root of a single number, of ``least`` if it is below that."""
        bound = f"V({least!r})"
        gradient = f"where_larger({{0}}, {bound}, {{d}} * 0.5 / {{y}})"
        return self.function(f"root(maximum({{0}}, {bound}))", [a], (gradient,))

    def over_root_of_size(self, a: StepValue) -> StepValue:
        """Divided by the root of the size of the last axis."""
        scale = f"V(f.{self.last_axis(a)}_scale)"
        return self.function(f"{{0}} * {scale}", [a], (f"{{d}} * {scale}",))

    def last_axis(self, a: StepValue) -> str:
        assert a.axes, "a word on a whole array got a single number"
        return COLUMNS if COLUMNS in a.axes else ROWS

    def gradient(self, cotangents: Mapping[StepValue, StepValue]) -> dict[StepValue, StepValue]:
        """The cotangents of all values that those with known ``cotangents`` depend on."""
        reached: defaultdict[StepValue, list[StepValue]] = defaultdict(list)
        for value, cotangent in cotangents.items():
            reached[value].append(cotangent)
        found: dict[StepValue, StepValue] = {}
        for value in reversed(tuple(self.values)):
            if terms := reached[value]:
                d = found[value] = terms[0] if len(terms) == 1 else self._sum(terms)
                for operand, part in self._handed_down(value, d):
                    reached[operand].append(part)
        return found

    def _sum(self, terms: Sequence[StepValue]) -> StepValue:
        return self.function(" + ".join(f"{{{n}}}" for n in range(len(terms))), terms)

    def _handed_down(self, value: StepValue, d: StepValue) -> list[tuple[StepValue, StepValue]]:
        """The operands of a value, and the share of each in its cotangent d."""
        if value.over:
            return [(value.operands[0], d)]
        parts: list[tuple[StepValue, StepValue]] = []
        given = {**{str(n): one for n, one in enumerate(value.operands)}, "y": value, "d": d}
        for operand, template in zip(value.operands, value.gradient, strict=True):
            used = list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name))
            place = {name: f"{{{n}}}" for n, name in enumerate(used)}
            unnamed = (place.get(str(n), "") for n in range(len(value.operands)))
            filled = template.format(*unnamed, y=place.get("y", ""), d=place.get("d", ""))
            part = d if template == "{d}" else self.function(filled, [given[name] for name in used])
            parts.append((operand, self._summed(part, value.axes - operand.axes)))
        return parts

    def _summed(self, part: StepValue, over: Axes) -> StepValue:
        """The sum over axes; along those that the part lacks, it is repeated."""
        if not over <= part.axes:
            part = self.function("{0}", [part], axes=over)
        for axis in sorted(over):
            part = self.total(part, axis)
        return part
