"""Arrays of a user's own sequences, checked, as one form: what ``holdfast.Dataset`` is given.

Inputs are numbers [sequence, time, feature] or symbols, whole numbers [sequence, time]. Targets are numbers or classes,
whole numbers, at every step or one for each sequence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from holdfast.core.errors import BadValue
from holdfast.core.values import got

MOST_SYMBOLS = 10_000
"""The largest number of symbols or classes; more are rather numbers, or names of sequences."""


@dataclass(frozen=True, eq=False)
class SequenceArrays:
    """``inputs`` [sequence, time, feature] and ``targets`` [sequence, time, output], float32, 0 where nothing is;
    ``scored`` and ``present`` [sequence, time]. ``symbols`` and ``classes`` count those that are one-hot in inputs and
    targets; 0 for numbers."""

    inputs: np.ndarray
    targets: np.ndarray
    scored: np.ndarray
    present: np.ndarray
    symbols: int
    classes: int

    def digest(self) -> str:
        """A hash of all values and shapes."""
        made = hashlib.sha256(f"{self.inputs.shape} {self.targets.shape} {self.symbols} {self.classes}".encode())
        for part in (self.inputs, self.targets, self.scored, self.present):
            made.update(np.ascontiguousarray(part).tobytes())
        return made.hexdigest()[:32]

    def groups(self) -> np.ndarray:
        """For every sequence the number of the first with the same inputs."""
        seen: dict[bytes, int] = {}
        rows = zip(self.inputs, self.present, strict=True)
        keys = (hashlib.sha256(x.tobytes() + here.tobytes()).digest() for x, here in rows)
        return np.array([seen.setdefault(key, n) for n, key in enumerate(keys)])


def checked(
    inputs: ArrayLike | Sequence[ArrayLike],
    targets: ArrayLike | Sequence[ArrayLike],
    scored: ArrayLike | None,
    lengths: ArrayLike | None,
    present: ArrayLike | None,
) -> SequenceArrays:
    """The arrays in one form. Raises ``BadValue`` with what is wrong with them."""
    read, own_lengths = _stacked("inputs", inputs)
    if read.ndim == 2 and read.dtype.kind in "iub":
        kind = "symbols"
    elif read.ndim == 3:
        kind = "numbers"
    else:
        raise BadValue(
            f"the inputs have the shape {list(read.shape)} and hold {read.dtype}, expected numbers [sequences, time, "
            "features], or symbols, whole numbers [sequences, time].",
            "One feature per step is inputs[:, :, None].",
        )
    _refuse_empty("inputs", read)
    here = _present(read, lengths, present, own_lengths)
    if kind == "symbols":
        numbers, symbols = _one_hot("inputs", "symbol", read, here)
    else:
        numbers, symbols = _numbers("inputs", read, here, "present"), 0
    right, scored_steps, classes = _targets(targets, scored, here)
    return SequenceArrays(numbers, right, scored_steps, here, symbols, classes)


def _targets(
    targets: ArrayLike | Sequence[ArrayLike], scored: ArrayLike | None, here: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """The targets [sequence, time, output], the mask of scored steps, and the number of classes."""
    given, _ = _stacked("targets", targets)
    sequences, steps = here.shape
    of_classes = given.dtype.kind in "iub" and given.ndim < 3
    if given.ndim == 0 or len(given) != sequences:
        raise BadValue(f"there are {sequences} sequences of inputs and targets of the shape {list(given.shape)}.")
    _refuse_empty("targets", given)
    if given.ndim == 2 and not of_classes and given.shape[1] == steps > 1:
        raise BadValue(
            f"targets of the shape {list(given.shape)} may be one number per step, or {steps} numbers per sequence.",
            "Give targets[:, :, None] for one per step; or an array [sequences, time, outputs] with 'scored'.",
        )
    of_steps = given.ndim == 3 or (given.ndim == 2 and of_classes)
    if given.ndim > 3 or (of_steps and given.shape[1] != steps):
        raise BadValue(
            f"the targets have the shape {list(given.shape)} and hold {given.dtype}, but the inputs have {steps} "
            "steps: expected numbers [sequences, time, outputs] or [sequences, outputs], or classes, whole numbers "
            "[sequences, time] or [sequences]."
        )
    if not of_steps:
        if scored is not None:
            raise BadValue(
                "the targets have no time axis, so that 'scored' does not apply: each is asked for at the last step of "
                "its sequence.",
                "Leave 'scored' out, or give targets for every step.",
            )
        asked = here & ~np.concatenate([here[:, 1:], np.zeros((sequences, 1), bool)], 1)
        wide = given[:, None] if of_classes else given.reshape(sequences, 1, -1)
        given = np.broadcast_to(wide, (sequences, steps, *wide.shape[2:]))
    else:
        asked = here if scored is None else _mask("scored", scored, here.shape)
        if (asked & ~here).any():
            row, step = np.argwhere(asked & ~here)[0]
            raise BadValue(f"step {step + 1} of sequence {row + 1} is scored, but it is padding.")
    if of_classes:
        right, classes = _one_hot("targets", "class", given, asked)
        if classes < 2 and asked.any():
            raise BadValue("all targets are of class 0, so that there is nothing to learn.")
        return right, asked, classes
    return _numbers("targets", given, asked, "scored"), asked, 0


def _stacked(name: str, given: ArrayLike | Sequence[ArrayLike]) -> tuple[np.ndarray, np.ndarray | None]:
    """The array, and the lengths of its sequences where it is a list of arrays of different lengths."""
    try:
        if isinstance(given, list | tuple) and len({np.shape(one)[:1] for one in cast("Sequence[Any]", given)}) > 1:
            parts = [np.asarray(one) for one in cast("Sequence[Any]", given)]
            if len({(part.ndim, part.shape[1:]) for part in parts}) == 1 and parts[0].ndim:
                lengths = np.array([len(part) for part in parts])
                made = np.zeros((len(parts), lengths.max(), *parts[0].shape[1:]), np.result_type(*parts))
                for row, part in zip(made, parts, strict=True):
                    row[: len(part)] = part
                return made, lengths
        made = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        raise BadValue(
            f"the {name} are no array: {str(error).splitlines()[0]}.", "Sequences have the same features."
        ) from error
    if made.dtype.kind not in "fiub":
        raise BadValue(
            f"the {name} hold {made.dtype}, expected numbers or whole numbers.",
            "Give an array of NumPy, or what numpy.asarray converts to one.",
        )
    return made, None


def _refuse_empty(name: str, made: np.ndarray) -> None:
    if made.size == 0:
        raise BadValue(f"the {name} have the shape {list(made.shape)}, which is empty.")


def _present(
    read: np.ndarray, lengths: ArrayLike | None, present: ArrayLike | None, own: np.ndarray | None
) -> np.ndarray:
    """The mask of steps that are no padding."""
    sequences, steps = read.shape[:2]
    given = [
        n for n, one in (("lengths", lengths), ("present", present), ("a list of sequences", own)) if one is not None
    ]
    if len(given) > 1:
        raise BadValue(f"{given[0]} and {given[1]} both say where the padding is.", "Give one of them.")
    if present is not None:
        made = _mask("present", present, (sequences, steps))
        if (made[:, 1:] & ~made[:, :-1]).any() or not made[:, 0].all():
            row = int(np.flatnonzero((made[:, 1:] & ~made[:, :-1]).any(1) | ~made[:, 0])[0])
            raise BadValue(f"'present' of sequence {row + 1} is not true up to its length and false behind it.")
        return made
    count = own if lengths is None else np.asarray(lengths)
    if count is None:
        return np.ones((sequences, steps), bool)
    if count.shape != (sequences,) or count.dtype.kind not in "iu":
        raise BadValue(f"the lengths are {got(lengths)}, expected {sequences} whole numbers, one for each sequence.")
    if (count < 1).any() or (count > steps).any():
        row = int(np.flatnonzero((count < 1) | (count > steps))[0])
        raise BadValue(f"the length of sequence {row + 1} is {count[row]}, expected 1 to {steps}.")
    return np.arange(steps) < count[:, None]


def _mask(name: str, given: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    made = np.asarray(given)
    if made.shape != shape or not np.isin(made, (0, 1)).all():
        raise BadValue(
            f"'{name}' has the shape {list(made.shape)} and holds {made.dtype}, expected true or false for each step, "
            f"{list(shape)}."
        )
    return made.astype(bool)


def _numbers(name: str, given: np.ndarray, there: np.ndarray, what: str) -> np.ndarray:
    """The numbers in float32, 0 where they are not ``there``."""
    with np.errstate(over="ignore"):
        made = np.where(there[..., None], given, 0).astype(np.float32)
    if not np.isfinite(made).all():
        row, step = np.argwhere(~np.isfinite(made).all(-1))[0]
        raise BadValue(
            f"the {name} of sequence {row + 1} at step {step + 1} are {given[row, step].tolist()}, which are no finite "
            "float32 numbers.",
            f"Correct them, or mark the step in '{what}'.",
        )
    return made


def _one_hot(name: str, what: str, given: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, int]:
    """The whole numbers as one-hot vectors, 0 where they are not ``there``, and how many there are."""
    whole = np.where(there, given, 0).astype(np.int64)
    if (whole < 0).any() or (whole >= MOST_SYMBOLS).any():
        row, step = np.argwhere((whole < 0) | (whole >= MOST_SYMBOLS))[0]
        raise BadValue(
            f"the {what} in the {name} of sequence {row + 1} at step {step + 1} is {whole[row, step]}, expected 0 to "
            f"{MOST_SYMBOLS - 1:,}.",
            "Number them from 0, or give real numbers as floats.",
        )
    count = int(whole.max()) + 1
    made = np.zeros((*whole.shape, count), np.float32)
    np.put_along_axis(made, whole[..., None], 1, -1)
    return made * there[..., None].astype(np.float32), count
