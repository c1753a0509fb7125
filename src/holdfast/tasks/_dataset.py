"""A dataset: sequences of one's own as a task, without an oracle and without a scenario.

Training reads some of the sequences. It is stopped by others, those for validation; figures that are reported are of
the rest, which are held out and decide nothing. A document of a dataset has
its sizes and a hash of its values, never the values: another process has to be given the arrays again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from holdfast.tasks._arrays import SequenceArrays, checked
from holdfast.tasks._divided import DividedRows, Share, divided

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

    ``held_out`` is the share of sequences that are kept for the test, ``validation`` the share for validation, both
    drawn by ``seed``, or their numbers from 0. Sequences with equal inputs are in one part. Numbers are right where
    every error is below ``tolerance``; classes are learned where the share of right ones is at least ``accuracy``.
    Training stops when the validation sequences meet this, and ``tune`` chooses settings by them. Verdicts and figures
    of a training, and all of ``test`` and ``explain``, are of the held-out sequences, so they have no selection bias.

    Values are read as float32. Raises ``BadValue`` with what is wrong.

    >>> echo = np.random.default_rng(0).integers(0, 3, (50, 8))
    >>> Dataset(echo, echo[:, 0])
    Dataset(35 sequences for training, 5 for validation, 10 held out, at most 8 steps, 3 symbols, 3 classes)
    """

    def __init__(
        self,
        inputs: ArrayLike | Sequence[ArrayLike],
        targets: ArrayLike | Sequence[ArrayLike],
        scored: ArrayLike | None = None,
        *,
        lengths: ArrayLike | None = None,
        present: ArrayLike | None = None,
        held_out: Share = 0.2,
        validation: Share = 0.1,
        seed: int = 0,
        tolerance: float = 0.05,
        accuracy: float = 1.0,
    ) -> None:
        self.arrays = checked(inputs, targets, scored, lengths, present)
        self.parts = divided(self.arrays.groups(), held_out, validation, seed)
        for name, rows in zip(("training", "validation", "the test"), self.parts, strict=True):
            if not self.arrays.scored[rows].any():
                raise BadValue(
                    f"no step of the sequences for {name} is scored.",
                    "Give another 'scored', 'validation' or 'held_out'.",
                )
        self.digest = _digest(self.arrays, self.parts)
        _known[self.digest] = self
        self.task = DatasetTask(
            digest=self.digest,
            sequences=len(self.parts.train),
            validation=len(self.parts.validation),
            held_out=len(self.parts.test),
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
            f"Dataset({len(self.parts.train)} sequences for training, {len(self.parts.validation)} for validation, "
            f"{len(self.parts.test)} held out, at most {a.inputs.shape[1]} steps, {read}, {asked})"
        )

    def rows(self, split: Split) -> Batch:
        """The sequences of a split, side by side."""
        if split not in self._batches:
            self._batches[split] = _batch(self.arrays, getattr(self.parts, split))
        return self._batches[split]

    @cached_property
    def _batches(self) -> dict[Split, Batch]:
        return {}


@dataclass(frozen=True)
class DatasetTask(Task):
    """Give the targets of the sequences of a dataset."""

    digest: str = axis("", "hash of the values")
    sequences: int = axis(1, "sequences for training", least=1)
    validation: int = axis(1, "sequences for validation, which stop the training", least=1)
    held_out: int = axis(1, "sequences for the test", least=1)
    steps: int = axis(1, "steps of the longest sequence", least=1)
    features: int = axis(1, "input features", least=1)
    targets: int = axis(1, "output features", least=1)
    symbols: int = axis(0, "number of symbols; 0 for numbers", least=0)
    classes: int = axis(0, "number of classes; 0 for numbers", least=0)
    tolerance: float = setting(0.05, "largest error of a right answer", positive=True)
    accuracy: float = axis(1.0, "share of right classes at which the dataset is learned", least=0)
    evaluated: str = axis("held_out", "sequences that figures are of", choices=("held_out", "validation"))

    length_axis: ClassVar[str] = "steps"

    def mistakes(self) -> list[str]:
        found = _known.get(self.digest)
        if found is None:
            raise AbsentData(
                f"the arrays of this dataset ({self.sequences} + {self.validation} + {self.held_out} sequences, digest "
                f"{self.digest or 'unknown'}) are not in this process.",
                AGAIN,
            )
        object.__setattr__(self, "_data", found)  # kept alive as long as the task
        a = found.arrays
        sizes = {
            "sequences": len(found.parts.train),
            "validation": len(found.parts.validation),
            "held_out": len(found.parts.test),
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
        empty = {name for name in ("symbols", "classes") if not getattr(self, name)}
        return frozenset(
            empty
            | {"tolerance" if self.classes else "accuracy"}
            | ({"evaluated"} if self.evaluated == "held_out" else set[str]())
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
        of: Literal["validation", "held_out"] = "validation" if self.evaluated == "validation" else "held_out"
        metric, bound = ("accuracy", self.accuracy) if self.classes else ("error_sup", self.tolerance)
        return Criterion(metric, bound, getattr(self, of), of)

    @property
    def while_choosing(self) -> DatasetTask:
        return replace(self, evaluated="validation")

    def examples(self, split: Split = "train") -> Batch:
        return self.data.rows("validation" if split == "test" and self.evaluated == "validation" else split)

    def row(self, key: Array, split: Split) -> Batch:
        rows = self.data.rows(split)
        return rows.take(jax.random.randint(key, (), 0, rows.inputs.shape[0]))

    def oracle(self, inputs: np.ndarray) -> np.ndarray:
        raise BadValue("a dataset has no oracle: what other sequences would ask for is not known.")

    def chance(self) -> dict[str, float | None]:
        """What the best constant answer of the training sequences reaches on the held-out ones."""
        a, (train, _, test) = self.data.arrays, self.data.parts
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


def _digest(arrays: SequenceArrays, parts: DividedRows) -> str:
    import hashlib

    return hashlib.sha256(f"{arrays.digest()} {[rows.tolist() for rows in parts]}".encode()).hexdigest()[:32]
