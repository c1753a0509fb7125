"""The alphabet read as numbers: JAX arrays, which JAX differentiates, batches and compiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from holdfast.alphabet import Words
from holdfast.core.arrays import Array
from holdfast.core.ops import Word
from holdfast.engine.network import Linear


class Numbers(Words):
    """Words on arrays whose last axes are those that the cell declares. The axes before them are batch axes."""

    def linear(self, weights: Linear, source: Array) -> Mapping[str, Array]:
        return weights.gate_values(source)

    def apply(self, word: Word, *operands: Array) -> Array:
        return word.numbers(*(operands if word.axes is not None else aligned(operands)))


def aligned(operands: Sequence[Array]) -> Sequence[Array]:
    """The same values with equal numbers of axes: a value with fewer axes is repeated along the last axes of the
    others."""
    most = max(operand.ndim for operand in operands)
    if all(operand.ndim == most for operand in operands):
        return operands
    return [operand.reshape(*operand.shape, *(1,) * (most - operand.ndim)) for operand in operands]


def as_vector(output: Array, x: Array) -> Array:
    """A layer's output flattened to [..., unit], as the layer above and the read-out read it. ``x`` is the input of the
    layer; its leading axes are kept."""
    return output if output.ndim == x.ndim else output.reshape(*x.shape[:-1], -1)
