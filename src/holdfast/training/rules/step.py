"""One update per step: the state is carried on as a constant, and no gradient flows through time.

A network that is called for one step at a time learns in this way, as in a well-known tutorial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from holdfast.core.arrays import Array
from holdfast.core.losses import mean_loss
from holdfast.core.task import Batch
from holdfast.engine.advance import advance
from holdfast.engine.network import Network
from holdfast.engine.over_time import hold, over_time, time_first
from holdfast.training.learner import Learner, is_always_scored, is_padded, rate_now, transformation, updated
from holdfast.training.rules import UpdateRule
from holdfast.training.settings import Settings


@dataclass(frozen=True)
class PerStep(UpdateRule):
    through_time = False
    whole = False
    unused = ("truncate",)

    def conflicts(self, settings: Settings) -> list[str]:
        if settings.truncate is None:
            return []
        return ["--update step already cuts the gradient after every step, so --truncate has no meaning"]

    def absorbing(self, settings: Settings) -> Callable[[Learner, Batch], Learner]:
        loss_name = settings.task.loss
        padded, always_scored = is_padded(settings.task), is_always_scored(settings.task)

        def loss(network: Network, state: Any, rows: Batch, number: Array) -> tuple[Array, Any]:
            hidden, state, _ = advance(network.at(number), state, rows.inputs)
            return mean_loss(loss_name, network.readout(hidden), rows.targets, rows.scored), state

        def step(adapt: optax.GradientTransformation, carried: Any, along: Any) -> tuple[Any, None]:
            (network, adapting, state), (now, number) = carried, along
            gradient, after = jax.grad(loss, has_aux=True)(network, state, now, number)
            changed = updated(adapt, network, adapting, gradient)
            if not always_scored:
                asked = now.scored.any()
                changed = jax.tree.map(lambda new, old: jnp.where(asked, new, old), changed, (network, adapting))
            if padded:
                after = hold(now.present, after, state)
            return (*changed, after), None

        def absorb(learner: Learner, batch: Batch) -> Learner:
            start = (learner.network, learner.optimiser, learner.network.start(len(batch.inputs)))
            learn_step = partial(step, transformation(settings, rate_now(settings, learner)))
            along = (time_first(batch), jnp.arange(batch.inputs.shape[1]))
            (network, adapted, _), _ = over_time(learn_step, start, along)
            return replace(learner, network=network, optimiser=adapted)

        return absorb
