"""A function between a linear map or an embedding and the first recurrent layer: the model has level *steps*, in every
framework, and its description says why."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest
import torch

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras

import holdfast
from holdfast.exchange.adapters import as_model
from holdfast.models.levels import level_of, outputs_of
from holdfast.studies.show_foreign import foreign

pytestmark = [
    pytest.mark.usefixtures("quick_to_compile"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]
FUNCTIONS = ("relu", "tanh")
SYMBOLS = np.eye(5, dtype=np.float32)[np.random.default_rng(5).integers(5, size=(3, 9))]


class Below(torch.nn.Module):
    """A first layer, a function, and an LSTM that reads it."""

    def __init__(self, first: torch.nn.Module, function: str):
        super().__init__()
        self.first, self.function = first, getattr(torch, function)
        self.body, self.head = torch.nn.LSTM(3, 4, batch_first=True), torch.nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.body(self.function(self.first(x)))[0])


def torch_module(function: str, embedding: bool = False) -> torch.nn.Module:
    torch.manual_seed(1)
    return Below(torch.nn.Embedding(5, 3) if embedding else torch.nn.Linear(5, 3), function).eval()


def keras_model(function: str, embedding: bool = False) -> keras.Model:
    keras.utils.set_random_seed(1)
    layers = keras.layers
    first = [layers.Embedding(5, 3), layers.Activation(function)] if embedding else [layers.Dense(3, function)]
    shape = (None, None) if embedding else (None, None, 5)
    return keras.Sequential([keras.Input(batch_shape=shape), *first, layers.GRU(4, return_sequences=True)])


def onnx_file(function: str, folder, embedding: bool = False):
    given = torch.zeros(1, 4, dtype=torch.long) if embedding else torch.zeros(1, 4, 5)
    axes = {"dynamic_axes": {"x": {0: "batch", 1: "time"}}, "input_names": ["x"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls this exporter old; its graphs are in everybody's files
        torch.onnx.export(torch_module(function, embedding), (given,), folder / "m.onnx", dynamo=False, **axes)
    return folder / "m.onnx"


def refused(thing) -> str:
    with pytest.raises(holdfast.core.errors.BadValue) as why:
        holdfast.certify(thing, "echo")
    return str(why.value)


@pytest.mark.parametrize("embedding", [False, True], ids=["linear", "embedding"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_is_used_at_level_steps_with_a_reason(function, embedding, tmp_path):
    module, layers = torch_module(function, embedding), keras_model(function, embedding)
    read = SYMBOLS.argmax(-1) if embedding else SYMBOLS
    with torch.no_grad():
        of_torch = module(torch.tensor(read)).numpy()
    of_keras = np.asarray(layers(read, training=False))
    file = onnx_file(function, tmp_path, embedding)
    for thing, expected in ((module, of_torch), (layers, of_keras), (file, of_torch)):
        model = as_model(thing, inputs=5)
        assert level_of(model) == "steps"
        np.testing.assert_allclose(outputs_of(model, SYMBOLS), expected, rtol=0, atol=1e-6)
        assert model.why_not_opened.startswith(f"it applies {function} below its first recurrent layer")


def test_verbs_name_the_function():
    why = refused(torch_module("tanh"))
    assert "but the module Below of PyTorch has the level 'steps': it applies tanh below its first recurrent" in why


@pytest.mark.parametrize("function", FUNCTIONS)
def test_show_says_level_and_reason(function, tmp_path):
    shown = foreign(onnx_file(function, tmp_path)).as_json()
    assert (shown["level"], shown["inputs"], shown["outputs"]) == ("steps", 5, 2)
    assert f"it applies {function} below its first recurrent layer" in shown["why_not_opened"]
