"""The page's own arithmetic is ours: every cell, in both number formats, every gate, state and output at every step."""

from __future__ import annotations

import json

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.engine.network import create
from holdfast.engine.unroll import trace
from holdfast.explanation.page import words
from holdfast.explanation.page.network import as_data, at_memory, memory_gates
from holdfast.report import page as pages
from tests.networks import numbers, random_network, randomised

pytestmark = pytest.mark.usefixtures("float64")

STEPS = 20
RUN = """([script, text]) => {
  const [runner, unpacked] = new Function(script + "; return [runner, unpacked];")();
  const given = JSON.parse(text, (_, value) => (value && value.packed ? unpacked(value) : value));
  const trace = runner(given.network)(Float64Array.from(given.inputs), given.present.length, given.present);
  const plain = (named) => Object.fromEntries(Object.entries(named).map(([name, a]) => [name, Array.from(a)]));
  const layers = trace.layers.map((layer) => ({gates: plain(layer.gates), states: plain(layer.states)}));
  return {outputs: Array.from(trace.outputs), layers};
}"""


def in_the_page(blank, network, inputs, present):
    script = words.script() + "".join((pages.FOLDER / name).read_text() for name in ("kit/data.js", "explain/run.js"))
    given = {"network": as_data(network), "inputs": np.asarray(inputs[0]).ravel(), "present": np.asarray(present[0])}
    return blank.evaluate(RUN, [script, json.dumps(pages.packed(given))])


def furthest(found, expected, network) -> float:
    """The largest distance between the page's trace and ours, over outputs, gates and states. The page has one number
    for every component of the memory."""
    pairs = [(found["outputs"], expected.outputs)]
    for depth, layer in enumerate(found["layers"]):
        for kind, ours in (("gates", expected.gates[depth]), ("states", expected.states[depth])):
            names = memory_gates(network.cell) if kind == "gates" else ours._fields
            assert set(layer[kind]) == set(names)
            pairs += [(layer[kind][name], at_memory(network, name, np.asarray(getattr(ours, name)))) for name in names]
    return max(float(np.abs(np.array(theirs) - np.asarray(ours[0]).ravel()).max()) for theirs, ours in pairs)


@pytest.mark.parametrize("cell", [*cells.FOLDER.names(), "prenorm(lstm)", "prenorm(mlstm)", "stack(lstm,mlp(gru))"])
def test_every_cell_runs_in_the_page_as_here(cell, blank):
    network = random_network(cell, layers=2)
    steps = STEPS if network.steps is None else network.steps + 1  # one of them is padding
    inputs, present = numbers(1, steps, 2), jnp.arange(steps)[None] != 7
    found = in_the_page(blank, network, inputs, present)
    assert furthest(found, trace(network, inputs, present=present), network) < 1e-9


@pytest.mark.parametrize(("dtype", "most"), [(jnp.float64, 1e-9), (jnp.float32, 1e-6)])
def test_hidden_layers_of_a_read_out_run_in_the_page_as_here(dtype, most, blank):
    made = create("gru", 2, 3, 2, dtype=dtype, readout_hidden=(5, 4))
    network, inputs = randomised(made, 1), numbers(1, STEPS, 2, dtype=dtype)
    found = in_the_page(blank, network, inputs, np.ones((1, STEPS), bool))
    assert furthest(found, trace(network, inputs), network) < most


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
def test_single_precision_is_rounded_as_here(cell, blank):
    network, inputs = random_network(cell, dtype=jnp.float32), numbers(1, STEPS, 2, dtype=jnp.float32)
    found = in_the_page(blank, network, inputs, np.ones((1, STEPS), bool))
    assert all(float(np.float32(v)) == v for v in found["outputs"])
    assert furthest(found, trace(network, inputs), network) < 1e-6


def test_a_wrong_word_is_noticed(blank, monkeypatch):
    """The comparison can fail: an interpreter whose mix forgets what it keeps is told apart."""
    network, inputs, present = random_network("gru"), numbers(1, STEPS, 2), np.ones((1, STEPS), bool)
    script = words.script() + "".join((pages.FOLDER / name).read_text() for name in ("kit/data.js", "explain/run.js"))
    broken = script.replace("a[i] * b[i] + (1 - a[i])", "(1 - a[i])")
    assert broken != script
    given = {"network": as_data(network), "inputs": np.asarray(inputs[0]).ravel(), "present": present[0]}
    found = blank.evaluate(RUN, [broken, json.dumps(pages.packed(given))])
    assert furthest(found, trace(network, inputs), network) > 1e-3
