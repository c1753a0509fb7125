"""Finite groups by their elements: the integers modulo n, and permutations of n things."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class FiniteGroup:
    """``product`` [element, element]: the element that is the first, then the second; element 0 is the identity.
    ``generators`` are some elements whose products are all of them."""

    names: tuple[str, ...]
    product: np.ndarray
    generators: tuple[int, ...]


def cyclic(n: int) -> FiniteGroup:
    """The integers modulo ``n`` under addition; the generators add 0, 1 or n - 1: stay, forward, back on a cycle."""
    numbers = np.arange(n)
    return FiniteGroup(
        tuple(map(str, numbers)), (numbers[:, None] + numbers) % n, tuple(dict.fromkeys((0, 1 % n, n - 1)))
    )


def permutations(n: int, even: bool) -> FiniteGroup:
    """All, or all even, permutations of 1 ... ``n``, named by where they take each: 213 exchanges the first two.

    The generators are a cycle of all and an exchange of the first two; of the even ones, with n odd, a cycle of the
    first three. The product of p and q takes i to q(p(i)).
    """
    all_of_them = np.array([p for p in itertools.permutations(range(n)) if not even or _is_even(p)])
    number = {tuple(p): i for i, p in enumerate(all_of_them.tolist())}
    product = np.array([[number[tuple(q[p])] for q in all_of_them] for p in all_of_them])
    first = (1, 2, 0) if even else (1, 0)
    generators = ((*range(1, n), 0), (*first, *range(len(first), n)))
    return FiniteGroup(
        tuple("".join(str(i + 1) for i in p) for p in all_of_them), product, tuple(number[g] for g in generators)
    )


def _is_even(p: tuple[int, ...]) -> bool:
    return sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
