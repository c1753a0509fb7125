"""The compiled programs of a run: for ``lanes`` networks at once, each compiled once and shared by all threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
from jax import lax

from holdfast.core.arrays import Array, as_array
from holdfast.core.registered import forgotten_on_change
from holdfast.core.task import Task
from holdfast.core.typed_jax import eval_shape
from holdfast.engine.native import library, memory
from holdfast.engine.network import Network
from holdfast.engine.traced import Identity, TracedProgram, is_own, is_own_cell, task_identity
from holdfast.training.figures import FIGURES, Figures, as_numbers, figures_of, in_chunks, sums_of_chunk
from holdfast.training.learner import Learner, begin, first_networks, learn
from holdfast.training.measure import measure
from holdfast.training.optimisers import OPTIMISERS
from holdfast.training.settings import Settings
from holdfast.training.streams import PURPOSES, stream

VALIDATION = 256
"""Fresh sequences for a progress check; only a network that passes is put to the task's full test.

A network near the criterion is judged again and again, and would pass in the end by luck. So the full number of
sequences is passed twice, on separate rows, and the figures reported are those of the second."""


CACHED = 12_000_000
"""Bytes that networks learning at once may keep for their gradients: measured, on 2 MB of cache for each core."""

NUMBER_BYTES = 4
"""Training is in float32."""


class Programs:
    """The compiled programs of a training. ``begin`` and ``learn`` work on many networks (a leading axis), evaluations
    on one network."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._begin, self._learn = _beginning(settings.compiled()), _learning(settings.compiled())
        self._judge = _judgement(settings.task, settings.engine)
        self._sums = sums_of_chunk(settings.task, settings.engine)

    def begin(self, numbers: list[int]) -> Learner:
        """The learners of these networks, with a leading axis of networks."""
        single = first_networks(self.settings, numbers)
        together = jax.tree.map(lambda *leaves: np.stack(leaves), *single)
        learner = self._begin(together, as_array(numbers, np.uint32))
        return replace(learner, rate=np.full(len(numbers), self.settings.learning_rate, np.float32))

    def learn(self, learner: Learner, batches: int) -> Learner:
        task, given = self.settings.task, ()
        if task.criterion.of_dataset:
            given = (task.examples("train"), np.int32(np.max(np.asarray(learner.drawn))))
        return jax.block_until_ready(self._learn(learner, np.int32(batches), *given))

    def validate(self, network: Network, number: int, drawn: int) -> Figures:
        """The figures of an evaluation during training, on fresh rows; of a dataset, on those for validation."""
        if self.settings.task.criterion.of_dataset:
            return in_chunks(self._sums, network, self.settings.task.examples("validation"))
        return self._figures(network, number, drawn, "validate", VALIDATION)

    def test(self, network: Network, number: int, drawn: int) -> Figures:
        """The figures of the full test. A first test uses other rows; if the network fails it, its figures are
        returned. Of a dataset the test rows are used once, when training has ended."""
        criterion = self.settings.task.criterion
        if criterion.of_dataset:
            return in_chunks(self._sums, network, self.settings.task.examples("test"))
        figures = self._figures(network, number, drawn, "confirm", criterion.sequences)
        return self._figures(network, number, drawn, "test", criterion.sequences) if criterion.met(figures) else figures

    def _figures(self, network: Network, number: int, drawn: int, purpose: str, sequences: int) -> Figures:
        which = np.asarray([self.settings.seed, number, PURPOSES.index(purpose), drawn], np.uint32)
        return as_numbers(self._judge(network, which, np.int32(sequences)))


def _side_by_side(settings: Settings) -> Callable[..., Learner]:
    """``learn`` for a block of networks. All networks train in step with each other; if the values saved for their
    gradients exceed the caches, a few of them train on all batches, then the next few."""
    one = learn(settings)

    def many(learners: Learner, *more: Any) -> Learner:
        lanes = learners.number.shape[0]
        width = together(lanes, kept_bytes(settings))
        if width == lanes:
            return jax.vmap(one, (0, *[None] * len(more)))(learners, *more)
        return lax.map(lambda learner: one(learner, *more), learners, batch_size=width)

    return many


def kept_bytes(settings: Settings) -> int:
    """The bytes that the library saves of a batch for the gradient of one network; 0 if another engine is used."""
    if not settings.rule.whole or settings.used_engine != "native":
        return 0
    sizes = (1, settings.rows, settings.task.longest, settings.units)
    numbers = library.saved_numbers(settings.cell, NUMBER_BYTES, sizes, settings.truncate or 0)
    return NUMBER_BYTES * settings.layers * numbers


def together(lanes: int, each: int) -> int:
    """How many of ``lanes`` networks train at once if each saves ``each`` bytes. It is a divisor of ``lanes``."""
    return next(width for width in range(lanes, 0, -1) if lanes % width == 0 and (width * each <= CACHED or width == 1))


def refuse_too_much(settings: Settings, lanes: int, threads: int) -> None:
    """Raise ``BadValue`` if blocks of ``lanes`` networks on this many threads need more memory than there is."""
    each = kept_bytes(settings)
    at_once = threads * together(lanes, each)
    memory.refuse_too_much(
        at_once * each,
        f"the activations of {at_once} networks that learn at once ({threads} threads)",
        "Take a smaller --batch, fewer --units or --threads, or cut the gradient with --truncate.",
    )


@forgotten_on_change
@lru_cache(maxsize=32)
def _learning(settings: Settings) -> TracedProgram:
    """The program *learn*, shared by all settings with equal ``Settings.compiled``."""

    def identity(*_: Any) -> Identity | None:
        return training_identity("learn", settings)

    return TracedProgram(lambda: _side_by_side(settings), lambda learner, *_: learner, identity)


def training_identity(program: str, settings: Settings) -> Identity | None:
    """What determines a program of a training with these settings; None if a part of them is not holdfast's own."""
    kinds = (settings.task, settings.rule, OPTIMISERS.of(settings.optimiser), settings.stopping)
    own = all(map(is_own, kinds)) and is_own_cell(settings.cell_name)
    return {"program": program, "settings": settings.as_json()} if own else None


@forgotten_on_change
@lru_cache(maxsize=32)
def _beginning(settings: Settings) -> TracedProgram:
    """The program *begin*, from (networks, numbers) to learners."""
    many = jax.vmap(partial(begin, settings))

    def identity(*_: Any) -> Identity | None:
        return training_identity("begin", settings)

    return TracedProgram(lambda: many, partial(eval_shape, many), identity)


@forgotten_on_change
@lru_cache(maxsize=32)
def _judgement(task: Task, engine: str) -> TracedProgram:
    """The program from (network, (seed, number, purpose, drawn), sequences) to figures. It does not depend on the
    training settings."""

    def judge(network: Network, which: Array, sequences: Array) -> dict[str, Array]:
        seed, number, purpose, drawn = which
        key = jax.random.fold_in(stream(seed, number, purpose), drawn)
        return figures_of(measure(network, task, key, sequences, engine))

    def identity(network: Network, which: Array, sequences: Array) -> Identity | None:
        return task_identity("judge", network.cell_name, task, engine=engine)

    return TracedProgram(lambda: judge, lambda *_: dict.fromkeys(FIGURES, 0), identity)


@forgotten_on_change
@lru_cache(maxsize=8)
def programs(settings: Settings) -> Programs:
    """The programs of these settings, which are compiled once in a process."""
    return Programs(settings)
