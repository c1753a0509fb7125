"""One network in training: it draws rows, and an update rule (``rules/``) changes its weights with an optimiser.

The functions here are for a single network; ``programs.py`` maps them over many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import jax
import jax.numpy as jnp
from jax import lax

from holdfast.core.arrays import Array, Leaf
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Task
from holdfast.engine.initialise import drawn
from holdfast.engine.network import Network, create
from holdfast.training.measure import read_wrongly
from holdfast.training.optimisers import OPTIMISERS
from holdfast.training.settings import Settings
from holdfast.training.streams import stream, words

if TYPE_CHECKING:
    import optax


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Learner:
    """One network in training: everything that the next update depends on.

    ``seed`` and ``number`` identify its random streams; ``drawn`` counts the batches that it has read. ``rate`` is its
    learning rate as an array, so that one compiled program serves all rates of a sweep; None means that of the
    settings. ``streak`` counts consecutive right training sequences if the stopping rule needs it, otherwise it is
    None.
    """

    network: Network
    optimiser: Any
    seed: Leaf
    number: Leaf
    drawn: Leaf
    rate: Leaf = None
    streak: Leaf = None


def transformation(settings: Settings, rate: Leaf = None) -> optax.GradientTransformation:
    """Gradient clipping followed by the optimiser of these settings. ``rate`` None means their own learning rate."""
    import optax

    chosen = OPTIMISERS.of(settings.optimiser).transformation(settings.learning_rate if rate is None else rate)
    return chosen if settings.clip is None else optax.chain(optax.clip_by_global_norm(settings.clip), chosen)


def updated(
    adapt: optax.GradientTransformation, network: Network, state: object, gradient: Network
) -> tuple[Network, object]:
    """The network and the state of the optimiser after one update. A network is a pytree of its weights, as Optax
    requires."""
    import optax

    slope, kept, weights = cast("tuple[Any, Any, Any]", (gradient, state, network))
    changes, after = adapt.update(slope, kept, weights)
    return cast("Network", optax.apply_updates(weights, changes)), after


def first_networks(settings: Settings, numbers: list[int]) -> list[Network]:
    """The networks of these settings, with their initial weights, for these numbers."""
    s, task = settings, settings.task
    sizes = (task.inputs, s.units, task.outputs, s.layers)
    shape = create(
        s.cell_name, *sizes, steps=s.steps, heads=s.heads, embedding=s.embedded, readout_hidden=s.hidden_units
    )
    return [drawn(shape, s.how, words(s.seed, number, "weights")) for number in numbers]


def begin(settings: Settings, network: Network, number: Array) -> Learner:
    """The learner of a network before its first update."""
    weights: Any = network
    adapting = transformation(settings).init(weights)
    streak = jnp.zeros((), jnp.int32) if settings.stopping.counted else None
    return Learner(network, adapting, jnp.uint32(settings.seed), number, jnp.zeros((), jnp.int32), streak=streak)


def learn(settings: Settings) -> Callable[[Learner, Array], Learner]:
    """The function (learner, batches) -> learner that trains on this many batches. It is compiled once for any
    number."""
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
    """The function (learner, batch) -> learner that counts consecutive right training sequences, evaluated before the
    update. Once the count has reached ``wanted`` it does not change."""

    def count(learner: Learner, batch: Batch) -> Learner:
        wrong = read_wrongly(learner.network, settings.task, batch, settings.engine)
        place = jnp.arange(len(wrong))
        # The index of the last wrong row up to each row; before the first wrong row, the earlier streak continues.
        last = lax.cummax(jnp.where(wrong, place, -1 - learner.streak))
        streaks = place - last
        longest = streaks.max()
        return replace(learner, streak=jnp.where(longest >= wanted, wanted, streaks[-1]))

    return count


def drawing(settings: Settings, seed: Array, number: Array) -> Callable[[Array], Batch]:
    """The function from the number of a batch to its training rows: newly drawn, or given sequences in order."""
    task, rows, examples = settings.task, settings.rows, settings.task.examples()
    if examples is None:
        data = stream(seed, number, "data")
        return lambda drawn: task.sample(jax.random.fold_in(data, drawn), rows, "train")
    count, order = len(examples.inputs), stream(seed, number, "order")
    if rows == count and settings.order == "fixed":
        return lambda drawn: examples.arrays()

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
    """Whether some sequences are shorter than others. Raises ``BadValue`` if the task scores a step before
    ``asked_from``."""
    rows, first = _some_rows(task), task.asked_from
    if bool(rows.scored[:, :first].any()):
        raise BadValue(
            f"{task.name}: its 'asked_from' is {first} (from 0), but it scores an earlier step.",
            "Set 'asked_from' to the first step, from 0, at which any row is scored.",
        )
    return not bool(rows.present.all())


def is_always_scored(task: Task) -> bool:
    """Whether every step of every sequence is known to be scored."""
    return task.examples() is not None and bool(_some_rows(task).scored.all())


def _some_rows(task: Task) -> Batch:
    examples = task.examples()
    return task.sample(jax.random.key(0), 64) if examples is None else examples
