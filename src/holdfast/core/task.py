"""What a task is: rows of inputs with the right answers, the chance level, and the memory that it demands.

A file under ``tasks/`` *is* a task: it defines one frozen dataclass derived from ``Task``, whose fields are the
task's axes. A task makes one row from one key; batches, splits and drawing are written here, once.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import jax
import numpy as np

from holdfast.core.arrays import Array, Leaf, as_array
from holdfast.core.errors import BadValue, UnknownName, refuse
from holdfast.core.fields import field_infos, mistakes, setting, take
from holdfast.core.formats import LARGEST
from holdfast.core.registered import class_name
from holdfast.core.scenario import LengthKind, Lengths, Scenario
from holdfast.core.typed_jax import asarray, tree_map

Split = Literal["train", "validation", "test"]
"""Training rows and test rows are drawn from disjoint sets; see ``core/splits.py``. Only a dataset has rows for
validation, which stop the training."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Batch:
    """Sequences side by side, or one row of them without the batch axis.

    ``inputs`` [batch, time, input], or symbols [batch, time], whole numbers from 0, for a network with an embedding;
    ``targets`` [batch, time, output]; ``scored`` [batch, time], true where the output is asked for; ``present``
    [batch, time], false in the padding behind a shorter sequence.
    """

    inputs: Leaf
    targets: Leaf
    scored: Leaf
    present: Leaf

    def arrays(self) -> Batch:
        """The same rows in arrays of JAX. Nothing is compiled for it."""

        def array(part: Leaf) -> Array:
            return part if isinstance(part, jax.Array) else as_array(part)

        return tree_map(array, self)

    def take(self, rows: Array | np.ndarray | slice | int) -> Batch:
        """The rows of these indices, in this order."""
        if isinstance(rows, jax.Array):  # traced perhaps, which cannot index an array of NumPy
            return tree_map(lambda part: asarray(part)[rows], self)
        return tree_map(lambda part: part[rows], self)


@dataclass(frozen=True)
class Criterion:
    """When a network has solved a task: ``metric`` reaches ``bound`` on every one of ``sequences`` sequences, which are
    drawn afresh, or ``given`` and then those of the training too, or a part of a dataset: ``held_out`` ones, or, while
    settings are chosen, those for ``validation``."""

    metric: Literal["error_sup", "accuracy"]
    bound: float
    sequences: int = 2560
    of: Literal["fresh", "given", "held_out", "validation"] = "fresh"

    @property
    def given(self) -> bool:
        return self.of == "given"

    @property
    def of_dataset(self) -> bool:
        """Whether the sequences are a part of a dataset, of which another part stops the training."""
        return self.of in ("held_out", "validation")

    @property
    def of_numbers(self) -> bool:
        """Whether answers are numbers, judged by their errors; otherwise they are symbols, right or wrong."""
        return self.metric == "error_sup"

    def met(self, score: Mapping[str, float | None]) -> bool:
        value = score[self.metric]
        if value is None or not np.isfinite(value):
            return False
        return value >= self.bound if self.metric == "accuracy" else value < self.bound

    def __str__(self) -> str:
        words = {"error_sup": f"largest error below {self.bound:g}", "accuracy": f"accuracy at least {self.bound:g}"}
        on = f"{'' if self.of == 'fresh' else 'the '}{self.sequences} {self.of.replace('_', '-')}"
        return f"{words[self.metric]} on {on} sequences"


MOST = 10_000_000
"""What an axis that counts may be: no row that is longer or wider than this fits a machine, and making one would only
take long to fail."""


def axis(default: Any, help: str, *, least: float | None = None, choices: tuple[str, ...] | None = None) -> Any:
    """A field of a task that a user may vary: its baseline, what it means, the least value or the choices."""
    return setting(default, help, least=least, most=MOST if type(default) is int else None, choices=choices)


def range_mistakes(range: tuple[float, float]) -> list[str]:
    """Why no numbers can be drawn from this range."""
    low, high = range
    if not (np.isfinite(low) and np.isfinite(high)):
        return [f"--range {low:g} {high:g} is unbounded, but training samples need a bounded range"]
    if max(abs(low), abs(high)) > LARGEST:
        return [f"--range {low:g} {high:g} is past the largest number of float32, in which rows are drawn"]
    return [] if low < high else [f"--range {low:g} {high:g} is empty, expected the smaller number first"]


