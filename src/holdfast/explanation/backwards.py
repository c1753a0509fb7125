"""How strongly a row's answer, and its loss, depend on what the network holds and reads at every step before it.

In float64 and by reverse mode, at the states that the network held in its own number format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.core.losses import mean_loss
from holdfast.engine.over_time import time_first
from holdfast.engine.reach import Reach, norms, reach, reach_of
from holdfast.engine.traced import TracedProgram, network_program
from holdfast.explanation.dynamics import by_name, in_float64, shaped, shapes
from holdfast.explanation.subject import Subject
from holdfast.models.levels import Stepped
from holdfast.models.steps import Steps


@dataclass(frozen=True)
class Backwards:
    """Norms [row, time] of derivatives with respect to what enters each step, from ``first`` on (counted from 0).

    ``loss`` of the row's mean loss by a state, all layers together, by the state's name; ``answer`` and
    ``answer_input`` of all outputs at step ``last`` [row] (counted from ``first``; below 0 where there is none) by the
    whole state, and by the input. ``last`` is the row's last scored step, or of a row without one its last.
    """

    loss: dict[str, np.ndarray]
    answer: np.ndarray
    answer_input: np.ndarray
    last: np.ndarray


def backwards(subject: Subject, rows: int, first: int) -> Backwards:
    """Of the first ``rows`` rows of the subject, from step ``first`` on."""
    network, window = subject.stepped, np.s_[:rows, first:]
    asked = np.where(subject.scored.any(1, keepdims=True), subject.scored, subject.present)[:rows]
    last = np.where(asked.any(1), subject.steps - 1 - np.argmax(asked[:, ::-1], 1), -1) - first
    with jax.enable_x64(True):
        held = [{name: a[window] for name, a in layer.items()} for layer in subject.before]
        states = jax.tree.map(lambda a: np.swapaxes(a, 0, 1), shaped(network, held))
        outputs, targets = subject.outputs[:rows], np.asarray(subject.batch.targets[:rows], np.float64)
        by_output = np.asarray(_by_output(subject.task.loss)(outputs, targets, subject.scored[:rows]))[:, first:]
        given = (subject.inputs[window], subject.present[window], states, by_output, last)
        loss, answer, answer_input = jax.tree.map(np.asarray, _from_loss(in_float64(network), *given))
    return Backwards(loss, answer, answer_input, last)


@lru_cache
def _by_output(loss: str) -> TracedProgram:
    """d loss / d y [row, time, output], each row's own mean loss, of outputs, targets and what is scored."""

    def total(outputs: Array, targets: Array, scored: Array) -> Array:
        return jax.vmap(partial(mean_loss, loss))(outputs, targets, scored).sum()

    return TracedProgram(lambda: jax.grad(total), lambda *_: 0, lambda *_: {"program": "by_output", "loss": loss})


def _backwards(
    network: Stepped, inputs: Array, present: Array, states: Any, by_output: Array, last: Array
) -> tuple[dict[str, Array], Array, Array]:
    of_loss = by_name(network, _reach(network, lambda y: (y * by_output).sum(), inputs, present, states).states)
    loss = {name: norms([layer[name] for layer in of_loss]) for name in of_loss[0]}

    def of_output(number: Array) -> Any:
        return _reach(network, lambda y: y[jnp.arange(len(y)), last, number].sum(), inputs, present, states)

    by_state, by_input = jax.vmap(of_output, out_axes=-1)(jnp.arange(network.outputs))
    return loss, norms(by_state), norms(time_first(by_input))


def _reach(network: Stepped, loss: Callable[[Array], Array], inputs: Array, present: Array, states: Any) -> Reach:
    if not isinstance(network, Steps):
        return reach(network, loss, inputs, present, states=states)

    def step(state: Any, x: Array, _: Any) -> tuple[Any, Array]:
        output, after = network.step(state, x)
        return after, output

    return reach_of(step, network.start(len(inputs)), loss, inputs, present, states=states)


_from_loss = network_program(_backwards, lambda network, *_: (dict.fromkeys(shapes(network)[0], 0), 0, 0))
