"""Keras's own layers, built here and not by the exporter, give our numbers; other models are refused, with reasons."""

import json
import os
import re
import warnings
import zipfile

import jax.numpy as jnp
import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras

from holdfast import exchange
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.origin import task_of
from holdfast.engine.files import load
from holdfast.engine.unroll import unroll
from holdfast.exchange import keras as format
from holdfast.exchange._keras_run import quiet
from tests.networks import numbers, random_network

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

LAYERS = keras.layers
LINEAR = {"return_sequences": True}


def model(*layers, sizes=(None, 2)):
    return keras.Sequential([keras.Input(sizes), *layers])


def saved(made, folder):
    file = folder / "net.keras"
    made.save(file)
    return file


ORDERS = {
    "lstm": (LAYERS.LSTM, ("input", "forget", "candidate", "output")),
    "gru": (LAYERS.GRU, ("update", "reset", "candidate")),
    "elman": (LAYERS.SimpleRNN, ("candidate",)),
}


@pytest.mark.parametrize("cell", ORDERS)
def test_the_same_weights_in_kerass_layers_give_our_numbers(cell, tmp_path):
    network, x = random_network(cell, dtype=jnp.float32), numbers(3, 7, 2, dtype=jnp.float32)
    layer, order = ORDERS[cell]
    theirs = model(layer(3, **LINEAR), LAYERS.Dense(2))
    own = network.layers[0]
    kernel, recurrent = (np.concatenate([own[s].of(gate)[0] for gate in order], 1) for s in ("x", "h"))
    biases = [np.concatenate([own[s].of(gate)[1] for gate in order]) for s in ("x", "h")[: 1 + (cell == "gru")]]
    readout = [np.asarray(network.readout.matrix), np.asarray(network.readout.bias)]
    theirs.set_weights([kernel, recurrent, np.squeeze(np.stack(biases)), *readout])
    np.testing.assert_allclose(unroll(network, x)[0], theirs(np.asarray(x)), atol=1e-6)
    read = format.read(saved(theirs, tmp_path), None)
    np.testing.assert_allclose(unroll(read, x)[0], unroll(network, x)[0], atol=1e-6)


def test_a_functional_model_of_fixed_length_without_biases_is_read(tmp_path):
    given = keras.Input((5, 2))
    hidden = LAYERS.SimpleRNN(3, activation="relu", use_bias=False, **LINEAR)(given)
    file = saved(keras.Model(given, LAYERS.Dense(1, use_bias=False)(hidden)), tmp_path)
    done = exchange.import_(file, "keras", tmp_path / "out")
    assert done.converted == f"irnn, 1 layer of 3 units, from {file}"
    assert done.agreement.steps == 32, "Keras runs the same layers on sequences of any length"


REFUSED = [
    (
        [LAYERS.GRU(3, reset_after=False, **LINEAR)],
        "reset_after=False: its reset gate acts before the recurrent product",
    ),
    ([LAYERS.LSTM(3, go_backwards=True, **LINEAR)], "has go_backwards=True: it reads the sequence from its end"),
    ([LAYERS.LSTM(3, recurrent_activation="hard_sigmoid", **LINEAR)], "recurrent_activation=hard_sigmoid: gates"),
    ([LAYERS.LSTM(3, activation="relu", **LINEAR)], "has activation=relu: lstm and gru have tanh"),
    ([LAYERS.SimpleRNN(3, activation="gelu", **LINEAR)], "has activation=gelu: elman has tanh, irnn has relu"),
    ([LAYERS.LSTM(3, dropout=0.5, **LINEAR)], "has dropout=0.5: no cell here has dropout"),
    ([LAYERS.Bidirectional(LAYERS.LSTM(3, **LINEAR))], "a Sequential model of Bidirectional, Dense; expected layers"),
    ([LAYERS.Masking(), LAYERS.LSTM(3, **LINEAR)], "it skips the steps that its mask leaves out"),
    ([LAYERS.LSTM(3, **LINEAR), LAYERS.GRU(3, **LINEAR)], "its layers are of several kinds: lstm, gru"),
    ([LAYERS.LSTM(3, **LINEAR), LAYERS.LSTM(4, **LINEAR)], "its layers have different sizes: 3, 4 units"),
    ([LAYERS.LSTM(3, dtype="mixed_float16", **LINEAR)], "weights are float32 and mixed_float16 numbers, expected"),
]


