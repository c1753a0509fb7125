"""The division of a dataset's sequences into those for training, for validation and for the test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.values import got

Share = float | Sequence[int] | np.ndarray
"""A share of the sequences, or their numbers from 0."""


class DividedRows(NamedTuple):
    """The numbers of the sequences of each part, in random order. Sequences with equal inputs are in one part."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def divided(groups: np.ndarray, held_out: Share, validation: Share, seed: int) -> DividedRows:
    """The sequences whose ``groups``, equal for equal inputs, are given. Shares are drawn by ``seed``: first the
    sequences of the test, then those of the validation. Raises ``BadValue``."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise BadValue(f"the seed of a dataset is {got(seed)}, expected a whole number of at least 0.")
    count = len(groups)
    order = np.random.default_rng(seed).permutation(count)
    chosen = {
        name: _numbers(name, share, count) for name, share in (("held_out", held_out), ("validation", validation))
    }
    part = np.zeros(count, int)
    for name, number in (("validation", 1), ("held_out", 2)):
        rows = chosen[name]
        if rows is not None:
            if part[rows].any():
                raise BadValue(f"sequence {int(rows[part[rows] > 0][0])} is in both 'validation' and 'held_out'.")
            part[rows] = number
    _refuse_divided(groups, part)
    for name, share, number in (("held_out", held_out, 2), ("validation", validation, 1)):
        if chosen[name] is None:
            assert isinstance(share, float)
            rest = 2 if number == 2 and chosen["validation"] is None else 1
            part[np.isin(groups, _drawn(groups[order[part[order] == 0]], share * count, rest, count))] = number
    for number, name in enumerate(("training", "validation", "the test")):
        if not (part == number).any():
            raise BadValue(f"none of the {count} sequences is left for {name}.", "Give other shares or numbers.")
    return DividedRows(*(order[part[order] == number] for number in range(3)))


def _numbers(name: str, share: Share, count: int) -> np.ndarray | None:
    """The numbers of the sequences, where they are given as numbers."""
    wrong = BadValue(f"{name} is {got(share)}, expected a share between 0 and 1, or the numbers of sequences.")
    if not isinstance(share, Sequence | np.ndarray):
        if not isinstance(share, float) or not 0 < share < 1:
            raise wrong
        return None
    numbers = np.asarray(share)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
        raise wrong
    if (numbers < 0).any() or (numbers >= count).any():
        raise BadValue(
            f"{name} has sequence {numbers[(numbers < 0) | (numbers >= count)][0]}, expected 0 to {count - 1}."
        )
    return numbers


def _refuse_divided(groups: np.ndarray, part: np.ndarray) -> None:
    """Raise ``BadValue`` where equal inputs are in two parts that are given by their numbers."""
    names = ("for training", "for validation", "held out")
    for number in (1, 2):
        for other in (other for other in range(3) if other != number):
            if len(both := np.intersect1d(groups[part == number], groups[part == other])):
                here, there = (int(np.flatnonzero((groups == both[0]) & (part == n))[0]) for n in (number, other))
                raise BadValue(
                    f"sequence {here} is {names[number]}, and sequence {there} {names[other]} has the same inputs.",
                    "Put both into one part.",
                )


def _drawn(free: np.ndarray, wanted: float, rest: int, count: int) -> list[int]:
    """The first of the ``free`` groups, in their order, with ``wanted`` sequences or a few more; ``rest`` are left."""
    distinct = list(dict.fromkeys(free.tolist()))
    if len(distinct) <= rest:
        raise BadValue(
            f"there are {count} sequences, of which {len(distinct)} with different inputs can be divided: expected at "
            f"least {rest + 1}, since training, validation and the test need different ones."
        )
    sizes = np.bincount(free, minlength=count)[distinct].cumsum()
    enough = int(np.argmax(sizes >= max(1, round(wanted)))) + 1 if sizes[-1] >= max(1, round(wanted)) else len(distinct)
    return distinct[: min(enough, len(distinct) - rest)]
