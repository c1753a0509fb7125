"""A network that learns: it draws rows, and an update rule (``rules/``) lets an optimiser change its weights.

Everything here is for one network; ``programs.py`` maps it over many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import jax
import jax.numpy as jnp
import optax
from jax import lax

from holdfast.core.arrays import Array, Leaf
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Task
from holdfast.engine.initialise import initialise
from holdfast.engine.network import Network, create
from holdfast.train.measure import read_wrongly
from holdfast.train.optimisers import OPTIMISERS
from holdfast.train.settings import Settings
from holdfast.train.streams import stream


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Learner:
    """One network in training: all that the next update depends on.

    ``seed`` and ``number`` name its random streams; ``drawn`` counts the batches of rows it has read. ``rate`` is its
    learning rate as a number, so that one compiled program serves all rates of a sweep; None is the settings' own.
    ``streak`` counts the training sequences in a row that were right, where a stopping rule asks for it.
    """

    network: Network
    optimiser: Any
    seed: Leaf
    number: Leaf
    drawn: Leaf
    rate: Leaf = None
    streak: Leaf = None


def transformation(settings: Settings, rate: Leaf = None) -> optax.GradientTransformation:
    """The optimiser of these settings, behind the clipping of the gradient; ``rate`` None is the settings' own."""
    chosen = OPTIMISERS.of(settings.optimiser).transformation(settings.learning_rate if rate is None else rate)
    return chosen if settings.clip is None else optax.chain(optax.clip_by_global_norm(settings.clip), chosen)


def updated(
    adapt: optax.GradientTransformation, network: Network, state: object, gradient: Network
) -> tuple[Network, object]:
    """The network, and the state of the optimiser, after one update. A network is a pytree of its weights, which is
    all that Optax wants of it."""
    slope, kept, weights = cast("tuple[Any, Any, Any]", (gradient, state, network))
    changes, after = adapt.update(slope, kept, weights)
    return cast("Network", optax.apply_updates(weights, changes)), after


def first_networks(settings: Settings, numbers: list[int]) -> list[Network]:
    """The networks of these settings with their first weights, by their numbers."""
    s, task = settings, settings.task
    sizes = (task.inputs, s.units, task.outputs, s.layers)
    shape = create(
        s.cell_name, *sizes, steps=s.steps, heads=s.heads, embedding=s.embedded, readout_hidden=s.hidden_units
    )
    return [initialise(shape, s.how, stream(s.seed, number, "weights")) for number in numbers]


def begin(settings: Settings, network: Network, number: Array) -> Learner:
    """The learner of a network that has read nothing yet."""
    weights: Any = network
    adapting = transformation(settings).init(weights)
    streak = jnp.zeros((), jnp.int32) if settings.stopping.counted else None
    return Learner(network, adapting, jnp.uint32(settings.seed), number, jnp.zeros((), jnp.int32), streak=streak)


def learn(settings: Settings) -> Callable[[Learner, Array], Learner]:
    """The function (learner, batches) -> learner that reads so many batches; compiled once for any number."""
    absorb, wanted = settings.rule.absorbing(settings), settings.stopping.counted
    count = counting(settings, wanted) if wanted else None

    def run(learner: Learner, batches: Array) -> Learner:
        draw = drawing(settings, learner.seed, learner.number)

        def one(_: Any, learner: Learner) -> Learner:
            batch = draw(learner.drawn)
            read = replace(learner, drawn=learner.drawn + 1)
            if count is None:
                return absorb(read, batch)
            counted = count(read, batch)
            ended, ends = learner.streak >= wanted, counted.streak >= wanted
            after = jax.tree.map(lambda old, new: jnp.where(ends, old, new), counted, absorb(counted, batch))
            return jax.tree.map(lambda old, new: jnp.where(ended, old, new), learner, after)

        return lax.fori_loop(0, batches, one, learner)

    return run


def counting(settings: Settings, wanted: int) -> Callable[[Learner, Batch], Learner]:
    """The function (learner, batch) -> learner that counts how many training sequences in a row were right, as the
    network is before it learns from them. Once the count has reached ``wanted`` it stays there."""

    def count(learner: Learner, batch: Batch) -> Learner:
        wrong = read_wrongly(learner.network, settings.task, batch, settings.engine)
        place = jnp.arange(len(wrong))
        # The last wrong row up to each place; before the first of them, the streak of earlier batches goes on.
        last = lax.cummax(jnp.where(wrong, place, -1 - learner.streak))
        streaks = place - last
        longest = streaks.max()
        return replace(learner, streak=jnp.where(longest >= wanted, wanted, streaks[-1]))

    return count


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


def is_padded(task: Task) -> bool:
    """Whether some sequences are shorter than others. Raises ``BadValue`` where the task scores too early a step."""
    rows, first = _some_rows(task), task.asked_from
    if bool(rows.scored[:, :first].any()):
        raise BadValue(
            f"{task.name}: its 'asked_from' is {first} (from 0), but it scores an earlier step.",
            "Set 'asked_from' to the first step, from 0, at which any row is scored.",
        )
    return not bool(rows.present.all())


def is_always_scored(task: Task) -> bool:
    """Whether every step of every sequence is asked for, as far as is known."""
    return task.examples() is not None and bool(_some_rows(task).scored.all())


def _some_rows(task: Task) -> Batch:
    examples = task.examples()
    return task.sample(jax.random.key(0), 64) if examples is None else examples
