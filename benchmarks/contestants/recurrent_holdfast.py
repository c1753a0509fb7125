"""holdfast's unroll, forward and backward through time, compiled: by its own kernels, or by its engine "loop".

The latter is JAX with small loops compiled in one piece; plain JAX is recurrent_jax.py.

alone  jit(grad), for one network
map    jit(map(grad)), many networks one after the other
vmap   jit(vmap(grad)), many networks at once

With ``--memory SIZE`` it serves nobody: it prints the memory that one gradient of that size takes, in bytes, and ends.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from recurrence import Size, answering, numbers, peak, size
from side_by_side import answer

from holdfast.engine.compiled import keep_memory
from holdfast.engine.network import create
from holdfast.engine.unroll import unroll

arguments = argparse.ArgumentParser()
arguments.add_argument("--engine", choices=("native", "loop"), default="loop")
arguments.add_argument("--dtype", choices=("float32", "float64"), default="float32")
arguments.add_argument("--cell", default="lstm")
arguments.add_argument("--truncate", type=int)
arguments.add_argument("--memory", type=size, metavar="SIZE")
asked = arguments.parse_args()
jax.config.update("jax_enable_x64", asked.dtype == "float64")
if not asked.memory:
    keep_memory()  # as everyone's environment says; this says it to our library too


def alone(one):
    return one


def mapped(one):
    return lambda *many: jax.lax.map(lambda each: one(*each), many)


FORMS = {"alone": alone, "map": mapped, "vmap": jax.vmap}


def gradient(form):
    """The compiled gradient with respect to the layers of a network, of (layers, network, inputs, cotangent)."""

    def loss(layers, network, inputs, cotangent):
        network = replace(network, layers=layers)
        outputs, _ = unroll(network, inputs, truncate=asked.truncate, engine=asked.engine)
        return jnp.sum(outputs * cotangent)

    return jax.jit(FORMS[form](jax.grad(loss)))


def given(cell, size, form):
    """What the gradient is taken of: every array with the networks in front, or without where there is one alone."""
    arrays = {name: jnp.asarray(a[0] if form == "alone" else a) for name, a in numbers(cell, size, asked.dtype).items()}
    empty = create(cell, size.inputs, size.units, 1, dtype=asked.dtype)

    def filled(linear, matrix, bias):
        return replace(linear, matrix=arrays[matrix], bias=None if linear.bias is None else arrays[bias])

    layer = {"x": filled(empty.layers[0]["x"], "x", "bias"), "h": filled(empty.layers[0]["h"], "h", "hidden_bias")}
    readout = replace(empty.readout, matrix=arrays["readout"], bias=jnp.zeros_like(arrays["readout"][..., 0, :]))
    network = replace(empty, layers=(layer,), readout=readout)
    return network.layers, network, arrays["inputs"], arrays["cotangent"]


def prepared(form):
    def of(cell, size):
        compiled, arrays = gradient(form), given(cell, size, form)

        def run():
            layer = jax.block_until_ready(compiled(*arrays))[0]
            return {"x": layer["x"].matrix, "h": layer["h"].matrix, "bias": layer["x"].bias}

        return run

    return of


def memory(cell, size):
    """The growth of the largest memory by one gradient: its arrays made and its program compiled beforehand, and the
    engine warmed by a gradient of two steps."""
    form = "alone" if size.networks == 1 else "vmap"
    prepared(form)(cell, Size(size.networks, 1, 2, size.inputs, size.units))()
    arrays = given(cell, size, form)
    compiled = gradient(form).lower(*arrays).compile()
    before = peak()
    jax.block_until_ready(compiled(*arrays))
    return peak() - before


if asked.memory:
    print(json.dumps({"bytes": memory(asked.cell, asked.memory)}))
else:
    answer(answering({form: prepared(form) for form in FORMS}), version=jax.__version__)
