"""holdfast's ``train`` on recall, called again and again in one process, and what a step of its learning consists of.

``{"train": true}`` trains all networks over the budget, everything compiled by a first call: seconds and processor
seconds. ``{"part": name, "times": n}`` runs one part of a step of learning n times in a row for one block of networks,
compiled as one loop, on one thread by itself: seconds for one network and step. Parts are cumulative, so that what one
adds is the difference to the one before: compilers join neighbours, and alone they would be cheaper or dearer.

drawing     the rows
kernel      and the recurrence forwards and backwards, of the last hidden state's sum
loss        and the readout and the loss, with their gradients, in place of the sum
optimiser   and clipping and Adam: the whole of a step
"""

import argparse
import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp

from holdfast import Settings
from holdfast.engine.native import library
from holdfast.engine.unroll import unroll
from holdfast.tasks.recall import Recall
from holdfast.training.learner import drawing
from holdfast.training.loop import grouped, train_networks
from holdfast.training.programs import Programs
from holdfast.training.rules.batch import gradient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from side_by_side import answer

arguments = argparse.ArgumentParser()
arguments.add_argument("--engine", choices=("native", "loop"), default="native")
arguments.add_argument("--cell", default="lstm")
arguments.add_argument("--networks", type=int, default=64)
arguments.add_argument("--steps", type=int, default=100)
arguments.add_argument("--units", type=int, default=32)
arguments.add_argument("--budget", type=int, default=2976)
arguments.add_argument("--threads", type=int, default=2)
asked = arguments.parse_args()

settings = Settings(
    Recall(steps=asked.steps),
    cell=asked.cell,
    units=asked.units,
    seeds=asked.networks,
    budget=asked.budget,
    engine=asked.engine,
    stop="budget",
)


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def train(settings=settings):
    before, began = processor_seconds(), time.perf_counter()
    train_networks(settings, threads=asked.threads)
    return {"seconds": time.perf_counter() - began, "processor_seconds": processor_seconds() - before}


def summed(network, rows):
    """The recurrence, and next to nothing else."""
    _, state = unroll(network, rows.inputs, read_from=settings.task.asked_from, engine=settings.engine)
    return state[-1][0].sum()


def drawn(learner, draw):
    rows = draw(learner.drawn)
    used = sum(jnp.where(jnp.isnan(a).any(), 1, 0) for a in (rows.inputs, rows.targets))
    return replace(learner, drawn=learner.drawn + 1 + used)


def moved(learner, change):
    network = jax.tree.map(lambda a, d: a - 1e-6 * d, learner.network, change)
    return replace(learner, network=network, drawn=learner.drawn + 1)


grad, absorb = gradient(settings), settings.rule.absorbing(settings)
PARTS = {
    "drawing": drawn,
    "kernel": lambda learner, draw: moved(learner, jax.grad(summed)(learner.network, draw(learner.drawn))),
    "loss": lambda learner, draw: moved(learner, grad(learner.network, draw(learner.drawn))),
    "optimiser": lambda learner, draw: replace(absorb(learner, draw(learner.drawn)), drawn=learner.drawn + 1),
}


def prepared(part):
    """The compiled loop over a part, for one block of networks."""

    def run(learner, times):
        draw = drawing(settings, learner.seed, learner.number)
        return jax.lax.fori_loop(0, times, lambda _, learner: PARTS[part](learner, draw), learner)

    block = programs.begin(grouped(asked.networks)[0])
    compiled = jax.jit(jax.vmap(run, (0, None)))
    jax.block_until_ready(compiled(block, 1))

    def timed(times):
        with library.threads(1):
            began = time.perf_counter()
            jax.block_until_ready(compiled(block, times))
            return (time.perf_counter() - began) / times / len(block.number)

    return timed


def work(line):
    question = json.loads(line)
    if "part" not in question:
        return train()
    part = question["part"]
    if part not in loops:
        loops[part] = prepared(part)
    return {"seconds": loops[part](question["times"])}


loops = {}
programs = Programs(settings)
began = time.perf_counter()
train(replace(settings, budget=settings.rows))  # compiles: a program serves every budget
answer(work, compiling=time.perf_counter() - began, version=jax.__version__)
