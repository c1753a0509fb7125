"""Success rates of the tutorial's LSTM in Keras itself: one update per step, and one per sequence.

    python benchmarks/keras_tutorial.py                      256 initialisations, checked after 250, 750 and 1500 epochs
    python benchmarks/keras_tutorial.py --seeds 64 --epochs 250

Layers, initialisers, loss and optimiser are Keras's own, with its defaults (JAX backend). ``fit`` takes about a minute
for one initialisation, so the updates run in one compiled loop, ``stateless_call`` of the model and ``stateless_apply``
of the optimiser, mapped over all initialisations. Initialisation i is what ``keras.utils.set_random_seed(i)`` gives.
First, initialisation 0 is trained by ``fit`` as the tutorial does it, and by the loop: all weights must agree.

Keras 3.15 with JAX does not list the state of a stateful layer among the model's variables, so that ``fit`` does not
carry it from one call to the next, as Keras does with TensorFlow. ``build`` adds it to the list.

The recipe: 20 units, five sigmoid outputs, binary cross-entropy, Adam; batch 1, the two sequences in fixed order, the
state set to zero after each. Per step the state is carried from one update to the next as a number; per sequence the
four steps are unrolled and updated once. An initialisation has succeeded if all eight predictions are right.

Source: a tutorial on memory in LSTMs, machinelearningmastery.com, 2017.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras
import numpy as np

from holdfast.core.rates import Rate

SEQUENCES = ((3, 0, 1, 2, 3), (4, 0, 1, 2, 4))
SYMBOLS, UNITS = 5, 20
X = np.eye(SYMBOLS, dtype=np.float32)[[sequence[:-1] for sequence in SEQUENCES]]
Y = np.eye(SYMBOLS, dtype=np.float32)[[sequence[1:] for sequence in SEQUENCES]]
STEPS = {"step": 1, "sequence": X.shape[1]}
"""Steps that one update reads."""
AGREE = 1e-4
"""``fit`` and the loop may differ by less than this in every weight: by rounding only."""

Weights = tuple[list[Any], list[Any], list[Any]]
"""Values of the trainable variables, of the others (the carried state among them), and of the optimiser's."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=256)
    parser.add_argument("--epochs", type=int, nargs="+", default=[250, 750, 1500])
    parser.add_argument("--compared-epochs", type=int, default=10, help="epochs that fit and the loop are compared on")
    asked = parser.parse_args()
    print(f"Keras {keras.__version__}, JAX {jax.__version__}, {asked.seeds} initialisations", flush=True)
    for update in STEPS:
        apart = difference_from_fit(update, asked.compared_epochs)
        print(f"per {update}: fit and the loop differ by {apart:.1e} after {asked.compared_epochs} epochs", flush=True)
        if not apart < AGREE:
            return 1
    print("\n| update | epochs | solved, 95 % Wilson interval |\n| --- | --- | --- |", flush=True)
    for update in STEPS:
        for epochs, rate in success(update, asked.seeds, sorted(asked.epochs)):
            print(f"| per {update} | {epochs} | {rate} |", flush=True)
    return 0


def build(update: str, seed: int) -> keras.Model:
    """The tutorial's network, freshly initialised, as Keras does it by default."""
    keras.utils.set_random_seed(seed)
    layers = [
        keras.Input(batch_shape=(1, STEPS[update], SYMBOLS)),
        keras.layers.LSTM(UNITS, stateful=True, return_sequences=update == "sequence"),
        keras.layers.Dense(SYMBOLS, activation="sigmoid"),
    ]
    model = keras.Sequential(layers)
    layer = lstm(model)
    layer._tracker.unlock()
    for state in layer.states:
        layer._track_variable(state)
    layer._tracker.lock()
    model.compile(loss="binary_crossentropy", optimizer="adam")
    model.optimizer.build(model.trainable_variables)
    return model


def pieces(update: str, sequence: int) -> list[tuple[Any, Any]]:
    """What each update of one sequence reads and what it should answer."""
    if update == "sequence":
        return [(X[[sequence]], Y[[sequence]])]
    return [(X[[sequence], t : t + 1], Y[[sequence], t]) for t in range(X.shape[1])]