@dataclass(frozen=True)
class Task(abc.ABC):
    """One task with all its axes fixed. Subclasses are final, frozen, and know nothing of networks."""

    length_axis: ClassVar[str]

    def __post_init__(self) -> None:
        fix = f"See 'holdfast show {self.name}' for its axes."
        refuse(take(self), self.name, fix)
        refuse(self._too_large(), self.name, fix)  # first: other reasons are computed from the sizes
        refuse(self.mistakes(), self.name, fix)

    def _too_large(self) -> list[str]:
        sizes = [(axis, getattr(self, name)) for name, axis in field_infos(type(self)).items()]
        return [f"{axis.flag} {axis.mistake(n)}" for axis, n in sizes if isinstance(n, int) and n > MOST]

    def mistakes(self) -> list[str]:
        """Every reason why these axes make no task; a subclass adds its own."""
        return mistakes(self)

    @property
    def name(self) -> str:
        return class_name(type(self))

    @property
    def unused(self) -> frozenset[str]:
        """The axes that do not apply, since another has the value that it has; they are left out of what is printed."""
        return frozenset()

    @property
    @abc.abstractmethod
    def loss(self) -> str:
        """The loss it is trained with, by its name in ``core/losses.py``."""

    @property
    @abc.abstractmethod
    def memory_unit(self) -> Literal["bits", "reals"]:
        """What ``memory`` counts."""

    @property
    @abc.abstractmethod
    def inputs(self) -> int:
        """Input features per step."""

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Output features per step."""

    @property
    @abc.abstractmethod
    def longest(self) -> int:
        """Steps of the longest sequence, padding included."""

    @property
    def shortest(self) -> int:
        """Steps of the shortest sequence: where they have one length, the longest."""
        return self.longest

    @property
    @abc.abstractmethod
    def lag_steps(self) -> int:
        """The longest time over which something has to be remembered, in steps."""

    @property
    def asked_from(self) -> int:
        """The first step, from 0, of which any row's output may be scored: before it nobody needs to read it out."""
        return 0

    @property
    @abc.abstractmethod
    def criterion(self) -> Criterion:
        """When a network has solved this task."""

    @property
    def while_choosing(self) -> Task:
        """The task by whose figures a search chooses settings: this one, unless its test rows are few and fixed."""
        return self

    @abc.abstractmethod
    def row(self, key: Array, split: Split) -> Batch:
        """One row, without the batch axis, drawn with ``key`` from this split."""

    def symbol_row(self, key: Array, split: Split) -> Batch:
        """The same row with symbols [time] in place of their one-hot inputs, which a network with an embedding reads. A
        task has it if its inputs are always symbols and may be very many."""
        raise BadValue(f"{self.name}: this task draws no rows of symbols.", "Draw rows of one-hot inputs.")

    @property
    def draws_symbols(self) -> bool:
        """Whether it has ``symbol_row``."""
        return type(self).symbol_row is not Task.symbol_row

    def gaps(self, inputs: np.ndarray) -> np.ndarray | None:
        """Of one row of inputs, as ``row`` or ``symbol_row`` gives them, for every step [time]: how many steps ago the
        symbol was read that is asked for, 0 where none is. None where answers are not symbols that were read."""
        return None

    @abc.abstractmethod
    def oracle(self, inputs: np.ndarray) -> np.ndarray:
        """The right outputs [time, output] of one row, recomputed from its inputs [time, input] alone."""

    @abc.abstractmethod
    def chance(self) -> dict[str, float | None]:
        """What the best guess from the current input alone reaches: ``error_rms`` and ``accuracy``, or None."""

    @abc.abstractmethod
    def memory(self) -> list[float]:
        """How much must be held after each step, in ``memory_unit``, of what was read before."""

    def scenario(self) -> Scenario:
        """All rows at once, as an automaton that a proof can go through. Raises ``BadValue`` where there is none."""
        raise BadValue(
            f"{self.name}: this task has no scenario, which describes all its rows, so nothing can be proved about it.",
            "Write a method 'scenario', as in tasks/recall.py.",
        )

    def lengths(self, kind: LengthKind = "exactly", first: int = 1) -> Lengths:
        """Its rows as a question: those of exactly its length (the default), all up to it, or those of every length.

        For the latter two, answers before step ``first`` are not asked for.
        """
        if kind == "exactly":
            return Lengths(kind, self.asked_from + 1, self.longest)
        return Lengths(kind, first, None if kind == "any" else self.longest)

    def label_input(self, features: np.ndarray) -> str:
        """One input in the user's words."""
        return " ".join(f"{value:+.2f}" for value in features)

    def label_output(self, features: np.ndarray) -> str:
        """One target, or one prediction, in the user's words."""
        return " ".join(f"{value:+.2f}" for value in features)

    def examples(self, split: Split = "train") -> Batch | None:
        """All rows of a split, where the task is a fixed list of them; None where rows are drawn afresh. A list that is
        given as the task itself is both splits; see ``Criterion.given``."""
        return None

    def sample(
        self, key: Array, batch: int, split: Split = "train", first: int | Array = 0, *, symbols: bool = False
    ) -> Batch:
        """Rows ``first`` ... ``first + batch - 1``, by ``symbol_row`` for ``symbols``. A row depends on the key and its
        number, on nothing else."""
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, np.arange(batch) + first)

        def row(key: Array) -> Batch:
            return self.symbol_row(key, split) if symbols else self.row(key, split)

        return jax.vmap(row)(keys)


def with_axes(kind: type[Task], axes: Mapping[str, Any]) -> Task:
    """The task of this kind with these axes, as a document or a command line has them: lists become tuples.

    Raises ``UnknownName`` for an axis that does not exist, ``BadValue`` for axes that make no task.
    """
    return kind(**known_axes(kind, axes))


def known_axes(kind: type[Task], axes: Mapping[str, Any]) -> dict[str, Any]:
    """The axes themselves. Raises ``UnknownName`` for one that does not exist."""
    known = field_infos(kind)
    for name in axes:
        if name not in known:
            raise UnknownName(f"axis of {class_name(kind)}", name, known)
    return dict(axes)
