"""Equality of weights by value: two networks are equal if they have the same structure, number formats and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.core.typed_jax import tree_flatten


class EqualByValue:
    """A base class of pytrees of arrays: ``==`` compares values and gives one bool, and equal ones have one hash.

    A NaN equals a NaN. Inside a program that JAX compiles, where values are not known, ``==`` raises as JAX does.
    """

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        ours, structure = tree_flatten(self)
        theirs, of_other = tree_flatten(other)
        return structure == of_other and all(_same(a, b) for a, b in zip(ours, theirs, strict=True))

    def __hash__(self) -> int:
        leaves, structure = tree_flatten(self)
        return hash((structure, *((np.shape(leaf), str(leaf.dtype)) for leaf in leaves)))


def _same(a: Any, b: Any) -> bool:
    return a.dtype == b.dtype and np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)