@pytest.mark.parametrize(("layers", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_no_network_here_is_is_refused_with_the_reason(layers, reason, tmp_path):
    file = saved(model(*layers, LAYERS.Dense(1)), tmp_path)
    with pytest.raises(BadFile, match=re.escape(reason)) as caught:
        exchange.import_(file, "keras", tmp_path / "out")
    assert str(caught.value).startswith(f"{file} cannot be imported: ")
    assert not (tmp_path / "out").exists()


def test_every_reason_is_told_at_once(tmp_path):
    file = saved(model(LAYERS.GRU(3, reset_after=False, dropout=0.5), LAYERS.Dense(1)), tmp_path)
    with pytest.raises(BadFile, match=r"reset_after=False: .*; GRU .* dropout=0\.5: "):
        format.read(file, None)


READ = {
    "the tutorial's": (1, 1, [LAYERS.LSTM(20, stateful=True), LAYERS.Dense(2, activation="sigmoid")]),
    "the last step": (None, 5, [LAYERS.GRU(3), LAYERS.Dense(2)]),
    "TimeDistributed": (None, None, [LAYERS.LSTM(3, **LINEAR), LAYERS.TimeDistributed(LAYERS.Dense(2))]),
    "hidden layers": (None, None, [LAYERS.SimpleRNN(3, **LINEAR), LAYERS.Dense(4, "relu"), LAYERS.Dense(2, "softmax")]),
}


@pytest.mark.parametrize("form", READ)
def test_other_forms_are_imported(form, tmp_path):
    rows, steps, layers = READ[form]
    file = saved(keras.Sequential([keras.Input(batch_shape=(rows, steps, 2)), *layers]), tmp_path)
    done = exchange.import_(file, "keras", tmp_path / "out", task={"name": "echo"})
    assert done.agreement.largest_difference < 1e-6
    network, origin = load(tmp_path / "out")
    assert network.output_function == {"the tutorial's": "sigmoid", "hidden layers": "softmax"}.get(form, "")
    assert task_of(origin) == {"name": "echo"}


def test_a_branching_model_is_refused(tmp_path):
    given, layer, dense = keras.Input((None, 2)), LAYERS.LSTM(2, **LINEAR), LAYERS.Dense(1)
    hidden = layer(given)
    two_outputs, twice = keras.Model(given, [dense(hidden), hidden]), keras.Model(given, LAYERS.Dense(1)(layer(hidden)))
    for made in (two_outputs, twice):
        with pytest.raises(BadFile, match="its layers branch"):
            format.read(saved(made, tmp_path), None)


def changed(file, **words):
    """The same file with settings of its recurrent layer's description replaced."""
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(held["config.json"])
    config["config"]["layers"][1]["config"] |= words
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (held | {"config.json": json.dumps(config).encode()}).items():
            archive.writestr(name, content)
    return file


def test_code_in_a_file_is_refused_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.saving, "load_model", lambda *a, **k: pytest.fail("it was loaded"))
    bad = {"module": "os", "class_name": "system", "config": {}, "registered_name": None}
    file = changed(saved(model(LAYERS.LSTM(3, **LINEAR), LAYERS.Dense(1)), tmp_path), kernel_initializer=bad)
    with pytest.raises(BadFile, match=r"it brings code of its own, os\.system"):
        format.read(file, None)


@pytest.mark.parametrize("content", [b"", b"\x00" * 50, b"PK\x05\x06" + bytes(18)])
def test_another_file_is_told(content, tmp_path):
    (tmp_path / "f.keras").write_bytes(content)
    with pytest.raises(BadFile, match=r"it is not a \.keras file"):
        format.read(tmp_path / "f.keras", None)


def test_double_precision_is_refused_with_the_reason(tmp_path, float64):
    with pytest.raises(BadValue, match=r"keras does not compute in double precision.*Use the format torch or onnx"):
        exchange.export(random_network("gru"), tmp_path / "net.keras", "keras")


def test_a_backend_that_is_not_installed_is_told(monkeypatch):
    import builtins

    real = builtins.__import__

    def refuse(name, *rest):
        if name == "keras":
            raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")
        return real(name, *rest)

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(BadValue, match="KERAS_BACKEND is 'tensorflow', which needs the package tensorflow"):
        format._keras()


def test_only_one_foreign_warning_is_kept_quiet():
    with pytest.raises(DeprecationWarning, match="another"), quiet():
        warnings.warn("another", DeprecationWarning, stacklevel=1)
