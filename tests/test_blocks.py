"""A block around a cell is a cell: it obeys the laws of cells, its numbers are those of an independent recurrence, and
one file in a plug-in folder is a block."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import ctx

from holdfast import alphabet, blocks
from holdfast.alphabet.enclosures.forms import number
from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.certification import propagate
from holdfast.certification.weights import weights_of
from holdfast.cli._main import main
from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.engine.files import load, save, tensors
from holdfast.engine.initialise import build
from holdfast.engine.network import create
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.readings.equation import equation
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import trace, unroll
from holdfast.exchange._standard import kind_of
from holdfast.plugins import cell_laws as laws
from holdfast.plugins.cells import LAWS
from holdfast.plugins.laws import LawViolation
from holdfast.tasks.echo import Echo
from holdfast.training.learner import first_networks
from holdfast.training.settings import Settings
from tests import cell_laws
from tests.networks import numbers, random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile", "plugged")

SKIP = '''"""The cell with its input added to its output, times a learned rate."""

from typing import NamedTuple

from holdfast.core.cell import Map


class Gates(NamedTuple):
    rate: object
    inside: object


source = "this test, 2026"
letters = {"rate": "r", "inside": "q"}
axes = {"x": ("unit",)}
maps = (Map(("rate",), "constant", bias=True), Map(("inside",), "read", bias=True))


def step(ops, weights, x, cell):
    rate = ops.linear(weights["constant"], x)["rate"]
    inside = ops.linear(weights["read"], cell(x))["inside"]
    return ops.add(x, ops.multiply(rate, inside)), Gates(rate, inside)
'''
TWICE = SKIP.replace("cell(x))", "cell(cell(x)))")
WRAPPED = ("prenorm(lstm)", "prenorm(mlstm)", "prenorm(feedforward)", "skip(mingru)", "shift(deltanet)")
every_one = pytest.mark.parametrize("cell", WRAPPED)


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    folder = tmp_path / "mine" / "blocks"
    folder.mkdir(parents=True)
    (folder / "skip.py").write_text(SKIP)
    (folder / "twice.py").write_text(TWICE)
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path / "mine"))


@pytest.mark.parametrize("law", [law for law in LAWS if law != "gradient"])
@every_one
def test_a_block_around_a_cell_obeys_the_laws_of_cells(cell, law, float64):
    LAWS[law](cell)


@pytest.mark.slow
@every_one
def test_gradients_are_finite_differences(cell, float64):
    laws.gradients_are_finite_differences(cell)


@pytest.mark.slow
@every_one
def test_padding_and_what_it_holds_change_nothing(cell, float64):
    cell_laws.absent_steps_change_nothing(cell)


@every_one
def test_a_file_keeps_every_bit(cell, tmp_path, float64):
    cell_laws.files_keep_every_bit(cell, tmp_path, jnp.float32)


@pytest.mark.parametrize("layers", [1, 2])
@every_one
def test_bounds_in_real_arithmetic_contain_every_sample(cell, layers, float64):
    with ctx.workprec(256):
        cell_laws.bounds_contain_samples(cell, layers, None, 0)


@pytest.mark.parametrize("cell", ["skip(gru)", "prenorm(lstm)", "prenorm(mlstm)", "shift(deltanet)"])
def test_bounds_in_rounded_arithmetic_contain_every_sample(cell, float64):
    cell_laws.bounds_contain_samples(cell, 1, Rounding(ACCURACIES["float32"]), 0)


def recurrence(weights: dict[str, np.ndarray], inputs: np.ndarray, units: int, layers: int) -> np.ndarray:
    """A network of ``prenorm(lstm)`` for one row [time, input], written down again: a step, a layer, an equation."""

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def norm(a):
        return a / np.sqrt(np.mean(a**2) + 1e-6)

    h, c, outputs = np.zeros((layers, units)), np.zeros((layers, units)), []
    for now in inputs:
        x = now @ weights["embedding.matrix"] + weights["embedding.bias"]
        for n in range(layers):

            def of(name, n=n):
                return weights[f"layer{n}.{name}"]

            def gate(name, x, h, of=of):
                return x @ of(f"{name}.from_x") + h @ of(f"{name}.from_h") + of(f"{name}.bias")

            read = of("scale.bias_constant") * norm(x)
            i, f, g, o = (gate(name, read, h[n]) for name in ("input", "forget", "candidate", "output"))
            c[n] = sigmoid(f) * c[n] + sigmoid(i) * np.tanh(g)
            h[n] = sigmoid(o) * np.tanh(c[n])
            y = x + h[n] @ of("projection.from_read")
            above = of("scale_above.bias_constant") * norm(y)
            hidden = np.maximum(0, above @ of("expansion.from_normalised") + of("expansion.bias_normalised"))
            x = y + hidden @ of("contraction.from_expansion") + of("contraction.bias_expansion")
        outputs.append(x @ weights["readout.matrix"] + weights["readout.bias"])
    return np.array(outputs)


def test_the_numbers_are_those_of_an_independent_recurrence(float64):
    network, inputs = random_network("prenorm(lstm)", inputs=2, units=5, layers=2), numbers(3, 7, 2)
    found = np.asarray(unroll(network, inputs)[0])
    for row in range(3):
        expected = recurrence(tensors(network), np.asarray(inputs[row]), 5, 2)
        np.testing.assert_allclose(found[row], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("engine", ["loop", "parallel"])
def test_symbols_give_what_their_one_hot_vectors_give(engine, float64):
    network = random_network("prenorm(mingru)", inputs=4, units=6, layers=2)
    symbols = jnp.asarray(np.random.default_rng(0).integers(0, 4, (3, 9)))
    gathered, end = unroll(network, symbols, engine=engine)
    product, expected = unroll(network, jnp.eye(4)[symbols], engine=engine)
    laws.same((gathered, end), (product, expected), "symbols and their one-hot vectors", atol=1e-14)
    laws.same(trace(network, symbols).outputs, gathered, "the trace and the run")


def test_an_embedding_stands_below_any_cell_and_keeps_its_bits_in_a_file(tmp_path):
    network = build("gru", inputs=7, units=3, outputs=2, layers=2, embedding=True)
    assert (network.inputs, network.layers[0]["x"].matrix.shape) == (7, (3, 9))
    save(network, tmp_path / "network.safetensors")
    again, _ = load(tmp_path / "network.safetensors")
    assert again.embedding is not None
    assert network.embedding is not None
    assert np.asarray(again.embedding.matrix).tobytes() == np.asarray(network.embedding.matrix).tobytes()
    assert {name for name in tensors(again) if "embedding" in name} == {"embedding.matrix", "embedding.bias"}


def test_what_is_no_symbol_is_refused(float64):
    network = random_network("prenorm(lstm)", inputs=4)
    for wrong in (-1, 4):
        with pytest.raises(BadValue, match=f"the symbol {wrong}, expected whole numbers from 0 to 3"):
            unroll(network, jnp.asarray([[0, wrong]]))
    with pytest.raises(BadValue, match=r"expected \[batch, time, 2\]"):
        unroll(random_network("lstm"), jnp.asarray([[0, 1]]))


def test_a_block_needs_inputs_of_units():
    with pytest.raises(BadValue, match="but there are 2 inputs: expected 3, or an embedding"):
        create("prenorm(lstm)", inputs=2, units=3, outputs=1)
    assert create("prenorm(lstm)", inputs=3, units=3, outputs=1).embedding is None


def test_the_first_scales_are_1_and_the_hidden_layer_is_four_times_as_wide():
    network = build("prenorm(gru)", inputs=2, units=5, outputs=1, initialisation="pytorch+chrono=9", embedding=True)
    scales = network.layers[0]["constant"]
    assert np.asarray(scales.bias).tolist() == [1.0] * 10
    assert network.shape("expansion") == (20,)
    assert network.layers[0]["expansion"].matrix.shape == (20, 5)


def test_the_equation_has_letters_of_its_own_for_what_the_block_reads():
    lines = equation(resolve("prenorm(lstm)"))
    assert "i = sigmoid(W_i (s * rms_normalise(x)) + U_i h + b_i)" in lines
    assert "y = x + a + p" in lines
    assert "aa = " not in "\n".join(lines)
    assert equation(resolve("skip(gru)"))[0] == "r = sigmoid(W_r x + U_r h + b_r + d_r)"
    assert any(line.startswith("rr = ") for line in equation(resolve("skip(gru)")))


def test_names_that_do_not_exist_or_fit_are_told():
    with pytest.raises(UnknownName, match="no block named 'prenrom'"):
        resolve("prenrom(lstm)")
    with pytest.raises(UnknownName, match="no cell named 'lstmm'"):
        resolve("prenorm(lstmm)")
    with pytest.raises(BadValue, match="both name contraction, expansion"):
        resolve("prenorm(prenorm(lstm))")


def test_a_block_that_calls_its_cell_twice_is_told(float64):
    with pytest.raises(BadFile, match="calls its cell once a step, and this one did so 2 times"):
        laws.the_step_gives_what_it_declares("twice(lstm)")


def test_the_laws_catch_a_norm_over_the_wrong_axis(float64, monkeypatch):
    """A planted fault: the batch is normalised, not the units."""
    word = alphabet.get("rms_normalise")
    mixed = replace(word, numbers=lambda a: a / jnp.sqrt((a * a).mean(0, keepdims=True) + 1e-6))
    known = alphabet.get
    jax.clear_caches()
    monkeypatch.setattr(alphabet, "get", lambda name: mixed if name == "rms_normalise" else known(name))
    with pytest.raises(LawViolation, match="alone and among others"):
        laws.batch_is_singles("prenorm(lstm)")
    jax.clear_caches()


def test_blocks_are_listed():
    assert {"prenorm", "skip"} <= set(blocks.FOLDER.names())


@pytest.mark.parametrize("cell", ["prenorm(gru)", "gru", "skip(elman)"])
@pytest.mark.parametrize("every_unit", [False, True])
def test_a_proof_follows_the_same_network(cell, every_unit, float64):
    """Points in exact arithmetic go where the network's numbers go, with an embedding below any cell."""
    network = build(cell, inputs=2, units=4, outputs=2, layers=2, embedding=True, dtype=jnp.float64)
    inputs, weights, ops = numbers(1, 3, 2), weights_of(network, every_unit), Bounds()
    state, expected = propagate.start(weights), np.asarray(unroll(network, inputs)[0])
    for t in range(3):
        state, outputs = propagate.advance(weights, ops, state, tuple(map(number, np.asarray(inputs)[0, t].tolist())))
        found = [float(form.centre) for form in outputs]
        np.testing.assert_allclose(found, expected[0, t], rtol=0, atol=1e-12)


