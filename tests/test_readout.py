"""A read-out with hidden layers: its numbers, gradients and files, its bounds, and what refuses it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, ctx
from jax.flatten_util import ravel_pytree

from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.certification import propagate
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.certification.weights import fingerprint, weights_of
from holdfast.cli._main import main
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.files import load, save, tensors
from holdfast.engine.initialise import build
from holdfast.engine.network import Linear, Network, create
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.unroll import trace, unroll
from holdfast.exchange._standard import kind_of
from holdfast.explanation import roles
from holdfast.explanation.subject import examine
from holdfast.tasks.recall import Recall
from holdfast.training.learner import first_networks
from holdfast.training.settings import Settings
from tests.networks import numbers, randomised

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def network_of(*hidden: int, cell: str = "gru", inputs: int = 2, outputs: int = 2, dtype=jnp.float64) -> Network:
    return randomised(create(cell, inputs, 3, outputs, dtype=dtype, readout_hidden=hidden), seed=100)


def perceptron(weights: dict[str, np.ndarray], read: np.ndarray) -> np.ndarray:
    """The read-out written down again, from the tensors of a file."""
    for name in sorted(n.removesuffix(".bias") for n in weights if re.fullmatch(r"readout\.hidden\d\.bias", n)):
        read = np.maximum(read @ weights[f"{name}.matrix"] + weights[f"{name}.bias"], 0)
    return read @ weights["readout.matrix"] + weights["readout.bias"]


@pytest.mark.parametrize("hidden", [(5,), (5, 4)])
def test_the_outputs_are_those_of_an_independent_perceptron(hidden, float64):
    network, inputs = network_of(*hidden), numbers(3, 6, 2)
    found = trace(network, inputs)
    expected = perceptron(tensors(network), np.asarray(found.states[0].h))
    np.testing.assert_allclose(found.outputs, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(unroll(network, inputs)[0], expected, rtol=0, atol=1e-13)
    assert (network.units, network.outputs, network.dtype) == (3, 2, jnp.float64)


@pytest.mark.parametrize(("cell", "engine"), [("lstm", "native"), ("mingru", "parallel")])
def test_every_engine_has_it(cell, engine, float64):
    network, inputs = network_of(5, 4, cell=cell), numbers(3, 6, 2)
    found, expected = (unroll(network, inputs, engine=name)[0] for name in (engine, "loop"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_gradients_are_finite_differences(float64):
    network, inputs, step = network_of(5, 4), numbers(2, 4, 2), 1e-6
    flat, restore = ravel_pytree(network.readout)
    weight = numbers(2, 4, 2, seed=3)

    def objective(flat: jax.Array) -> jax.Array:
        return (unroll(replace(network, readout=restore(flat)), inputs)[0] * weight).sum()

    gradient = np.asarray(jax.grad(objective)(flat))
    slopes = [(objective(flat + move) - objective(flat - move)) / (2 * step) for move in step * np.eye(flat.size)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-7)
    assert np.abs(gradient).max() > 0.1


def test_a_file_names_the_hidden_layers_and_keeps_every_bit(tmp_path, float64):
    network, file = network_of(5, 4), tmp_path / "network.safetensors"
    save(network, file)
    again, _ = load(file)
    assert jax.tree.structure(again) == jax.tree.structure(network)
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(network), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    shapes = {name: value.shape for name, value in tensors(network).items() if name.startswith("readout")}
    assert shapes == {
        "readout.hidden1.matrix": (3, 5),
        "readout.hidden1.bias": (5,),
        "readout.hidden2.matrix": (5, 4),
        "readout.hidden2.bias": (4,),
        "readout.matrix": (4, 2),
        "readout.bias": (2,),
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("5,4,", "readout_hidden is '5,4,', expected none or whole numbers from 1"),
        ("0", "readout_hidden is '0'"),
        ("5", r"tensor 'readout.matrix' has shape \(4, 2\), expected \(5, 2\)"),
        ("none", r"tensor 'readout.matrix' has shape \(4, 2\), expected \(3, 2\)"),
    ],
)
def test_a_file_whose_metadata_say_something_else_is_refused(said, told, tmp_path, float64):
    file = tmp_path / "network.safetensors"
    save(network_of(5, 4), file)
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert header["__metadata__"]["readout_hidden"] == "5,4"
    header["__metadata__"]["readout_hidden"] = said
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    with pytest.raises(BadFile, match=told):
        load(file)


@pytest.mark.parametrize("format", [None, "float32", "float64"])
def test_bounds_contain_every_output(format, float64):
    """Real arithmetic is compared with float64, whose own rounding is allowed for; for IEEE arithmetic nothing is."""
    dtype, allowed = jnp.dtype(format or "float64"), 1e-12 if format is None else 0.0
    network, rows = network_of(5, 4, dtype=dtype), 300
    draw = np.random.default_rng(0)
    low = draw.uniform(-1, 0.5, (3, 2)).astype(dtype)
    high = (low + draw.choice([0.0, 0.1, 1.0], (3, 2))).astype(dtype)
    inputs = draw.uniform(low, high, (rows, 3, 2)).astype(dtype).clip(low, high)
    found = np.asarray(unroll(network, jnp.asarray(inputs))[0], np.float64)
    ops = Bounds(None if format is None else Rounding(ACCURACIES[format]))
    weights = weights_of(network, every_unit=format is not None)
    with ctx.workprec(128):
        state = propagate.start(weights)
        for t in range(3):
            ends = zip(low[t].tolist(), high[t].tolist(), strict=True)
            x = tuple(ops.between(arb(a), arb(b)) for a, b in ends)
            state, outputs = propagate.advance(weights, ops, state, x)
            for place, form in enumerate(outputs):
                assert float(form.low.lower()) - allowed <= found[:, t, place].min()
                assert found[:, t, place].max() <= float(form.high.upper()) + allowed
                assert float((form.high - form.low).upper()) < 50


@pytest.mark.parametrize("semantics", ["real", "ieee"])
def test_a_certificate_is_found_again_and_speaks_of_these_hidden_layers(semantics):
    network = build("gru", inputs=1, units=3, outputs=1, readout_hidden=(4,))
    proof = prove(network, Recall(steps=3), tolerance=3.0, semantics=semantics)
    assert proof.certificate is not None
    assert check(proof.certificate, network).accepted
    (hidden, last) = network.readout_maps
    wrong = replace(network, readout=replace(network.readout, hidden=(replace(hidden, bias=hidden.bias + 1),)))
    assert fingerprint(wrong) != fingerprint(network)
    assert not check(proof.certificate, wrong).accepted
    assert last.gates == ("y",)


def test_a_unit_that_the_first_hidden_layer_does_not_read_is_left_out(float64):
    network = network_of(5, cell="elman")
    (hidden, _) = network.readout_maps
    blind = replace(hidden, matrix=hidden.matrix.at[1].set(0))
    recurrent = network.layers[0]["h"]
    layer = {**network.layers[0], "h": replace(recurrent, matrix=recurrent.matrix.at[1].set(0))}
    network = replace(network, layers=(layer,), readout=replace(network.readout, hidden=(blind,)))
    assert weights_of(network, every_unit=False).units == (2,)
    assert weights_of(network, every_unit=True).units == (3,)


def test_roles_attribute_the_answers_to_units_by_the_gradient(float64):
    """Contributions add up to the output less that of the mean, and are those of the weights where it is linear."""
    network, states = network_of(6, 5), np.asarray(numbers(40, 3, seed=8))
    read_out = lambda states: perceptron(tensors(network), states)  # noqa: E731
    found = roles._contributions(network, states).sum(1)
    np.testing.assert_allclose(found, read_out(states) - read_out(states.mean(0)), rtol=0, atol=0.1)
    linear = network_of()
    assert isinstance(linear.readout, Linear)
    exact = roles._contributions(linear, states)
    as_one = replace(network, readout=replace(network.readout, hidden=(), last=linear.readout))
    np.testing.assert_allclose(roles._contributions(as_one, states), exact, rtol=0, atol=1e-12)
    assert roles.roles(examine(network_of(6, inputs=1, outputs=1), Recall(steps=4), rows=16)).readers


def test_what_needs_a_linear_read_out_says_so():
    network = build("gru", inputs=1, units=3, outputs=1, readout_hidden=(4,))
    with pytest.raises(BadValue, match=r"hidden layers \(1\), and what was asked for needs one matrix"):
        _ = network.readout.matrix
    with pytest.raises(BadValue, match="has hidden layers, which are not written for PyTorch"):
        kind_of(network, "PyTorch")


def test_first_weights_are_those_of_a_linear_read_out_but_for_the_hidden_layers():
    plain, deep = (build("gru", inputs=1, units=3, outputs=1, readout_hidden=hidden) for hidden in ((), (4, 3)))
    for one, other in zip(jax.tree.leaves(plain.layers), jax.tree.leaves(deep.layers), strict=True):
        assert (one == other).all()
    first, second, last = deep.readout_maps
    assert [m.matrix.shape for m in deep.readout_maps] == [(3, 4), (4, 3), (3, 1)]
    assert np.abs(np.asarray(first.matrix)).max() <= np.sqrt(6 / 7)
    assert len({float(m.matrix[0, 0]) for m in (first, second, last)}) == 3
    assert last.matrix.shape == plain.readout.matrix.shape == (3, 1)
    assert last.matrix.tolist() == plain.readout.matrix.tolist()


def test_it_is_a_setting_of_a_training():
    plain, deep = Settings(Recall(steps=5)), Settings(Recall(steps=5), readout_hidden="8,4", units=3)
    assert "readout_hidden" not in plain.identity()
    assert deep.identity()["readout_hidden"] == "8,4"
    assert Settings.from_json(deep.as_json()) == deep
    (network,) = first_networks(deep, [0])
    assert [m.units for m in network.readout_maps] == [8, 4, 1]
    for wrong in ("8;4", "0", "8,", "1e3"):
        with pytest.raises(BadValue, match=r"--readout-hidden is .*, expected none or whole numbers from 1"):
            Settings(Recall(steps=5), readout_hidden=wrong)


@pytest.mark.slow
def test_what_is_trained_with_one_is_tested_refuted_certified_and_explained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sizes = ["--steps", "4", "--cell", "gru", "--units", "3"]
    budget = ["--seeds", "1", "--batch", "8", "--budget", "64", "--check-every", "32"]
    assert main(["train", "recall", *sizes, *budget, "--readout-hidden", "4", "--out", "run"]) in (0, 1)
    file = "run/weights/seed-0.safetensors"
    assert main(["test", file, "--sequences-per-length", "64"]) in (0, 1)
    assert main(["refute", file, "--seconds", "1"]) in (0, 1)
    for semantics in ("real", "ieee"):
        assert main(["certify", file, "--tolerance", "5", "--semantics", semantics, "--out", "proof.json"]) == 0
        assert main(["check", "proof.json", file]) == 0
    assert main(["explain", file, "--page", "page.html"]) == 0
    assert main(["export", file, "--to", "onnx", "--out", "network.onnx"]) == 2
    assert "which are not written for" in capsys.readouterr().err
    swept = ["--over", "readout_hidden=none,4,(4,3)", "--cells", "gru", "--units", "3", "--lags", "3", *budget]
    assert main(["compare", "--task", "recall", *swept, "--yes"]) == 0
