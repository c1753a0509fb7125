"""Training in the page is ours: gradients and updates in float64, for every cell, optimiser and update rule."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from holdfast import cells
from holdfast.core.losses import mean_loss
from holdfast.engine.unroll import unroll
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings
from tests.networks import random_network
from tests.report.laboratory import SEQUENCES, broken, document, furthest, in_page, trained

pytestmark = pytest.mark.usefixtures("float64")

MOST = 1e-9
TASK = Echo(sequences=SEQUENCES)
UPDATES = 20
TRAIN = """
  const trainer = ENGINE.makeTrainer({ ...given.settings, networks: 1 }, given.weights);
  trainer.advance(given.updates);
  return trainer.weights(0);
"""


def in_the_page(blank, first, updates=UPDATES, script=None, **settings: Any):
    given = {"sequences": SEQUENCES, "units": first.units, "heads": first.heads, "layers": len(first.layers)}
    given |= {"cell": first.cell_name, "separate_weights": first.steps is not None, **settings}
    return in_page(blank, TRAIN, {"settings": given, "weights": document(first), "updates": updates}, script)


@cache
def of_sgd(cell: str):
    """A network and ours after 20 updates by SGD, whose steps are as long as the gradient: a factor would be seen."""
    first = random_network(cell, TASK.inputs, outputs=TASK.outputs)
    how: dict[str, Any] = {"update": "batch", "optimiser": "sgd", "learning_rate": 0.02, "clip": None}
    settings = Settings(TASK, cell, first.units, heads=first.heads, initialisation="keras", **how)
    return first, trained(settings, first, UPDATES)


SGD = {"update": "batch", "optimiser": "sgd", "learning_rate": 0.02}


@pytest.mark.parametrize("cell", cells.FOLDER.names())
def test_every_cell_is_updated_as_here(cell, blank):
    first, ours = of_sgd(cell)
    theirs = in_the_page(blank, first, **SGD)
    assert furthest(document(ours), theirs) < MOST
    assert furthest(document(first), theirs) > 1e-3  # they have moved


@pytest.mark.parametrize(
    ("cell", "before", "after"),
    [
        ("lstm", "D[to + i] += from[i]", "D[to + i] = from[i]"),
        ("mlstm", "to[row] += dy[i] * b[head * columns + i % columns]", "to[row] += dy[i] * b[i % columns]"),
        ("gru", "G[bias + j] += d[at + j]", "G[bias + j] = d[at + j]"),
        ("elman", "D.fill(0);", ""),
    ],
)
def test_a_wrong_gradient_is_noticed(cell, before, after, blank):
    first, ours = of_sgd(cell)
    assert furthest(document(ours), in_the_page(blank, first, script=broken(before, after), **SGD)) > 1e-6


@pytest.mark.parametrize(
    ("update", "optimiser", "cell", "layers", "more"),
    [
        ("step", "adam", "lstm", 2, {}),
        ("sequence", "rmsprop", "gru", 1, {}),
        ("sequence", "adam", "lstm", 1, {"weights": "per_step"}),
        ("step", "sgd", "elman", 1, {"clip": 0.3}),
    ],
)
def test_every_rule_and_optimiser_is_ours(update, optimiser, cell, layers, more, blank):
    per_step = TASK.longest if more.get("weights") == "per_step" else None
    first = random_network(cell, TASK.inputs, outputs=TASK.outputs, layers=layers, steps=per_step)
    how: dict[str, Any] = {"update": update, "optimiser": optimiser, "learning_rate": 0.01, "clip": None, **more}
    settings = Settings(TASK, cell, first.units, layers, initialisation="keras", **how)
    theirs_of_batches = {"step": 7, "sequence": 2, "batch": 1}[update]  # updates of two sequences, 4 and 3 symbols long
    ours = trained(settings, first, 10)
    how.pop("weights", None)
    theirs = in_the_page(blank, first, 5 * theirs_of_batches, **how)
    assert furthest(document(ours), theirs) < MOST


def test_an_update_may_stop_within_a_sequence(blank):
    """One step at a time, with the state of each of two networks kept between calls, is the same as whole sequences."""
    both = [document(random_network("gru", TASK.inputs, n, outputs=TASK.outputs)) for n in (3, 3)]
    both[1]["readout"]["matrix"] = both[1]["readout"]["matrix"][::-1]
    both[1]["layers"][0]["x"]["matrix"] = both[1]["layers"][0]["x"]["matrix"][::-1]
    act = """
      const trainer = ENGINE.makeTrainer({ ...given.settings, networks: 2 }, given.weights);
      for (let n = 0; n < 10; n += given.each) trainer.advance(given.each);
      return [trainer.weights(0), trainer.weights(1)];
    """
    given = {"sequences": SEQUENCES, "units": 3, "cell": "gru", "update": "step"}
    single, whole = (in_page(blank, act, {"settings": given, "weights": both, "each": each}) for each in (1, 10))
    assert single == whole


def test_a_network_whose_state_is_emptied_learns_single_steps(blank):
    first = random_network("lstm", TASK.inputs, outputs=TASK.outputs)
    rows = TASK.examples()
    assert rows is not None
    inputs, targets, scored = (
        jnp.asarray(a).reshape(-1, 1, *a.shape[2:]) for a in (rows.inputs, rows.targets, rows.scored)
    )

    def loss(network):
        return mean_loss(TASK.loss, unroll(network, inputs)[0], targets, scored)

    slope = jax.jit(jax.grad(loss))(first)
    ours = optax.apply_updates(first, jax.tree.map(lambda g: -0.02 * g, slope))
    assert furthest(document(ours), in_the_page(blank, first, 1, memory=False, **SGD)) < MOST


@pytest.mark.parametrize("task", [Recall(4), Echo(lag=6)])
def test_drawn_rows_are_learned_as_here(task, blank):
    """Squared error and cross-entropy, on the rows that the page has drawn."""
    first = random_network("gru", task.inputs, outputs=task.outputs)
    sizes = {"steps": task.longest} if task.name == "recall" else {"lag": task.longest}
    given = {"task": task.name, **sizes, "cell": "gru", "units": first.units, "networks": 1, "batch": 5, **SGD}
    act = TRAIN.replace("trainer.advance(given.updates)", "const rows = trainer.rows(0); trainer.advance(1)")
    act = act.replace("return trainer.weights(0)", "return [rows, trainer.weights(0)]")
    rows, theirs = in_page(blank, act, {"settings": given, "weights": document(first)})

    def array(name, size):
        return jnp.asarray([np.reshape(row[name], (task.longest, *size)) for row in rows], jnp.float64)

    inputs, scored = array("inputs", (task.inputs,)), array("scored", ()) > 0

    def loss(network):
        return mean_loss(task.loss, unroll(network, inputs)[0], array("targets", (task.outputs,)), scored)

    ours = optax.apply_updates(first, jax.tree.map(lambda g: -0.02 * g, jax.jit(jax.grad(loss))(first)))
    assert furthest(document(ours), theirs) < MOST
