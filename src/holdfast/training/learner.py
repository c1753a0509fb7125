"""One network in training: it draws rows, and an update rule (``rules/``) changes its weights with an optimiser.

The functions here are for a single network; ``programs.py`` maps them over many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import jax
import jax.numpy as jnp
from jax import lax

from holdfast.core.arrays import Array, Leaf
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Task
from holdfast.engine.initialise import drawn
from holdfast.engine.network import Network, create
from holdfast.training.curriculum import sampling
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


def rate_now(settings: Settings, learner: Learner) -> Leaf:
    """The learning rate of this batch, the latest that ``drawn`` counts: during the warm-up a share of the full one."""
    if settings.warmup is None:
        return learner.rate
    full = settings.learning_rate if learner.rate is None else learner.rate
    return full * jnp.minimum(1.0, learner.drawn * (settings.rows / settings.warmup))


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


def learn(settings: Settings) -> Callable[..., Learner]:
    """The function (learner, batches) -> learner that trains on this many batches. It is compiled once for any
    number. Of a dataset it takes two more arguments, so that the program does not contain the data: the ``rows``, and
    ``begun``, the batches that were drawn before (of a learner whose training has not ended, ``drawn``)."""
    absorb, wanted = settings.rule.absorbing(settings), settings.stopping.counted
    count = counting(settings, wanted) if wanted else None

    def run(learner: Learner, batches: Array, rows: Batch | None = None, begun: Leaf = None) -> Learner:
        if rows is not None and rows.inputs.shape[0] >= settings.rows:
            take, first = reading(settings, learner, rows, begun)

            def of_dataset(_: Any, state: tuple[Learner, Epochs]) -> tuple[Learner, Epochs]:
                batch, epochs = take(state[1])
                return one(state[0], batch), epochs

            return lax.fori_loop(0, batches, of_dataset, (learner, first))[0]
        draw = drawing(settings, learner.seed, learner.number, rows)
        return lax.fori_loop(0, batches, lambda _, learner: one(learner, draw(learner.drawn)), learner)

    def one(learner: Learner, batch: Batch) -> Learner:
        read = replace(learner, drawn=learner.drawn + 1)
        if count is None:
            return absorb(read, batch)
        counted = count(read, batch)
        ended, ends = learner.streak >= wanted, counted.streak >= wanted
        after = jax.tree.map(lambda old, new: jnp.where(ends, old, new), counted, absorb(counted, batch))
        return jax.tree.map(lambda old, new: jnp.where(ended, old, new), learner, after)

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


def drawing(settings: Settings, seed: Array, number: Array, given: Batch | None = None) -> Callable[[Array], Batch]:
    """The function from the number of a batch to its training rows: newly drawn, or the task's sequences, or those
    ``given``, in order."""
    task, rows, examples = settings.task, settings.rows, given or settings.task.examples()
    if examples is None:
        data = stream(seed, number, "data")
        if settings.curriculum is not None:
            sample = sampling(task, settings.curriculum, rows)
            return lambda drawn: sample(jax.random.fold_in(data, drawn), drawn)
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


class Epochs(NamedTuple):
    """The number of the next batch, an epoch, and the order of the sequences in it and in the epoch after it."""

    drawn: Array
    epoch: Array
    order: Array


def reading(
    settings: Settings, learner: Learner, rows: Batch, begun: Leaf
) -> tuple[Callable[[Epochs], tuple[Batch, Epochs]], Epochs]:
    """The function from ``Epochs`` to the next batch of a dataset and the ``Epochs`` after it, and the first ones.

    The batches are those of ``drawing``. The order of an epoch is computed once, for the epoch in which a batch begins
    and the next: a batch has no more rows than the dataset. ``begun`` is the same for all networks that train side by
    side, so that an order is computed only where an epoch begins.
    """
    count, size = rows.inputs.shape[0], settings.rows
    key = stream(learner.seed, learner.number, "order")

    def ordered(epoch: Array) -> Array:
        def order(epoch: Array) -> Array:
            return jax.random.permutation(jax.random.fold_in(key, epoch), count)

        return jnp.concatenate([order(epoch), order(epoch + 1)])

    def take(at: Epochs) -> tuple[Batch, Epochs]:
        place = at.drawn * size + jnp.arange(size)
        if settings.order == "fixed":
            return rows.take(place % count), at._replace(drawn=at.drawn + 1)
        epoch = place[0] // count
        order = lax.cond(epoch == at.epoch, lambda: at.order, lambda: ordered(epoch))
        return rows.take(order[place - epoch * count]), Epochs(at.drawn + 1, epoch, order)

    none = jnp.zeros(0 if settings.order == "fixed" else 2 * count, jnp.int32)
    return take, Epochs(jnp.asarray(begun, jnp.int32), jnp.int32(-1), none)


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
