"""Plain JAX, forward and backward through time: jax.lax.scan as its users write it, nothing of ours in the process.

alone  jit(grad), for one network
map    jit(map(grad)), many networks one after the other
vmap   jit(vmap(grad)), many networks at once

The products of the inputs are made all at once before the scan. XLA runs with its own options: the one that holdfast
sets for its engine "loop" (compiling small loops in one piece) is not known to those who do not look for it.
"""

import os
import sys
from pathlib import Path

import jax
import jax.numpy as jnp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from recurrence import answering, numbers
from side_by_side import answer

assert "xla_backend_extra_options" not in os.environ.get("XLA_FLAGS", ""), "this is JAX as it comes"


def lstm(weights, x, state):
    h, c = state
    i, f, g, o = jnp.split(x + h @ weights["h"], 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru(weights, x, state):
    h, _ = state
    (x_r, x_z, x_n), (r, z, n) = jnp.split(x, 3, -1), jnp.split(h @ weights["h"] + weights["hidden_bias"], 3, -1)
    r, z = jax.nn.sigmoid(x_r + r), jax.nn.sigmoid(x_z + z)
    n = jnp.tanh(x_n + r * n)
    return n + z * (h - n), None


def elman(weights, x, state):
    h, _ = state
    return jnp.tanh(x + h @ weights["h"]), None


STEPS = {"lstm": lstm, "gru": gru, "elman": elman}
WEIGHTS = ("x", "h", "bias", "hidden_bias")


def gradient(cell):
    """Of (weights, read-out, inputs [time, batch, input], cotangent [time, batch, 1]) of one network."""

    def loss(weights, readout, inputs, cotangent):
        def step(state, x):
            state = STEPS[cell](weights, x, state)
            return state, state[0]

        zeros = jnp.zeros((inputs.shape[1], readout.shape[0]), inputs.dtype)
        start = zeros, zeros if cell == "lstm" else None
        _, hidden = jax.lax.scan(step, start, inputs @ weights["x"] + weights["bias"])
        return jnp.sum((hidden @ readout) * cotangent)

    return jax.grad(loss)


def alone(one):
    return one


def mapped(one):
    return lambda *many: jax.lax.map(lambda each: one(*each), many)


FORMS = {"alone": alone, "map": mapped, "vmap": jax.vmap}


def prepared(form):
    def of(cell, size):
        given = {name: jnp.asarray(a[0] if form == "alone" else a) for name, a in numbers(cell, size).items()}
        weights = {name: given[name] for name in WEIGHTS if name != "hidden_bias" or cell == "gru"}
        inputs, cotangent = (jnp.swapaxes(given[name], -3, -2) for name in ("inputs", "cotangent"))
        compiled = jax.jit(FORMS[form](gradient(cell)))

        def run():
            found = jax.block_until_ready(compiled(weights, given["readout"], inputs, cotangent))
            return {name: found[name] for name in ("x", "h", "bias")}

        return run

    return of


answer(answering({form: prepared(form) for form in FORMS}), version=jax.__version__)
