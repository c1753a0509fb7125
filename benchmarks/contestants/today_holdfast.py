"""holdfast's unroll, forward and backward through one layer of today, compiled: a form is the name of an engine.

Several networks are mapped by vmap. It says at its start which engines can run a cell and which one ``auto`` uses.
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
from layers import GATES, WEIGHTS, layer, numbers
from recurrence import answering, peak
from side_by_side import answer

from holdfast.engine import engines
from holdfast.engine.chunked import CHUNK
from holdfast.engine.compiled import keep_memory
from holdfast.engine.network import create
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import unroll

arguments = argparse.ArgumentParser()
arguments.add_argument("--cell", choices=tuple(GATES))
arguments.add_argument("--engine", default="parallel")
arguments.add_argument("--memory", type=layer, metavar="SIZE")
asked = arguments.parse_args()
if not asked.memory:
    keep_memory()
MAPS = {"x": ("x", "bias"), "constant": (None, "constant"), "re": ("re", None), "im": ("im", None), "h": ("h", None)}
"""The names of the matrix and of the bias of every map, in ``layers.numbers``."""


def given(cell, of):
    """A network with the weights of ``numbers``, its inputs and its cotangent; networks first if there are several."""
    arrays = {name: jnp.asarray(a[0] if of.networks == 1 else a) for name, a in numbers(cell, of).items()}
    empty = create(cell, of.inputs, of.units, 1, heads=of.heads)

    def filled(name, linear):
        matrix, bias = MAPS[name]
        kept = jnp.zeros((*arrays["readout"].shape[:-2], *linear.matrix.shape))
        return replace(
            linear,
            matrix=arrays.get(matrix, kept),
            bias=None if linear.bias is None else arrays[bias],
        )

    layers = ({name: filled(name, linear) for name, linear in empty.layers[0].items()},)
    readout = replace(empty.readout, matrix=arrays["readout"], bias=jnp.zeros_like(arrays["readout"][..., 0, :]))
    network = replace(empty, layers=layers, readout=readout)
    return network.layers, network, arrays["inputs"], arrays["cotangent"]


def gradient(engine, of):
    def loss(layers, network, inputs, cotangent):
        outputs, _ = unroll(replace(network, layers=layers), inputs, engine=engine)
        return jnp.sum(outputs * cotangent)

    one = jax.grad(loss)
    return jax.jit(one if of.networks == 1 else jax.vmap(one))


def prepared(engine):
    def of_sizes(cell, of):
        compiled, arrays = gradient(engine, of), given(cell, of)

        def run():
            (found,) = jax.block_until_ready(compiled(*arrays))
            parts = {
                name: part
                for source, linear in found.items()
                for name, part in zip(MAPS[source], (linear.matrix, linear.bias), strict=True)
            }
            return {name: parts[name] for name in WEIGHTS if parts.get(name) is not None}

        return run

    return of_sizes


def memory(cell, of):
    """The growth of the largest memory by one gradient: its arrays made and its program compiled beforehand, and the
    engine warmed by a gradient of two steps."""
    prepared(asked.engine)(cell, replace(of, steps=2))()
    arrays = given(cell, of)
    compiled = gradient(asked.engine, of).lower(*arrays).compile()
    before = peak()
    jax.block_until_ready(compiled(*arrays))
    return peak() - before


def suitable(cell):
    request = engines.Request(resolve(cell))
    return [name for name in engines.FOLDER.names() if not engines.get(name).unsuitable(request)]


if asked.memory:
    print(json.dumps({"bytes": memory(asked.cell, asked.memory), "chunk": CHUNK}))
else:
    answer(
        answering({name: prepared(name) for name in engines.names()}, layer),
        version=jax.__version__,
        chunk=CHUNK,
        suitable={cell: suitable(cell) for cell in GATES},
        auto={cell: engines.chosen(engines.AUTO, engines.Request(resolve(cell))) for cell in GATES},
    )
