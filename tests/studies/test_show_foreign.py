"""``show`` of a file of another framework: what an import makes of it, or why it cannot be opened."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras

import holdfast
from holdfast.cli._main import main
from holdfast.core.errors import BadFile
from tests.networks import random_network

pytestmark = [
    pytest.mark.usefixtures("quick_to_compile"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]
EVERY = {"return_sequences": True}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keras_file(name: str, *layers) -> None:
    keras.Sequential([keras.Input(batch_shape=(1, None, 2)), *layers]).save(name)


def test_a_graph_is_shown_as_the_network_that_the_import_makes(here):
    network = random_network("gru", inputs=2, units=3, outputs=2)
    holdfast.export(network, to="onnx", out=here / "net.onnx")
    shown = holdfast.show("net.onnx").as_json()
    assert os.listdir() == ["net.onnx"]
    holdfast.import_model("net.onnx", format="onnx", out="net.safetensors")
    imported = holdfast.show("net.safetensors").as_json()
    assert shown == {**imported, "file": "net.onnx"}
    assert (shown["cell"], shown["units"], shown["origin"]["imported"]["from"]) == ("gru", 3, "onnx")


def test_a_model_of_keras_is_shown_with_its_output_function(here, capsys):
    keras_file("own.keras", keras.layers.LSTM(20, stateful=True, **EVERY), keras.layers.Dense(2, "sigmoid"))
    assert main(["show", "own.keras"]) == 0
    said = capsys.readouterr().out
    assert "cell lstm, inputs 2, units 20, outputs 2, layers 1, output function sigmoid;" in said
    assert "origin: imported from keras, file own.keras" in said
    assert "To make a network of it: holdfast import own.keras --from keras" in said


def test_a_state_of_torch_is_shown(here):
    module = torch.nn.ModuleDict({"r": torch.nn.LSTM(2, 4), "l": torch.nn.Linear(4, 1)})
    torch.save(module.state_dict(), "state.pt")
    shown = holdfast.show("state.pt").as_json()
    assert (shown["cell"], shown["inputs"], shown["units"], shown["weights"]) == ("lstm", 2, 4, 117)


def test_what_cannot_be_opened_has_a_reason_and_a_way(here):
    keras_file("both.keras", keras.layers.Bidirectional(keras.layers.GRU(3, **EVERY)))
    torch.save(torch.nn.LSTM(2, 3, bidirectional=True).state_dict(), "both.pt")
    for name, reason, way in (
        ("both.keras", "Bidirectional", "keras.saving.load_model"),
        ("both.pt", "it is bidirectional", "holdfast.test(module, TASK)"),
    ):
        shown = holdfast.show(name)
        assert reason in shown.as_json()["why_not_opened"]
        assert way in str(shown.parts())


@pytest.mark.parametrize("name", ["bad.onnx", "bad.keras", "bad.pt"])
def test_a_damaged_file_and_none_are_errors(name, here):
    with pytest.raises(BadFile, match="there is no file"):
        holdfast.show(name)
    (here / name).write_bytes(b"x" * 20)
    with pytest.raises(BadFile):
        holdfast.show(name)


def test_check_takes_what_certify_takes(here):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = torch.nn.RNN(1, 2, batch_first=True), torch.nn.Linear(2, 1)

        def forward(self, x):
            return self.head(self.body(x)[0])

    torch.manual_seed(2)
    made = Model().eval()
    proof = holdfast.certify(made, "recall", steps=2, tolerance=5.0)
    assert proof.certificate
    assert holdfast.check(proof.certificate, made).accepted
    network = holdfast.as_model(made, inputs=1)
    assert holdfast.check(proof.certificate, network).accepted
    with torch.no_grad():
        made.head.bias += 1
    found = holdfast.check(proof.certificate, made)
    assert not found.accepted
    assert "weights" in found.reason
    with pytest.raises(holdfast.core.errors.BadValue, match="check needs a model of level 'opened'"):
        holdfast.check(proof.certificate, lambda x: np.zeros((*x.shape[:2], 1)))
