"""A dataset: sequences of one's own as a task, without an oracle and without a scenario.

Training reads some of the sequences, and every evaluation the others, which are held out. A document of a dataset has
its sizes and a hash of its values, never the values: another process has to be given the arrays again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal
from weakref import WeakValueDictionary

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from holdfast.core.arrays import Array
from holdfast.core.errors import AbsentData, BadValue, refuse
from holdfast.core.fields import setting
from holdfast.core.scenario import Scenario
from holdfast.core.task import Batch, Criterion, Split, Task, axis
from holdfast.core.values import got
from holdfast.tasks._arrays import SequenceArrays, checked

NAME = "dataset"
AGAIN = "In Python, make it again from the same arrays: dataset = holdfast.Dataset(inputs, targets, ...)."

_known: WeakValueDictionary[str, Dataset] = WeakValueDictionary()


class Dataset:
    """Sequences of one's own, which ``train``, ``test``, ``explain`` and ``tune`` take in place of a task.

    ``inputs``: numbers [sequences, time, features], or symbols, whole numbers from 0, [sequences, time].
    ``targets``: numbers [sequences, time, outputs], or classes, whole numbers from 0, [sequences, time]; or one target
    per sequence, asked for at its last step: [sequences, outputs] or [sequences]. ``scored`` [sequences, time] is true
    at the steps whose targets are asked for (default: all). Padding is behind a sequence: ``lengths`` [sequences], or
    ``present`` [sequences, time]; a list of sequences of different lengths is padded.

    ``held_out`` is the share of sequences that are kept for evaluations, drawn by ``seed``, or their numbers from 0.
    Sequences with equal inputs are never divided among training and evaluation. Numbers are right where every error is
    below ``tolerance``; classes are learned where the share of right ones is at least ``accuracy``. Training stops when
    the held-out sequences meet this: for a figure without selection bias, keep further sequences apart.

    Values are read as float32. Raises ``BadValue`` with what is wrong.

    >>> echo = np.random.default_rng(0).integers(0, 3, (50, 8))
    >>> Dataset(echo, echo[:, 0])
    Dataset(40 sequences for training, 10 held out, at most 8 steps, 3 symbols, 3 classes)
    """

    def __init__(
        self,
        inputs: ArrayLike | Sequence[ArrayLike],
        targets: ArrayLike | Sequence[ArrayLike],
        scored: ArrayLike | None = None,
        *,
        lengths: ArrayLike | None = None,
        present: ArrayLike | None = None,
        held_out: float | Sequence[int] | np.ndarray = 0.2,
        seed: int = 0,
        tolerance: float = 0.05,
        accuracy: float = 1.0,
    ) -> None:
        self.arrays = checked(inputs, targets, scored, lengths, present)
        self.train_rows, self.test_rows = _divided(self.arrays, held_out, seed)
        for name, rows in (("training", self.train_rows), ("evaluation", self.test_rows)):
            if not self.arrays.scored[rows].any():
                raise BadValue(
                    f"no step of the sequences for {name} is scored.", "Give another 'scored' or 'held_out'."
                )
        self.digest = _digest(self.arrays, self.test_rows)
        _known[self.digest] = self
        self.task = DatasetTask(
            digest=self.digest,
            sequences=len(self.train_rows),
            held_out=len(self.test_rows),
            steps=self.arrays.inputs.shape[1],
            features=self.arrays.inputs.shape[2],
            targets=self.arrays.targets.shape[2],
            symbols=self.arrays.symbols,
            classes=self.arrays.classes,
            tolerance=tolerance,
            accuracy=accuracy,
        )

    def __repr__(self) -> str:
        a = self.arrays
        read = f"{a.symbols} symbols" if a.symbols else f"{a.inputs.shape[2]} features"
        asked = f"{a.classes} classes" if a.classes else f"{a.targets.shape[2]} outputs"
        return (
            f"Dataset({len(self.train_rows)} sequences for training, {len(self.test_rows)} held out, at most "
            f"{a.inputs.shape[1]} steps, {read}, {asked})"
        )

    def rows(self, split: Split) -> Batch:
        """The sequences of a split, side by side."""
        return self._train if split == "train" else self._test

    @cached_property
    def _train(self) -> Batch:
        return _batch(self.arrays, self.train_rows)

    @cached_property
    def _test(self) -> Batch:
        return _batch(self.arrays, self.test_rows)


@dataclass(frozen=True)
class DatasetTask(Task):
    """Give the targets of the sequences of a dataset."""

    digest: str = axis("", "hash of the values")
    sequences: int = axis(1, "sequences for training", least=1)
    held_out: int = axis(1, "sequences for evaluations", least=1)
    steps: int = axis(1, "steps of the longest sequence", least=1)
    features: int = axis(1, "input features", least=1)
    targets: int = axis(1, "output features", least=1)
    symbols: int = axis(0, "number of symbols; 0 for numbers", least=0)
    classes: int = axis(0, "number of classes; 0 for numbers", least=0)
    tolerance: float = setting(0.05, "largest error of a right answer", positive=True)
    accuracy: float = axis(1.0, "share of right classes at which the dataset is learned", least=0)

    length_axis: ClassVar[str] = "steps"

    def mistakes(self) -> list[str]:
        found = _known.get(self.digest)
        if found is None:
            raise AbsentData(
                f"the arrays of this dataset ({self.sequences} + {self.held_out} sequences, digest "
                f"{self.digest or 'unknown'}) are not in this process.",
                AGAIN,
            )
        object.__setattr__(self, "_data", found)  # kept alive as long as the task
        a = found.arrays
        sizes = {
            "sequences": len(found.train_rows),
            "held_out": len(found.test_rows),
            "steps": a.inputs.shape[1],
            "features": a.inputs.shape[2],
            "targets": a.targets.shape[2],
            "symbols": a.symbols,
            "classes": a.classes,
        }
        reasons = [
            f"{name} is {getattr(self, name)}, but the arrays have {size}"
            for name, size in sizes.items()
            if getattr(self, name) != size
        ]
        if self.accuracy > 1:
            reasons.append(f"accuracy is {self.accuracy:g}, expected at most 1")
        refuse(reasons + super().mistakes(), NAME, "Sizes are those of the arrays; make another Dataset for others.")
        return []

    @property
    def data(self) -> Dataset:
        """The arrays."""
        found: Dataset = vars(self)["_data"]
        return found

    @property
    def name(self) -> str:
        return NAME

    @property
    def unused(self) -> frozenset[str]:
        return frozenset(
            {"tolerance" if self.classes else "accuracy"} | {n for n in ("symbols", "classes") if not getattr(self, n)}
        )

    @property
    def loss(self) -> str:
        return "cross_entropy" if self.classes else "squared_error"

    @property
    def memory_unit(self) -> Literal["bits", "reals"]:
        return "bits" if self.classes else "reals"

    @property
    def inputs(self) -> int:
        return self.features

    @property
    def outputs(self) -> int:
        return self.targets

    @property
    def longest(self) -> int:
        return self.steps

    @property
    def shortest(self) -> int:
        return int(self.data.arrays.present.sum(1).min())

    @property
    def lag_steps(self) -> int:
        """How long something has to be remembered is not known: at most from the first step to the last."""
        return self.steps - 1

    @property
    def asked_from(self) -> int:
        return int(np.argmax(self.data.arrays.scored.any(0)))

    @property
    def criterion(self) -> Criterion:
        if self.classes:
            return Criterion("accuracy", self.accuracy, self.held_out, held_out=True)
        return Criterion("error_sup", self.tolerance, self.held_out, held_out=True)

    def examples(self, split: Split = "train") -> Batch:
        return self.data.rows(split)

    def row(self, key: Array, split: Split) -> Batch:
        rows = self.data.rows(split)
        return rows.take(jax.random.randint(key, (), 0, rows.inputs.shape[0]))

    def oracle(self, inputs: np.ndarray) -> np.ndarray:
        raise BadValue("a dataset has no oracle: what other sequences would ask for is not known.")

    def chance(self) -> dict[str, float | None]:
        """What the best constant answer of the training sequences reaches on the held-out ones."""
        a, (train, test) = self.data.arrays, (self.data.train_rows, self.data.test_rows)
        known, asked = a.targets[train][a.scored[train]], a.targets[test][a.scored[test]].astype(np.float64)
        if self.classes:
            return {"error_rms": None, "accuracy": float(asked[:, known.sum(0).argmax()].mean())}
        return {"error_rms": float(np.sqrt(((asked - known.mean(0)) ** 2).mean())), "accuracy": None}

    def memory(self) -> list[float]:
        """Not known: an empty list."""
        return []

    def scenario(self) -> Scenario:
        raise BadValue("a dataset has no scenario that describes all its sequences.")

    def label_input(self, features: np.ndarray) -> str:
        return _label(features, self.symbols) if self.symbols else super().label_input(features)

    def label_output(self, features: np.ndarray) -> str:
        return _label(features, self.classes) if self.classes else super().label_output(features)


def refuse_dataset(kind: type[Task], why: str, fix: str) -> None:
    """Raise ``BadValue`` with ``why``, a sentence, where a task of this kind is a dataset."""
    if issubclass(kind, DatasetTask):
        raise BadValue(why, fix)


def _label(features: np.ndarray, count: int) -> str:
    return str(int(np.argmax(features))) if count and np.any(features) else ""


def _batch(arrays: SequenceArrays, rows: np.ndarray) -> Batch:
    with jax.ensure_compile_time_eval():  # a value, also where a program that uses it is compiled
        parts = (arrays.inputs, arrays.targets, arrays.scored, arrays.present)
        return Batch(*(jnp.asarray(part[rows]) for part in parts))


def _digest(arrays: SequenceArrays, test_rows: np.ndarray) -> str:
    import hashlib

    return hashlib.sha256(f"{arrays.digest()} {test_rows.tolist()}".encode()).hexdigest()[:32]


def _divided(
    arrays: SequenceArrays, held_out: float | Sequence[int] | np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the sequences for training and for evaluations, both in random order."""
    groups, count = arrays.groups(), len(arrays.inputs)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise BadValue(f"the seed of a dataset is {got(seed)}, expected a whole number of at least 0.")
    order = np.random.default_rng(seed).permutation(count)
    if isinstance(held_out, Sequence | np.ndarray):
        chosen = _chosen(held_out, count)
        both = np.intersect1d(groups[chosen], groups[~chosen])
        if len(both):
            twin = int(np.flatnonzero((groups == both[0]) & ~chosen)[0])
            here = int(np.flatnonzero((groups == both[0]) & chosen)[0])
            raise BadValue(
                f"sequence {here} is held out, and sequence {twin} for training has the same inputs.",
                "Hold out both or none.",
            )
    else:
        if not isinstance(held_out, float) or not 0 < held_out < 1:
            raise BadValue(
                f"held_out is {got(held_out)}, expected a share between 0 and 1, or the numbers of sequences."
            )
        distinct = list(dict.fromkeys(groups[order].tolist()))
        if len(distinct) < 2:
            raise BadValue(
                f"there are {count} sequences, with {len(distinct)} different inputs: expected at least 2, one for "
                "training and one to hold out."
            )
        sizes = np.bincount(groups, minlength=count)[distinct]
        enough = int(np.argmax(sizes.cumsum() >= max(1, round(held_out * count)))) + 1
        chosen = np.isin(groups, distinct[: min(enough, len(distinct) - 1)])
    return order[~chosen[order]], order[chosen[order]]


def _chosen(held_out: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
    numbers = np.asarray(held_out)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
        raise BadValue(f"held_out is {got(held_out)}, expected a share between 0 and 1, or the numbers of sequences.")
    if (numbers < 0).any() or (numbers >= count).any():
        raise BadValue(
            f"held_out has sequence {numbers[(numbers < 0) | (numbers >= count)][0]}, expected 0 to {count - 1}."
        )
    chosen = np.isin(np.arange(count), numbers)
    if chosen.all():
        raise BadValue(f"all {count} sequences are held out, and none is left to train on.")
    return chosen
