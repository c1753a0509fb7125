"""Keras on TensorFlow in the demonstration's training: a stateful LSTM, updated by ``train_on_batch`` or ``fit``.

``--loop fit`` is the tutorial's own loop: ``fit`` for one epoch of one step, 2000 times. With ``--whole`` it trains
once and ends: the process from start to end is what is timed.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from side_by_side import serve

SEQUENCES = ((3, 0, 1, 2, 3), (4, 0, 1, 2, 4))
arguments = argparse.ArgumentParser()
arguments.add_argument("--epochs", type=int, default=250)
arguments.add_argument("--loop", choices=("train_on_batch", "fit"), default="train_on_batch")
arguments.add_argument("--whole", action="store_true")
asked = arguments.parse_args()

symbols = np.eye(5, dtype="float32")


def build():
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input(batch_shape=(1, 1, 5)),
        keras.layers.LSTM(20, stateful=True),
        keras.layers.Dense(5, "sigmoid"),
    ]
    model = keras.Sequential(layers)
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"] if asked.loop == "fit" else None)
    return model


def train(model, epochs):
    for _ in range(epochs):
        for words in SEQUENCES:
            for now, then in itertools.pairwise(words):
                x, y = symbols[now][None, None], symbols[then][None]
                if asked.loop == "fit":
                    model.fit(x, y, epochs=1, batch_size=1, verbose=0, shuffle=False)
                else:
                    model.train_on_batch(x, y)
            model.layers[0].reset_states()


def judge(model):
    losses, right = [], 0
    for words in SEQUENCES:
        for now, then in itertools.pairwise(words):
            p = np.clip(np.asarray(model.predict_on_batch(symbols[now][None, None]))[0], 1e-7, 1 - 1e-7)
            losses.append(-np.mean(np.where(symbols[then] == 1, np.log(p), np.log(1 - p))))
            right += int(p.argmax() == then)
        model.layers[0].reset_states()
    return {"loss": float(np.mean(losses)), "accuracy": right / 8}


def timed(model):
    began = time.perf_counter()
    train(model, asked.epochs)
    return {"seconds": time.perf_counter() - began, **judge(model)}


if asked.whole:
    print(timed(build()))
else:
    # One model serves every round, its first weights put back, so that its compilation is outside the clock.
    model = build()
    first = model.get_weights()
    train(model, 1)

    def work():
        model.set_weights(first)
        model.optimizer.iterations.assign(0)
        for variable in model.optimizer.variables[2:]:
            variable.assign(np.zeros_like(variable))
        return timed(model)

    serve(work, version=keras.__version__)
