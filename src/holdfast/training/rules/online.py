"""One update at every scored step, with a gradient that is carried forward with the state (RTRL).

P_t = (ds_t/ds_t-1) P_t-1 + ds_t/dw is the derivative of the state with respect to the weights; the gradient of the loss
L_t is then dL_t/dw + (dL_t/ds_t-1) P_t-1. It reaches back to the start of the sequence, and uses for each step the
weights at that step. A step costs as many times more than one of ``step`` as there are units, so this is for small
networks.

Source: real-time recurrent learning, Williams & Zipser 1989, Neural Computation 1(2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from holdfast.core.arrays import PRECISION, Array, matrix_product
from holdfast.core.losses import LOSSES
from holdfast.core.task import Batch
from holdfast.engine.advance import advance
from holdfast.engine.over_time import hold, over_time, time_first
from holdfast.training.learner import Learner, rate_now, transformation, updated
from holdfast.training.rules import UpdateRule
from holdfast.training.settings import Settings


@dataclass(frozen=True)
class Online(UpdateRule):
    whole = False
    unused = ("truncate",)

    def absorbing(self, settings: Settings) -> Callable[[Learner, Batch], Learner]:
        loss_of = LOSSES[settings.task.loss]

        def absorb(learner: Learner, batch: Batch) -> Learner:
            weights, as_network = ravel_pytree(learner.network)
            fresh, as_state = ravel_pytree(learner.network.start(1))

            def row(
                weights: Array, state: Array, x: Array, target: Array, number: Array
            ) -> tuple[tuple[Array, Array], Array]:
                """One step of one sequence: (state after, loss), which is differentiated, and the state after."""
                network: Any = as_network(weights)
                hidden, after, _ = advance(network.at(number), as_state(state), x[None])
                flat = ravel_pytree(after)[0]
                return (flat, loss_of(network.readout(hidden), target[None])[0]), flat

            rows = jax.vmap(jax.jacrev(row, (0, 1), has_aux=True), (None, 0, 0, 0, None))

            def step(adapt: optax.GradientTransformation, carried: Any, along: Any) -> tuple[Any, None]:
                (network, adapting, states, reach), (now, number) = carried, along
                found, after = rows(ravel_pytree(network)[0], states, now.inputs, now.targets, number)
                (after_by_weights, after_by_state), (loss_by_weights, loss_by_state) = found
                slopes = loss_by_weights + jnp.einsum("rs,rsw->rw", loss_by_state, reach, precision=PRECISION)
                gradient = jnp.where(now.scored[:, None], slopes, 0).sum(0) / jnp.maximum(now.scored.sum(), 1)
                changed = updated(adapt, network, adapting, as_network(gradient))
                asked = now.scored.any()
                changed = jax.tree.map(lambda new, old: jnp.where(asked, new, old), changed, (network, adapting))
                reached = after_by_weights + matrix_product(after_by_state, reach)
                return (*changed, *hold(now.present, (after, reached), (states, reach))), None

            states = jnp.tile(fresh, (len(batch.inputs), 1))
            reach = jnp.zeros((*states.shape, len(weights)), states.dtype)
            start = (learner.network, learner.optimiser, states, reach)
            learn_step = partial(step, transformation(settings, rate_now(settings, learner)))
            along = (time_first(batch), jnp.arange(batch.inputs.shape[1]))
            (network, adapted, *_), _ = over_time(learn_step, start, along)
            return replace(learner, network=network, optimiser=adapted)

        return absorb
