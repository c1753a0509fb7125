"""Cells whose states are matrices, vectors and scalars of heads, and cells with constants: each is one file."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.certification.weights import weights_of
from holdfast.cli._main import main
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.files import load, save
from holdfast.engine.initialise import build
from holdfast.engine.readings.record import Unsupported, record
from holdfast.engine.unroll import trace, unroll
from holdfast.plugins import cell_laws
from tests.cell_references import REFERENCES
from tests.networks import numbers, random_network, random_state

DIAGONAL = '''"""A linear cell in which every unit decays by a factor of its own."""

from typing import NamedTuple

import numpy as np

from holdfast.core.cell import Map, Step


class State(NamedTuple):
    h: object


class Gates(NamedTuple):
    value: object
    decay: object


source = "this test, 2026"
letters = {"value": "v", "decay": "a"}
keep, write = "", ""
maps = (Map(("value",), "x", bias=True), Map(("decay",), "constant", bias=True))


def initialise(layer, random):
    decay = random.uniform(0.9, 0.999, layer["constant"].width("decay"))
    return {**layer, "constant": layer["constant"].put("decay", bias=np.log(decay / (1 - decay)))}


def step(ops, weights, x, state):
    v = ops.linear(weights["x"], x)["value"]
    a = ops.sigmoid(ops.linear(weights["constant"], x)["decay"])
    h = ops.add(ops.multiply(a, state.h), v)
    return Step(h, State(h), Gates(v, a))
'''


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """A folder of plug-ins with a diagonal cell, and with the file of ``mlstm`` under another name."""
    folder = tmp_path / "mine" / "cells"
    folder.mkdir(parents=True)
    (folder / "decaying.py").write_text(DIAGONAL)
    (folder / "matrix_memory.py").write_text(
        Path(str(sys.modules[cells.get("mlstm").step.__module__].__file__)).read_text()
    )
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    cells.get.cache_clear()
    for name in [name for name in sys.modules if name.startswith("holdfast_plugins.")]:
        del sys.modules[name]


def mlstm_by_hand(network, inputs):
    """The recurrence of Beck et al. 2024 (arXiv:2405.04517), with the stabiliser, in plain NumPy."""
    below = np.asarray(inputs)
    for layer in network.layers:
        weights, shown = cell_laws.by_letter("mlstm", layer), []
        state = {name: np.zeros((len(below), *network.shape(name))) for name in network.cell.states}
        for t in range(below.shape[1]):
            output, state, _ = REFERENCES["mlstm"](weights, below[:, t], state)
            shown.append(output)
        below = np.stack(shown, 1)
    return below @ np.asarray(network.readout.matrix) + np.asarray(network.readout.bias)


@pytest.mark.parametrize("layers", [1, 2])
def test_mlstm_is_the_recurrence_of_its_paper(layers, float64):
    network, inputs = random_network("mlstm", layers=layers), numbers(3, 20, 2)
    outputs, _ = unroll(network, inputs)
    np.testing.assert_allclose(outputs, mlstm_by_hand(network, inputs), rtol=0, atol=1e-10)


def test_states_and_gates_have_the_axes_that_are_declared():
    network = build("mlstm", inputs=2, units=6, outputs=1, heads=3)
    found = trace(network, jnp.zeros((4, 5, 2)))
    shapes = {name: value.shape for name, value in {**found.states[0]._asdict(), **found.gates[0]._asdict()}.items()}
    assert shapes["C"] == (4, 5, 3, 2, 2)
    assert shapes["m"] == shapes["input"] == (4, 5, 3)
    assert shapes["n"] == shapes["query"] == shapes["value"] == (4, 5, 3, 2)
    assert network.cell.state_size(6, 3) == 3 * (4 + 2 + 1)


def test_heads_are_kept_in_a_file(tmp_path):
    network = build("mlstm", inputs=2, units=6, outputs=1, heads=3)
    save(network, tmp_path / "net.safetensors")
    again, _ = load(tmp_path / "net.safetensors")
    assert again.heads == 3
    assert jax.tree.structure(again) == jax.tree.structure(network)


def test_sizes_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(BadValue, match="heads is 4, expected a divisor of 6 units"):
        build("mlstm", inputs=1, units=6, outputs=1, heads=4)
    with pytest.raises(BadValue, match="heads is 2, but lstm has no heads: expected 1"):
        build("lstm", inputs=1, units=6, outputs=1, heads=2)
    from holdfast.core import tensors
    from holdfast.engine import files

    network = build("mlstm", inputs=1, units=6, outputs=1)
    held = files.tensors(network)
    text = {"format": files.FORMAT, "cell": "mlstm", "inputs": "1", "units": "6", "outputs": "1", "layers": "1"}
    (tmp_path / "odd.safetensors").write_bytes(tensors.as_bytes(held, {**text, "heads": "4", "origin": "{}"}))
    with pytest.raises(BadFile, match="heads is 4, expected a divisor of 6 units"):
        load(tmp_path / "odd.safetensors")


def test_a_matrix_memory_is_one_file(plugged, capsys):
    """Train, test, explain, a page, bounds and the printed equation, of a file that was not there before."""
    words = ["--cell", "matrix_memory", "--units", "4", "--heads", "2", "--seeds", "1", "--budget", "640", "--json"]
    assert main(["train", "recall", "--steps", "3", *words, "--out", "run"]) == 1
    (weights,) = json.loads(capsys.readouterr().out)["weights"]
    assert main(["test", weights]) == 1
    assert main(["explain", weights, "--rows", "8", "--page", "page.html"]) == 0
    told = capsys.readouterr().out
    assert "head" in told
    assert "unit 1" not in told.split("diagnostic")[0]
    assert Path("page.html").stat().st_size > 10_000
    assert main(["show", "matrix_memory"]) == 0
    assert "  C' = f * C + i * outer(v, k)\n" in capsys.readouterr().out
    code = main(["certify", weights, "--semantics", "real", "--tolerance", "5", "--json"])
    assert (code, json.loads(capsys.readouterr().out)["verdict"]) == (0, "proved")


def test_a_diagonal_cell_with_its_own_initialisation_is_one_file(plugged, float64, capsys):
    network = build("decaying", inputs=2, units=5, outputs=1, layers=2, seed=3, dtype=jnp.float64)
    for layer in network.layers:
        decay = 1 / (1 + np.exp(-np.asarray(layer["constant"].bias)))
        assert ((decay > 0.9) & (decay < 0.999)).all()
        assert len(set(decay.tolist())) == 5
    assert any((a != b).any() for a, b in zip(*(jax.tree.leaves(layer) for layer in network.layers), strict=False))
    inputs, present = numbers(3, 40, 2), jnp.arange(40) < jnp.array([[40], [17], [1]])
    for run in (unroll, lambda *given: unroll(*given, engine="parallel")):
        cell_laws.gradients_are_finite_differences("decaying", run)
    start = random_state(network, 3)
    loop = unroll(network, inputs, start, present=present, engine="loop")
    parallel = unroll(network, inputs, start, present=present, engine="parallel")
    for one, other in zip(jax.tree.leaves(loop), jax.tree.leaves(parallel), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    assert main(["show", "decaying"]) == 0
    assert "  a = sigmoid(b_a)\n" in capsys.readouterr().out
    save(network, "net.safetensors")
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), load("net.safetensors")[0], network))


def test_units_that_a_norm_mixes_are_all_kept_by_a_proof(plugged, float64):
    """The read-out reads unit 1 alone, and what unit 2 holds changes it through the norm."""
    text = DIAGONAL.replace(
        "    h = ops.add(ops.multiply(a, state.h), v)\n", """    h = ops.normalise(ops.add(state.h, v))\n"""
    )
    (plugged / "mine" / "cells" / "normed.py").write_text(text)
    network = build("normed", inputs=1, units=2, outputs=1, dtype=jnp.float64)
    network = replace(network, readout=network.readout.put("y", matrix=jnp.array([[1.0], [0.0]])))
    assert weights_of(network, every_unit=False).units == (2,)
    mingru = build("mingru", inputs=1, units=2, outputs=1, dtype=jnp.float64)
    lone = replace(mingru, readout=mingru.readout.put("y", matrix=jnp.array([[1.0], [0.0]])))
    assert weights_of(lone, every_unit=False).units == (1,)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ('"C": ("head", "value", "key"),', "its multiply has operands of different axes"),
        ('"output": ("head", "value"),', "its multiply has operands of different axes"),
        ('"query": ("head", "key"),', "its contract has operands of different axes"),
    ],
)
def test_axes_that_do_not_fit_are_told(plugged, change, why):
    file = plugged / "mine" / "cells" / "odd.py"
    text = (plugged / "mine" / "cells" / "matrix_memory.py").read_text()
    assert change in text
    file.write_text(text.replace(change, ""))
    with pytest.raises(Unsupported, match=why):
        record(cells.get("odd"))