def test_a_block_is_a_setting_of_a_training():
    plain, wrapped = Settings(Echo(lag=20)), Settings(Echo(lag=20), block="prenorm", units=6, layers=2)
    assert not {"block", "embedding"} & plain.identity().keys()
    assert wrapped.identity()["block"] == "prenorm"
    assert Settings.from_json(wrapped.as_json()) == wrapped
    (network,) = first_networks(wrapped, [0])
    assert (network.cell_name, wrapped.embedded, plain.embedded) == ("prenorm(lstm)", True, False)
    held = sum(leaf.size for leaf in jax.tree.leaves((network.layers, network.embedding)))
    assert held == wrapped.parameters
    assert plain.parameters == resolve("lstm").parameters(plain.task.inputs, 32)
    with pytest.raises(UnknownName, match="no block named 'prenrom'"):
        Settings(Echo(lag=20), block="prenrom")
    with pytest.raises(BadValue, match="the block around a cell is a setting of its own"):
        Settings(Echo(lag=20), cell="prenorm(lstm)")


@pytest.mark.slow
def test_what_is_trained_in_a_block_is_tested_refuted_and_explained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sizes = ["--lag", "12", "--distractors", "2", "--cell", "gru", "--block", "skip", "--units", "4", "--layers", "2"]
    budget = ["--seeds", "1", "--batch", "8", "--budget", "64", "--check-every", "32", "--out", "run"]
    assert main(["train", "echo", *sizes, *budget]) in (0, 1)
    assert "inputs are embedded in 4 units, since skip(gru) has a residual connection" in capsys.readouterr().out
    network, origin = load("run/weights/seed-0.safetensors")
    assert (network.cell_name, origin["settings"]["block"]) == ("skip(gru)", "skip")
    assert main(["test", "run/weights/seed-0.safetensors", "--sequences-per-length", "64"]) in (0, 1)
    assert main(["refute", "run/weights/seed-0.safetensors", "--seconds", "2"]) in (0, 1)
    assert main(["explain", "run/weights/seed-0.safetensors", "--page", "page.html"]) == 0
    assert "skip(gru)" in (tmp_path / "page.html").read_text()


def test_an_embedding_is_not_left_out_of_another_frameworks_file():
    with pytest.raises(BadValue, match="has an embedding below its first layer, which cannot be exported to PyTorch"):
        kind_of(build("gru", inputs=3, units=2, outputs=1, embedding=True), "PyTorch")


def test_a_plug_in_block_is_judged_by_the_laws_of_cells(tmp_path, capsys):
    assert main(["check-plugin", str(tmp_path / "mine" / "blocks" / "skip.py")]) == 0
    assert "batch, mlstm" in capsys.readouterr().out
    assert main(["check-plugin", str(tmp_path / "mine" / "blocks" / "twice.py")]) == 1
    assert "calls its cell once a step" in capsys.readouterr().out


def test_show_and_list_have_blocks(capsys):
    assert main(["show", "prenorm(gru)"]) == 0
    assert "y = x + a + p" in capsys.readouterr().out
    assert main(["list", "blocks"]) == 0
    assert "prenorm" in capsys.readouterr().out
