"""The alphabet read as sets of reals: for all numbers in the operands' sets, the result of a word is in its set.

``Bounds()`` holds for exact real arithmetic with the stored weights. ``Bounds(rounding)`` holds for IEEE arithmetic as
the engine runs it: after every word the rounding errors of ``rounding.py`` are added, and a word that does not round
adds none. With gates of exactly 1 and 0, the state of an LSTM or GRU is therefore the same set before and after a step.
This file decides which rule applies; ``rounding.py`` has the rules and the arguments for them.

The set of a computed number contains 0 if the number may be subnormal: this covers later operations that flush it to 0.
Over a range of x where |x| is large enough no such term is added, and a form without slack proves bit-exact recall.

A value is a tuple of forms, one for each unit, or a ``FormArray`` if it has other axes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from flint import arb, arb_mat

from holdfast.alphabet import Words
from holdfast.alphabet.enclosures import forms
from holdfast.alphabet.enclosures.arrays import FormArray, aligned, as_array
from holdfast.alphabet.enclosures.forms import NOTHING, Form, Summands, made, number, widened
from holdfast.alphabet.enclosures.rounding import Rounding, is_power, power_of_two
from holdfast.core.cell import Cell
from holdfast.core.ops import Word
from holdfast.engine.network import Linear

Value = tuple[Form, ...]


@dataclass(frozen=True, eq=False)
class Exact:
    """The weights of one linear map as exact reals. ``matrix`` [row, source] has the rows of all gates, in the order of
    ``shapes``. For each row, ``support`` lists the sources with a nonzero weight, and ``least`` is the smallest nonzero
    |weight| or |bias|."""

    gates: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    matrix: arb_mat
    absolute: arb_mat
    bias: tuple[arb, ...]
    support: tuple[tuple[int, ...], ...]
    least: tuple[float, ...]


def exact(linear: Linear) -> Exact:
    """The exact form of a map for ``Bounds.linear``. That accepts a ``Linear`` too, but converts it at every call."""
    linear = linear.dense()
    matrix = np.asarray(linear.matrix, np.float64).T
    bias = np.zeros(len(matrix)) if linear.bias is None else np.asarray(linear.bias, np.float64)
    sizes = np.abs(np.column_stack([matrix, bias]))
    return Exact(
        linear.gates,
        tuple(map(linear.shape, linear.gates)),
        arb_mat(matrix.tolist()),
        arb_mat(np.abs(matrix).tolist()),
        tuple(arb(b) for b in bias.tolist()),
        tuple(tuple(np.flatnonzero(row).tolist()) for row in matrix),
        tuple(np.where(sizes > 0, sizes, np.inf).min(1).tolist()),
    )


@dataclass(frozen=True)
class Bounds(Words):
    """Words on tuples of sets, one for each unit. ``symbols`` is the number of error terms that are tracked separately
    (0: none). With more of them, errors that reach a unit along several paths cancel better, but the computation takes
    longer."""

    rounding: Rounding | None = None
    symbols: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False, compare=False)

    def linear(self, weights: Linear | Exact, source: Value) -> Mapping[str, Value]:
        known = weights if isinstance(weights, Exact) else exact(weights)
        rows = iter(self._rows(known, source))
        return {
            gate: FormArray.of(shape, itertools.islice(rows, prod(shape)))
            for gate, shape in zip(known.gates, known.shapes, strict=True)
        }

    def apply(self, word: Word, *operands: Value) -> Value:
        if word.axes is not None:
            found = as_array(word.bounds(self.rounding, *map(as_array, operands)))
            return found if word.exact else FormArray.of(found.shape, self._fresh(found))
        shape, parts = aligned(operands)
        found = (word.bounds(self.rounding, *one) for one in zip(*parts, strict=True))
        return FormArray.of(shape, found if word.exact else self._fresh(found))

    def between(self, low: arb, high: arb, name: str = "") -> Form:
        """An input in the interval from low to high. A ``name`` makes it a variable of the forms."""
        if name:
            centre, half = (low + high) / 2, (high - low) / 2
            read = made(centre, {name: half} if not half.is_zero() else {}, NOTHING, low, high)
        else:
            read = forms.interval(low, high)
        read = read if self.rounding is None else self.rounding.flushed(read)
        return read if name else self._fresh([read])[0]

    def carried(self, state: Sequence[Form]) -> list[Form]:
        """The state carried to the next step, for all units of all layers: the forms reduced to their exact parts and
        at most ``symbols`` error terms."""
        names = {symbol for form in state for symbol in form.terms if isinstance(symbol, int)}
        if len(names) > self.symbols:
            weight = dict.fromkeys(names, 0.0)
            for form in state:
                for symbol, part in form.terms.items():
                    if symbol in weight:
                        weight[symbol] += abs(float(part.mid()))
            least = sorted(names, key=weight.__getitem__)[: len(names) - self.symbols]
            state = [forms.without(form, least) for form in state]
        carried = [forms.tidied(form) for form in state]
        if not all(f.slack.is_finite() and f.centre.is_finite() for f in carried):
            raise forms.Unbounded("the bounds grew past every number")
        return carried

    def apart(self, values: Value) -> Value:
        """The same sets, with a separate symbol for the error of every unit."""
        return tuple(self._named(form) for form in values)

    def _fresh(self, values: Iterable[Form]) -> Value:
        return self.apart(tuple(values)) if self.symbols else tuple(values)

    def _named(self, form: Form) -> Form:
        if form.slack.is_zero():
            return form
        return Form(form.centre, {**form.terms, next(self._numbers): form.slack}, NOTHING, form.low, form.high)

    def _rows(self, known: Exact, source: Value) -> list[Form]:
        """All rows of W @ source + b: W acts on centres and terms, |W| on slacks."""
        if not known.bias:  # the map has no rows
            return []
        if not source or not known.matrix.ncols():  # no units to read, or a map without a source
            return [self._constant(bias) for bias in known.bias]
        symbols = list({symbol: None for form in source for symbol in form.terms})
        columns = [[f.centre, (f.low + f.high) / 2, *(f.terms.get(s, NOTHING) for s in symbols)] for f in source]
        spread = [[f.slack, (f.high - f.low) / 2, f.size] for f in source]
        moved, loose = (known.matrix * arb_mat(columns)).tolist(), (known.absolute * arb_mat(spread)).tolist()
        found: list[Form] = []
        for row, (bias, support) in enumerate(zip(known.bias, known.support, strict=True)):
            used = [j for j in support if not source[j].is_number(0)]
            if not used:
                found.append(self._constant(bias))
                continue
            centre, middle, *parts = moved[row]
            slack, radius, size = loose[row]
            middle += bias
            terms = {s: part for s, part in zip(symbols, parts, strict=True) if not part.is_zero()}
            form = made(centre + bias, terms, slack, middle - radius, middle + radius)
            if self.rounding is not None:
                form = self._rounded_row(form, known, row, used, source, size + abs(bias))
            found.append(form)
        return found

    def _constant(self, bias: arb) -> Form:
        return number(bias) if self.rounding is None else self.rounding.flushed(number(bias))

    def _rounded_row(self, form: Form, known: Exact, row: int, used: list[int], source: Value, size: arb) -> Form:
        """A dot product and its bias, with the errors of rounded arithmetic."""
        assert self.rounding is not None
        rounding, weights = self.rounding, {j: known.matrix[row, j] for j in used}
        bias = known.bias[row]
        if not known.least[row] >= rounding.tiny:  # not the same as <: at low precision neither may be certain
            form = widened(form, self._flushed_weights(weights, source, bias))
        if len(used) == 1 and bias.is_zero():
            (j,) = used
            return rounding.product(form, number(weights[j]), source[j])
        rounded = sum(not (power_of_two(weights[j]) or is_power(source[j])) for j in used)
        subnormal = len(used) - rounded + (not bias.is_zero())
        terms = Summands(form, len(used) + (not bias.is_zero()), rounded, subnormal, size)
        found = None
        if not rounded and bias.is_zero():
            found = self._cancelled(form, known, row, used, source)
        return (found or rounding.sum(terms))._replace(summands=terms)

    def _flushed_weights(self, weights: Mapping[int, arb], source: Value, bias: arb) -> arb:
        """An upper bound on the change of a row when its subnormal weights are flushed to 0."""
        assert self.rounding is not None
        lost = [abs(w) * source[j].size for j, w in weights.items() if not abs(w) >= self.rounding.tiny]
        return forms.total([*lost, bias] if not abs(bias) >= self.rounding.tiny else lost)

    def _cancelled(self, form: Form, known: Exact, row: int, used: list[int], source: Value) -> Form | None:
        """The form of m + K - K, in any order, with exact products. None if the row is not such a sum.

        If m has weight 1, every result of this sum is a fixed point of it. The name of the sum contains everything that
        determines its value: the row, the index of m, and the indices of both K with their signs.
        """
        assert self.rounding is not None
        fixed = [j for j in used if source[j].is_point and source[j].centre.is_exact()]
        moving = [j for j in used if j not in fixed]
        if len(fixed) != 2 or len(moving) != 1:
            return None
        one, other = (known.matrix[row, j] * source[j].centre for j in fixed)
        (m,) = moving
        if not (one + other).is_zero():
            return None
        weight = known.matrix[row, m]
        name = (known, row, m, *fixed, float(one)) if weight == 1 else None
        again = name is not None and source[m].fixed == name
        found = self.rounding.cancelled(form, abs(one), abs(weight) * source[m].size, again)
        return None if found is None else found._replace(fixed=name)


def unpacked(cell: Cell, units: int, heads: int, forms: Sequence[Form]) -> tuple[Value, ...]:
    """The state of one layer from a flat list of forms: the cell's states in order, each in row-major order."""
    rest = iter(forms)
    shapes = (cell.shape(state, units, heads) for state in cell.states)
    return cell.state_type(*(FormArray.of(shape, itertools.islice(rest, prod(shape))) for shape in shapes))