def lstm(model: keras.Model) -> keras.layers.LSTM:
    return next(layer for layer in model.layers if isinstance(layer, keras.layers.LSTM))


def values(model: keras.Model) -> Weights:
    groups = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    trainable, others, optimiser = ([jnp.asarray(v.value) for v in group] for group in groups)
    return trainable, others, optimiser


def emptied(model: keras.Model, others: list[Any]) -> list[Any]:
    """The same values with the state set to zero, which ``reset_state`` does."""
    states = [any(v is state for state in lstm(model).states) for v in model.non_trainable_variables]
    assert sum(states) == 2, "the hidden state and the cell state"
    return [jnp.zeros_like(v) if state else v for v, state in zip(others, states, strict=True)]


def epoch(model: keras.Model, update: str) -> Callable[[Weights], Weights]:
    """One pass over both sequences, by Keras's own layers, loss and optimiser."""
    cross_entropy = keras.losses.BinaryCrossentropy()

    def loss(trainable: list[Any], others: list[Any], x: Any, y: Any) -> tuple[Any, list[Any]]:
        answer, others = model.stateless_call(trainable, others, x, training=True)
        return cross_entropy(y, answer), others

    def run(weights: Weights) -> Weights:
        trainable, others, optimiser = weights
        for sequence in range(len(SEQUENCES)):
            for x, y in pieces(update, sequence):
                slope, others = jax.grad(loss, has_aux=True)(trainable, others, x, y)
                trainable, optimiser = model.optimizer.stateless_apply(optimiser, slope, trainable)
            others = emptied(model, others)
        return trainable, others, optimiser

    return run


def right(model: keras.Model, update: str) -> Callable[[Weights], Any]:
    """Whether all eight predictions are right, the state carried from step to step and zero before each sequence."""

    def judge(weights: Weights) -> Any:
        trainable, others, _ = weights
        found = []
        for sequence in range(len(SEQUENCES)):
            others = emptied(model, others)
            for x, y in pieces(update, sequence):
                answer, others = model.stateless_call(trainable, others, x, training=False)
                found.append(jnp.all(jnp.argmax(answer, -1) == jnp.argmax(y, -1)))
        return jnp.all(jnp.stack(found))

    return judge


def repeated(once: Callable[[Weights], Weights], epochs: int) -> Callable[[Weights], Weights]:
    return lambda weights: jax.lax.fori_loop(0, epochs, lambda _, value: once(value), weights)


def difference_from_fit(update: str, epochs: int) -> float:
    """Largest difference between the weights that ``fit`` and the loop reach from initialisation 0."""
    model = build(update, 0)
    looped, _, _ = jax.jit(repeated(epoch(model, update), epochs))(values(model))
    for _ in range(epochs):
        for sequence in range(len(SEQUENCES)):
            x, y = (np.concatenate(part) for part in zip(*pieces(update, sequence), strict=True))
            model.fit(x, y, epochs=1, batch_size=1, verbose=0, shuffle=False)
            assert np.any(lstm(model).states[0].numpy()), "the state is carried"
            lstm(model).reset_state()
    fitted, _, _ = values(model)
    return max(float(jnp.abs(a - b).max()) for a, b in zip(looped, fitted, strict=True))


def success(update: str, seeds: int, epochs: list[int]) -> list[tuple[int, Rate]]:
    """How many initialisations have everything right after each of ``epochs``."""
    model = build(update, 0)
    starts = [values(build(update, seed)) for seed in range(seeds)]
    weights = jax.tree.map(lambda *each: jnp.stack(each), *starts)
    once, judge = epoch(model, update), jax.jit(jax.vmap(right(model, update)))
    rates, done, began = [], 0, time.monotonic()
    for until in epochs:
        weights = jax.jit(jax.vmap(repeated(once, until - done)))(weights)
        rates.append((until, Rate(int(judge(weights).sum()), seeds)))
        print(f"per {update}: {until} epochs after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        done = until
    return rates


if __name__ == "__main__":
    sys.exit(main())
