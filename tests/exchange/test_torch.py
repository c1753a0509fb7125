"""PyTorch's own layers, built here and not by the exporter, give our numbers; foreign state_dicts are read."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from holdfast import exchange
from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.engine.files import load
from holdfast.engine.network import create
from holdfast.engine.unroll import unroll
from holdfast.exchange import torch as format
from tests.networks import numbers, random_network

LAYERS = {
    "lstm": (torch.nn.LSTM, {}),
    "gru": (torch.nn.GRU, {}),
    "elman": (torch.nn.RNN, {"nonlinearity": "tanh"}),
    "irnn": (torch.nn.RNN, {"nonlinearity": "relu"}),
    "feedforward": (torch.nn.RNN, {"nonlinearity": "tanh"}),
}


class Foreign(torch.nn.Module):
    """A model as others write it."""

    def __init__(self, layer, **words):
        super().__init__()
        self.body = layer(2, 3, batch_first=True, dtype=torch.float64, **words)
        self.head = torch.nn.Linear(3, 2, dtype=torch.float64)

    def forward(self, x):
        return self.head(self.body(x)[0])


def outputs(network, x):
    return np.asarray(unroll(network, x)[0])


@pytest.mark.parametrize("cell", LAYERS)
def test_exported_weights_in_pytorchs_layers_give_our_numbers(cell, tmp_path, float64):
    network, x = random_network(cell, layers=2), numbers(3, 7, 2)
    exchange.export(network, tmp_path / "net.safetensors", "torch")
    layer, words = LAYERS[cell]
    theirs = Foreign(layer, num_layers=2, **words)
    held = load_file(tmp_path / "net.safetensors")
    renamed = {name.replace("recurrent", "body").replace("readout", "head"): value for name, value in held.items()}
    theirs.load_state_dict(renamed)
    expected = theirs(torch.tensor(np.asarray(x))).detach().numpy()
    np.testing.assert_allclose(outputs(network, x), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", ["irnn", "lstm"])
def test_the_metadata_hold_the_lines_that_load_the_file(cell, tmp_path):
    network, x = random_network(cell, layers=2, dtype=jnp.float32), numbers(3, 7, 2, dtype=jnp.float32)
    file = tmp_path / "net.safetensors"
    exchange.export(network, file, "torch", {"seed": 4})
    with safe_open(file, framework="numpy") as opened:
        told = opened.metadata()
    assert (told["format"], told["cell"], told["hidden_size"], told["origin"]) == ("pt", cell, "3", '{"seed": 4}')
    names = {"inputs": torch.tensor(np.asarray(x))}
    last = told["load"].splitlines()[-1]
    assert last.startswith("# outputs = ")
    program = told["load"].replace("FILE", str(file)) + "\n" + last.removeprefix("# ").split(": from")[0]
    exec(program, names)
    np.testing.assert_allclose(outputs(network, x), names["outputs"].detach(), atol=1e-5)


@pytest.mark.parametrize("words", [{}, {"bias": False}, {"num_layers": 3}], ids=str)
@pytest.mark.parametrize("cell", ["elman", "gru", "irnn", "lstm"])
def test_a_foreign_state_dict_is_read_with_any_prefix(cell, words, tmp_path, float64):
    layer, more = LAYERS[cell]
    torch.manual_seed(1)
    theirs, x = Foreign(layer, **words, **more), numbers(3, 7, 2)
    save_file({f"model.{name}": value for name, value in theirs.state_dict().items()}, tmp_path / "theirs.safetensors")
    network = format.read(tmp_path / "theirs.safetensors", cell)
    assert network.cell_name == cell
    expected = theirs(torch.tensor(np.asarray(x))).detach().numpy()
    np.testing.assert_allclose(outputs(network, x), expected, rtol=0, atol=1e-12)
    exchange.import_(tmp_path / "theirs.safetensors", "torch", tmp_path / "ours", cell)


def test_a_plain_rnn_is_an_elman_unless_told_otherwise(tmp_path, float64):
    save_file(Foreign(torch.nn.RNN).state_dict(), tmp_path / "f")
    assert format.read(tmp_path / "f", None).cell_name == "elman"
    assert format.read(tmp_path / "f", "irnn").cell_name == "irnn"
    save_file(Foreign(torch.nn.RNN).state_dict(), tmp_path / "g", {"nonlinearity": "relu"})
    assert format.read(tmp_path / "g", None).cell_name == "irnn"
    with pytest.raises(BadValue, match="--cell is elman, but the file's layer is rnn with relu, expected irnn"):
        format.read(tmp_path / "g", "elman")
    with pytest.raises(BadFile, match="feedforward reads no state, but the file's recurrent weights are not zero"):
        format.read(tmp_path / "f", "feedforward")
    with pytest.raises(UnknownName, match="Did you mean 'elman'"):
        format.read(tmp_path / "f", "elmann")


def test_two_biases_become_their_sum_and_the_grus_stay_two(tmp_path, float64):
    for cell, theirs in (("lstm", Foreign(torch.nn.LSTM)), ("gru", Foreign(torch.nn.GRU))):
        save_file(theirs.state_dict(), tmp_path / cell)
        layer = format.read(tmp_path / cell, None).layers[0]
        both = theirs.state_dict()["body.bias_ih_l0"][:3], theirs.state_dict()["body.bias_hh_l0"][:3]
        first = layer["x"].gates[0]
        wanted = both[0] + both[1] if cell == "lstm" else both[0]
        assert (np.asarray(layer["x"].of(first)[1]) == wanted.numpy()).all()
    assert (np.asarray(layer["h"].of(first)[1]) == both[1].numpy()).all()


def state(layer=torch.nn.LSTM, **words):
    return dict(Foreign(layer, **words).float().state_dict())


REFUSED = [
    (lambda: state(bidirectional=True), {}, "it is bidirectional"),
    (lambda: state(proj_size=2), {}, "it has proj_size: its hidden state is projected"),
    (lambda: state(), {"dropout": "0.5"}, "it has dropout 0.5, which no cell of holdfast has"),
    (lambda: {"w": torch.zeros(2)}, {}, "should have one recurrent layer (a tensor ...weight_ih_l0)"),
    (lambda: state() | {"b.weight_ih_l0": torch.zeros(2)}, {}, "there are several (b., body.)"),
    (
        lambda: state() | {"extra": torch.zeros(2)},
        {},
        "besides its recurrent layer it holds extra, head.bias, head.weight",
    ),
    (lambda: {k: v for k, v in state().items() if "head" not in k}, {}, "besides its recurrent layer it holds nothing"),
    (lambda: {k: v for k, v in state().items() if "hh" not in k}, {}, "lacks weight_hh_l0, bias_hh_l0"),
    (
        lambda: state() | {"body.weight_hh_l0": torch.zeros(7, 3)},
        {},
        "weight_hh_l0 has shape [7, 3], expected 4, 3 or 1",
    ),
    (lambda: state() | {"head.weight": torch.zeros(2, 5)}, {}, "read-out's weights have shape [5, 2], expected [3, 2]"),
    (
        lambda: state() | {"body.weight_ih_l0": torch.tensor(1.0)},
        {},
        "input weights of layer 0 have shape [], expected",
    ),
    (lambda: state() | {"head.weight": torch.zeros(0, 3), "head.bias": torch.zeros(0)}, {}, "a size is 0, expected at"),
    (lambda: {k: v.half() for k, v in state().items()}, {}, "F16, expected F32 or F64 numbers"),
    (lambda: state() | {"head.bias": torch.zeros(2).double()}, {}, "weights are float32 and float64 numbers, expected"),
    (lambda: {k: v.double() for k, v in state().items()}, {}, "Set the environment variable JAX_ENABLE_X64=1"),
]


@pytest.mark.parametrize(
    ("made", "metadata", "reason"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_no_network_here_is_is_refused_with_the_reason(made, metadata, reason, tmp_path):
    save_file({k: v.contiguous() for k, v in made().items()}, tmp_path / "f", metadata)
    with pytest.raises(BadFile, match=re.escape(reason)) as caught:
        exchange.import_(tmp_path / "f", "torch", tmp_path / "out")
    assert str(caught.value).startswith(f"{tmp_path / 'f'} cannot be imported: ")
    assert not (tmp_path / "out").exists()


def test_a_pickle_of_weights_is_read_and_one_of_code_is_refused(tmp_path, float64):
    torch.manual_seed(1)
    theirs, x = Foreign(torch.nn.LSTM), numbers(3, 7, 2)
    for number, held in enumerate((theirs.state_dict(), {"epoch": 3, "state_dict": theirs.state_dict()})):
        torch.save(held, tmp_path / f"{number}.pt")
        exchange.import_(tmp_path / f"{number}.pt", "torch", tmp_path / f"{number}.safetensors")
        network, _ = load(tmp_path / f"{number}.safetensors")
        expected = theirs(torch.tensor(np.asarray(x))).detach().numpy()
        np.testing.assert_allclose(outputs(network, x), expected, rtol=0, atol=1e-12)
    torch.save(theirs, tmp_path / "whole.pt")
    with pytest.raises(BadFile, match="it holds more than tensors, and reading that could run any code"):
        exchange.import_(tmp_path / "whole.pt", "torch", tmp_path / "out")


@pytest.mark.parametrize("width", [3, 5])
def test_an_embedding_is_kept_or_folded(width, tmp_path, float64):
    torch.manual_seed(1)
    parts = torch.nn.ModuleDict(
        {
            "embedding": torch.nn.Embedding(4, width, dtype=torch.float64),
            "body": torch.nn.GRU(width, 3, batch_first=True, dtype=torch.float64),
            "head": torch.nn.Linear(3, 2, dtype=torch.float64),
        }
    )
    save_file(parts.state_dict(), tmp_path / "f")
    network, symbols = format.read(tmp_path / "f", None), np.array([[0, 3, 1, 1, 2]])
    assert (network.embedding is not None) == (width == 3)
    expected = parts["head"](parts["body"](parts["embedding"](torch.tensor(symbols)))[0]).detach().numpy()
    np.testing.assert_allclose(outputs(network, jnp.eye(4)[symbols]), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", exchange.FOLDER.names())
def test_the_lstm_of_1997_is_refused_with_the_reason(name, tmp_path):
    file = tmp_path / f"net{exchange.get(name).ENDING}"
    with pytest.raises(BadValue, match=f"lstm1997 has no forget gate: .* The LSTM of {name} has a forget gate"):
        exchange.export(create("lstm1997", 1, 2, 1), file, name)
    assert not file.exists()


def test_a_cell_of_a_plug_in_is_refused(offenders, tmp_path):
    with pytest.raises(BadValue, match="torch has no layer that computes the cell reset_before; it has lstm, gru, "):
        exchange.export(create("reset_before", 1, 2, 1), tmp_path / "net.safetensors", "torch")
