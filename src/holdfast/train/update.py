"""One step of learning: draw rows, run the network, differentiate, let Optax change the weights.

Everything here is for one network; ``loop.py`` maps it over many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from holdfast.core.arrays import Array, Leaf
from holdfast.core.errors import BadValue
from holdfast.core.losses import mean_loss
from holdfast.core.task import Batch
from holdfast.engine.initialise import initialise
from holdfast.engine.network import Network, create
from holdfast.engine.over_time import hold, over_time, time_first
from holdfast.engine.unroll import advance, unroll
from holdfast.train.settings import Settings
from holdfast.train.streams import stream

EPSILON = 1e-7
"""Adam's, as in Keras (PyTorch and Optax have 1e-8)."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Learner:
    """One network in training: all that the next update depends on.

    ``seed`` and ``number`` name its random streams; ``drawn`` counts the batches of rows it has read. ``rate`` is its
    learning rate as a number, so that one compiled program serves all rates of a sweep; None is the settings' own.
    """

    network: Network
    optimiser: Any
    seed: Leaf
    number: Leaf
    drawn: Leaf
    rate: Leaf = None


def optimiser(settings: Settings, rate: Leaf = None) -> optax.GradientTransformation:
    adam = optax.adam(settings.learning_rate if rate is None else rate, eps=EPSILON)
    return adam if settings.clip is None else optax.chain(optax.clip_by_global_norm(settings.clip), adam)


def first_networks(settings: Settings, numbers: list[int]) -> list[Network]:
    """The networks of these settings with their first weights, by their numbers."""
    s, task = settings, settings.task
    shape = create(s.cell, task.inputs, s.units, task.outputs, s.layers, steps=task.longest)
    return [initialise(shape, s.how, stream(s.seed, number, "weights")) for number in numbers]


def begin(settings: Settings, network: Network, number: Array) -> Learner:
    """The learner of a network that has read nothing yet."""
    adapting = optimiser(settings).init(_parameters(network))
    return Learner(network, adapting, jnp.uint32(settings.seed), number, jnp.zeros((), jnp.int32))


def _parameters(network: Network) -> Any:
    """A network is a pytree of its weights, which is all that Optax wants of it."""
    return network


def _changed(network: Network, changes: Any) -> Network:
    return optax.apply_updates(_parameters(network), changes)  # pyright: ignore[reportReturnType]


def learn(settings: Settings) -> Callable[[Learner, Array], Learner]:
    """The function (learner, batches) -> learner that reads so many batches; compiled once for any number."""
    absorb = absorbing(settings)

    def run(learner: Learner, batches: Array) -> Learner:
        draw = drawing(settings, learner.seed, learner.number)

        def one(_: Any, learner: Learner) -> Learner:
            learner = absorb(learner, draw(learner.drawn))
            return replace(learner, drawn=learner.drawn + 1)

        return lax.fori_loop(0, batches, one, learner)

    return run


def drawing(settings: Settings, seed: Array, number: Array) -> Callable[[Array], Batch]:
    """The function that gives a network its batch of training rows: drawn afresh, or given ones in order."""
    task, rows, examples = settings.task, settings.rows, settings.task.examples()
    if examples is None:
        data = stream(seed, number, "data")
        return lambda drawn: task.sample(jax.random.fold_in(data, drawn), rows, "train")
    count, order = len(examples.inputs), stream(seed, number, "order")
    if rows == count and settings.order == "fixed":
        return lambda drawn: examples

    def in_order(drawn: Array) -> Batch:
        place = drawn * rows + jnp.arange(rows)
        if settings.order == "fixed":
            return examples.take(place % count)

        def shuffled(place: Array) -> Array:
            epoch = jax.random.fold_in(order, place // count)
            return jax.random.permutation(epoch, count)[place % count]

        return examples.take(jax.vmap(shuffled)(place))

    return in_order


def absorbing(settings: Settings) -> Callable[[Learner, Batch], Learner]:
    """The function (learner, batch) -> learner that learns from one batch of rows."""
    return _by_step(settings) if settings.update == "step" else _by_batch(settings)


def gradient(settings: Settings) -> Callable[[Network, Batch], Any]:
    """The gradient of the mean loss of a batch of whole sequences."""
    task, padded, first = settings.task, _padded(settings), settings.task.asked_from
    rule = partial(unroll, truncate=settings.truncate, gradient=settings.gradient)
    run = partial(rule, read_from=first, engine=settings.engine)

    def loss(network: Network, batch: Batch) -> Array:
        outputs, _ = run(network, batch.inputs, present=batch.present if padded else None)
        return mean_loss(task.loss, outputs, batch.targets[:, first:], batch.scored[:, first:])

    return jax.grad(loss)


def _by_batch(settings: Settings) -> Callable[[Learner, Batch], Learner]:
    slope = gradient(settings)

    def absorb(learner: Learner, batch: Batch) -> Learner:
        adapt = optimiser(settings, learner.rate)
        changes, state = adapt.update(slope(learner.network, batch), learner.optimiser)
        return replace(learner, network=_changed(learner.network, changes), optimiser=state)

    return absorb


def _by_step(settings: Settings) -> Callable[[Learner, Batch], Learner]:
    """Weights change after every step. The state is carried on as a number: no gradient flows through time."""
    loss_name = settings.task.loss
    padded, always_scored = _padded(settings), _always_scored(settings)

    def loss(network: Network, state: Any, x: Array, target: Array, scored: Array) -> tuple[Array, Any]:
        hidden, state, _ = advance(network, state, x)
        return mean_loss(loss_name, network.readout(hidden), target, scored), state

    def step(adapt: optax.GradientTransformation, carried: Any, now: Batch) -> tuple[Any, None]:
        network, adapting, state = carried
        gradient, after = jax.grad(loss, has_aux=True)(network, state, now.inputs, now.targets, now.scored)
        changes, adapted = adapt.update(gradient, adapting)
        changed = (_changed(network, changes), adapted)
        if not always_scored:
            asked = now.scored.any()
            changed = jax.tree.map(lambda new, old: jnp.where(asked, new, old), changed, (network, adapting))
        if padded:
            after = hold(now.present, after, state)
        return (*changed, after), None

    def absorb(learner: Learner, batch: Batch) -> Learner:
        start = (learner.network, learner.optimiser, learner.network.start(len(batch.inputs)))
        learn_step = partial(step, optimiser(settings, learner.rate))
        (network, adapted, _), _ = over_time(learn_step, start, time_first(batch))
        return replace(learner, network=network, optimiser=adapted)

    return absorb


def _padded(settings: Settings) -> bool:
    rows = _some_rows(settings)
    first = settings.task.asked_from
    if bool(rows.scored[:, :first].any()):
        raise BadValue(
            f"{settings.task.name}: it says that no step before {first} (from 0) is asked for, and scores one.",
            "Let 'asked_from' of the task be the first step, from 0, that any row is scored at.",
        )
    return not bool(rows.present.all())


def _always_scored(settings: Settings) -> bool:
    return settings.task.examples() is not None and bool(_some_rows(settings).scored.all())


def _some_rows(settings: Settings) -> Batch:
    examples = settings.task.examples()
    return settings.task.sample(jax.random.key(0), 64) if examples is None else examples
