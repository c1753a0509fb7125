"""One update per batch of sequences, with the gradient through all steps.

Source: backpropagation through time, Werbos 1990; truncated if the settings say so, Williams & Peng 1990.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from holdfast.core.arrays import Array
from holdfast.core.losses import mean_loss
from holdfast.core.task import Batch, Task
from holdfast.core.typed_jax import grad
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.training.curriculum import asked_from
from holdfast.training.learner import Learner, is_padded, rate_now, transformation, updated
from holdfast.training.rules import UpdateRule
from holdfast.training.settings import Settings

ROWS = 32
"""The default number of sequences per update for tasks whose rows are newly drawn."""


@dataclass(frozen=True)
class PerBatch(UpdateRule):
    def rows(self, task: Task) -> int:
        examples = task.examples()
        if examples is None:
            return ROWS
        return len(examples.inputs) if task.criterion.given else min(ROWS, len(examples.inputs))

    def absorbing(self, settings: Settings) -> Callable[[Learner, Batch], Learner]:
        slope = gradient(settings)

        def absorb(learner: Learner, batch: Batch) -> Learner:
            adapt = transformation(settings, rate_now(settings, learner))
            network, state = updated(adapt, learner.network, learner.optimiser, slope(learner.network, batch))
            return replace(learner, network=network, optimiser=state)

        return absorb


def gradient(settings: Settings) -> Callable[[Network, Batch], Network]:
    """The gradient of the mean loss of a batch of whole sequences."""
    task, padded = settings.task, is_padded(settings.task)
    first = asked_from(task, settings.curriculum)
    rule = partial(unroll, truncate=settings.truncate, gradient=settings.gradient)
    run = partial(rule, read_from=first, engine=settings.engine)

    def loss(network: Network, batch: Batch) -> Array:
        outputs, _ = run(network, batch.inputs, present=batch.present if padded else None)
        return mean_loss(task.loss, outputs, batch.targets[:, first:], batch.scored[:, first:])

    return grad(loss)
