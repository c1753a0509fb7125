"""The compiled programs of a run: for ``lanes`` networks at once, each compiled once and shared by all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.task import Task
from holdfast.engine.native import library, memory
from holdfast.engine.network import Network
from holdfast.engine.unroll import refuse_past_the_last
from holdfast.models.answers import Answers
from holdfast.models.levels import Model
from holdfast.training.learner import Learner, begin, first_networks, learn
from holdfast.training.measure import Score, measure
from holdfast.training.settings import Settings
from holdfast.training.streams import PURPOSES, stream

Figures = dict[str, float]

VALIDATION = 256
"""Fresh sequences for a progress check; only a network that passes is put to the task's full test.

A network near the criterion is judged again and again, and would pass in the end by luck. So the full number of
sequences is passed twice, on separate rows, and the figures reported are those of the second."""


CACHED = 12_000_000
"""Bytes that networks learning at once may keep for their gradients: measured, on 2 MB of cache for each core."""

NUMBER_BYTES = 4
"""Training is in float32."""


class Programs:
    """``begin`` and ``learn`` work on networks side by side (a leading axis), judgements on one at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._begin, self._learn = _learning(settings.compiled())
        self._judge = _judgement(settings.task, settings.engine)

    def begin(self, numbers: list[int]) -> Learner:
        """The learners of these networks, side by side."""
        single = first_networks(self.settings, numbers)
        together = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *single)
        learner = self._begin(together, jnp.asarray(numbers, jnp.uint32))
        return replace(learner, rate=jnp.full(len(numbers), self.settings.learning_rate, jnp.float32))

    def learn(self, learner: Learner, batches: int) -> Learner:
        return jax.block_until_ready(self._learn(learner, jnp.int32(batches)))

    def validate(self, network: Network, number: int, drawn: int) -> Figures:
        return self._figures(network, number, drawn, "validate", VALIDATION)

    def test(self, network: Network, number: int, drawn: int) -> Figures:
        """The figures of the full test; where a first one, on other rows, is failed, the figures of that."""
        criterion = self.settings.task.criterion
        figures = self._figures(network, number, drawn, "confirm", criterion.sequences)
        return self._figures(network, number, drawn, "test", criterion.sequences) if criterion.met(figures) else figures

    def _figures(self, network: Network, number: int, drawn: int, purpose: str, sequences: int) -> Figures:
        which = jnp.asarray([self.settings.seed, number, PURPOSES.index(purpose), drawn], jnp.uint32)
        return _plain(self._judge(network, which, jnp.int32(sequences)))


def _side_by_side(settings: Settings) -> Callable[[Learner, Array], Learner]:
    """``learn`` for a block of networks: all in step with each other, or, where what they keep for their gradients
    would not stay in caches, a few of them through all batches, then the next few."""
    one = learn(settings)

    def many(learners: Learner, batches: Array) -> Learner:
        lanes = learners.number.shape[0]
        width = together(lanes, kept_bytes(settings))
        if width == lanes:
            return jax.vmap(one, (0, None))(learners, batches)
        return lax.map(lambda learner: one(learner, batches), learners, batch_size=width)

    return many


def kept_bytes(settings: Settings) -> int:
    """What the library keeps of a batch for one network's gradient; 0 where the library is not what learns."""
    if not settings.rule.whole or settings.used_engine != "native":
        return 0
    sizes = (1, settings.rows, settings.task.longest, settings.units)
    numbers = library.saved_numbers(settings.cell, NUMBER_BYTES, sizes, settings.truncate or 0)
    return NUMBER_BYTES * settings.layers * numbers


def together(lanes: int, each: int) -> int:
    """How many of ``lanes`` networks learn at once where one keeps ``each`` bytes: a divisor, so that none is left."""
    return next(width for width in range(lanes, 0, -1) if lanes % width == 0 and (width * each <= CACHED or width == 1))


def refuse_too_much(settings: Settings, lanes: int, threads: int) -> None:
    """Raise ``BadValue`` where blocks of ``lanes`` networks on so many threads keep more than there is memory for."""
    each = kept_bytes(settings)
    at_once = threads * together(lanes, each)
    memory.refuse_too_much(
        at_once * each,
        f"the activations of {at_once} networks that learn at once ({threads} threads)",
        "Take a smaller --batch, fewer --units or --threads, or cut the gradient with --truncate.",
    )


@lru_cache(maxsize=32)
def _learning(settings: Settings) -> tuple[_Shared, _Shared]:
    """*begin* and *learn*: one program for all settings that are the same compiled (``Settings.compiled``)."""
    return _Shared(jax.vmap(partial(begin, settings))), _Shared(_side_by_side(settings))


@lru_cache(maxsize=32)
def _judgement(task: Task, engine: str) -> _Shared:
    """(network, (seed, number, purpose, drawn), sequences) to figures; one program for every way of training."""

    def judge(network: Network, which: Array, sequences: Array) -> dict[str, Array]:
        seed, number, purpose, drawn = which
        key = jax.random.fold_in(stream(seed, number, purpose), drawn)
        return _figures(measure(network, task, key, sequences, engine))

    return _Shared(judge)


@lru_cache(maxsize=8)
def programs(settings: Settings) -> Programs:
    """The programs of these settings: a process compiles them once, however often it trains with them."""
    return Programs(settings)


def measured(network: Model, task: Task, key: Array, sequences: int) -> Figures:
    """``measure``, compiled where that can be, as plain figures. Raises ``BadValue`` where a network has no weights for
    so many steps."""
    if isinstance(network, Answers):
        return _plain(_figures(measure(network, task, key, sequences)))
    if isinstance(network, Network):
        refuse_past_the_last(network, task.longest)
        if not task.criterion.of_numbers:  # the losses of symbols read logits, and the largest is the same
            network = network.before_output_function()
    return _plain(jax.jit(lambda network, key: _figures(measure(network, task, key, sequences)))(network, key))


def _figures(score: Score) -> dict[str, Array]:
    names = ("loss", "error_sup", "error_rms", "accuracy", "wrong_rows")
    return {name: getattr(score, name) for name in names}


def _plain(figures: dict[str, Array]) -> Figures:
    return {name: float(value) for name, value in jax.device_get(figures).items()}


class _Shared:
    """A compiled function that two threads may call at once without compiling it twice."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._jitted = jax.jit(function)
        self._compiled: dict[tuple, Callable[..., Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        # The structure names the cell: two cells may well have weights of the same shapes.
        kind = (structure, *((a.shape, a.dtype) for a in leaves))
        with self._lock:
            if kind not in self._compiled:
                self._compiled[kind] = self._jitted.lower(*arguments).compile()
        return self._compiled[kind](*arguments)
