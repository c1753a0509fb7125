"""The compiled programs of a run: for ``lanes`` networks at once, each compiled once and shared by all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.train.measure import Score, measure
from holdfast.train.settings import Settings
from holdfast.train.streams import stream
from holdfast.train.update import Learner, begin, learn

VALIDATION = 256
"""Fresh sequences for a progress check; only a network that passes is put to the task's full test.

A network near the criterion is judged again and again, and would pass in the end by luck. So the full number of
sequences is passed twice, on separate rows, and the figures reported are those of the second."""


class Programs:
    """``begin``, ``learn`` and ``validate`` work on networks side by side (a leading axis), ``test`` on one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._begin = _Shared(jax.vmap(partial(begin, settings)))
        self._learn = _Shared(jax.vmap(learn(settings), (0, None)))
        self._validate = _Shared(jax.vmap(self._judge("validate", VALIDATION), (0, 0, None)))
        full = settings.task.criterion.sequences
        self._tests = [_Shared(self._judge(purpose, full)) for purpose in ("confirm", "test")]

    def begin(self, numbers: list[int]) -> Learner:
        return self._begin(jnp.asarray(numbers, jnp.uint32))

    def learn(self, learner: Learner, batches: int) -> Learner:
        return jax.block_until_ready(self._learn(learner, jnp.int32(batches)))

    def validate(self, learner: Learner, numbers: list[int], drawn: int) -> list[dict[str, float]]:
        score = self._validate(learner.network, jnp.asarray(numbers, jnp.uint32), jnp.int32(drawn))
        plain = jax.device_get(_figures(score))
        return [{name: float(values[lane]) for name, values in plain.items()} for lane in range(len(numbers))]

    def test(self, network: Network, number: int, drawn: int) -> dict[str, float]:
        """The figures of the full test; where a first one, on other rows, is failed, the figures of that."""
        figures: dict[str, float] = {}
        for test in self._tests:
            score = test(network, jnp.uint32(number), jnp.int32(drawn))
            figures = {name: float(value) for name, value in jax.device_get(_figures(score)).items()}
            if not self.settings.task.criterion.met(figures):
                break
        return figures

    def _judge(self, purpose: str, sequences: int) -> Callable[[Network, Array, Array], Score]:
        def judge(network: Network, number: Array, drawn: Array) -> Score:
            key = jax.random.fold_in(stream(self.settings.seed, number, purpose), drawn)
            return measure(network, self.settings.task, key, sequences)

        return judge


def measured(network: Network, task: Task, key: Array, sequences: int) -> dict[str, float]:
    """``measure`` compiled, as plain figures."""
    score = jax.jit(lambda network, key: _figures(measure(network, task, key, sequences)))(network, key)
    return {name: float(value) for name, value in jax.device_get(score).items()}


def _figures(score: Score) -> dict[str, Array]:
    names = ("loss", "error_sup", "error_rms", "accuracy", "wrong_rows", "right", "scored")
    return {name: getattr(score, name) for name in names}


class _Shared:
    """A compiled function that two threads may call at once without compiling it twice."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._jitted = jax.jit(function)
        self._compiled: dict[tuple, Callable[..., Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        shapes = tuple(a.shape for a in jax.tree.leaves(arguments))
        with self._lock:
            if shapes not in self._compiled:
                self._compiled[shapes] = self._jitted.lower(*arguments).compile()
        return self._compiled[shapes](*arguments)
