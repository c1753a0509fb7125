"""Modules of PyTorch are opened where they are made of standard parts, and compute as PyTorch does; the others are used
at their level and say why."""

from __future__ import annotations

import copy
import re
import warnings

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from holdfast import certify, exchange
from holdfast.core.errors import BadValue
from holdfast.engine.files import load, save
from holdfast.engine.network import Network
from holdfast.engine.unroll import trace, unroll
from holdfast.exchange.adapters import _torch_parts, as_model
from holdfast.explanation.explain import explain
from holdfast.models.answers import Answers, from_function
from holdfast.models.levels import level_of, outputs_of, require
from holdfast.models.steps import Steps
from holdfast.tasks.recall import Recall
from holdfast.training.judge import judge

pytestmark = pytest.mark.usefixtures("quick_to_compile")
FLOAT64 = torch.float64
FIRST = {"batch_first": True, "dtype": FLOAT64}


class Module(nn.Module):
    """A recurrent layer and a head, as others write them."""

    def __init__(self, body: nn.Module, head: nn.Module | None = None, last: bool = False):
        super().__init__()
        self.body, self.head, self.last = body, head, last

    def forward(self, x):
        hidden = self.body(x)[0]
        if self.last:
            hidden = hidden[:, -1]
        return hidden if self.head is None else self.head(hidden)


class Loop(nn.Module):
    """A cell of PyTorch in a loop over time, a sigmoid in its forward."""

    def __init__(self, cell: nn.Module):
        super().__init__()
        self.cell, self.head = cell, nn.Linear(3, 2, dtype=FLOAT64)

    def forward(self, x):
        state, outputs = None, []
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
            outputs.append(torch.sigmoid(self.head(state[0] if isinstance(state, tuple) else state)))
        return torch.stack(outputs, 1)


class Embedded(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.embedding = nn.Embedding(2, width, dtype=FLOAT64)
        self.body, self.head = nn.GRU(width, 3, **FIRST), nn.Linear(3, 2, dtype=FLOAT64)

    def forward(self, symbols):
        return self.head(self.body(self.embedding(symbols))[0])


def perceptron(*more: nn.Module) -> nn.Module:
    linear = [nn.Linear(a, b, dtype=FLOAT64) for a, b in ((3, 4), (4, 4), (4, 2))]
    return nn.Sequential(linear[0], nn.ReLU(), nn.Dropout(0.5), linear[1], nn.ReLU(), linear[2], *more)


OPENED = {
    "lstm": lambda: Module(nn.LSTM(2, 3, **FIRST), nn.Linear(3, 2, dtype=FLOAT64)),
    "gru, two layers": lambda: Module(nn.GRU(2, 3, 2, **FIRST), nn.Linear(3, 2, dtype=FLOAT64)),
    "rnn": lambda: Module(nn.RNN(2, 3, **FIRST), nn.Linear(3, 2, dtype=FLOAT64)),
    "rnn of relu, without bias": lambda: Module(nn.RNN(2, 3, nonlinearity="relu", bias=False, **FIRST)),
    "time first": lambda: nn.LSTM(2, 3, dtype=FLOAT64),
    "layers one by one": lambda: Module(nn.ModuleList([nn.LSTM(2, 3, **FIRST), nn.LSTM(3, 3, **FIRST)])),
    "the last step alone": lambda: Module(nn.GRU(2, 3, **FIRST), nn.Linear(3, 2, dtype=FLOAT64), last=True),
    "hidden layers": lambda: Module(nn.LSTM(2, 3, **FIRST), perceptron()),
    "hidden layers and softmax": lambda: Module(nn.LSTM(2, 3, **FIRST), perceptron(nn.Softmax(-1))),
    "log_softmax": lambda: Module(nn.LSTM(2, 3, **FIRST), nn.LogSoftmax(-1)),
    "relu first": lambda: Module(nn.LSTM(2, 3, **FIRST), nn.Sequential(nn.ReLU(), nn.Linear(3, 2, dtype=FLOAT64))),
    "a loop over LSTMCell": lambda: Loop(nn.LSTMCell(2, 3, dtype=FLOAT64)),
    "a loop over GRUCell": lambda: Loop(nn.GRUCell(2, 3, dtype=FLOAT64)),
    "a loop over RNNCell": lambda: Loop(nn.RNNCell(2, 3, nonlinearity="relu", dtype=FLOAT64)),
    "an embedding": lambda: Embedded(3),
    "an embedding of another width": lambda: Embedded(5),
}


class Stacked(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)[0]
        return x, None


def made(make) -> nn.Module:
    torch.manual_seed(3)
    module = make().eval()
    if isinstance(getattr(module, "body", None), nn.ModuleList):
        module.body = Stacked(module.body)
    return module


def answered(module: nn.Module, x: np.ndarray) -> np.ndarray:
    """What PyTorch computes of inputs [batch, time, input], whichever way round the module reads."""
    given = torch.tensor(x)
    with torch.no_grad():
        if isinstance(module, Embedded):
            return module(given.argmax(-1)).numpy()
        if isinstance(module, nn.LSTM) and not module.batch_first:
            return module(given.swapaxes(0, 1))[0].swapaxes(0, 1).numpy()
        if getattr(module, "last", False):
            return np.stack([module(given[:, : t + 1]).numpy() for t in range(x.shape[1])], 1)
        outputs = module(given)
    return (outputs[0] if isinstance(outputs, tuple) else outputs).numpy()


def some_inputs(symbols: bool = False) -> np.ndarray:
    random = np.random.default_rng(5)
    return np.eye(2)[random.integers(2, size=(3, 9))] if symbols else random.standard_normal((3, 9, 2))


@pytest.mark.parametrize("form", OPENED)
def test_standard_parts_are_opened_and_compute_as_pytorch_does(form, float64):
    module = made(OPENED[form])
    model, x = as_model(module, inputs=2), some_inputs(isinstance(module, Embedded))
    assert level_of(model) == "opened", getattr(model, "why_not_opened", "")
    np.testing.assert_allclose(outputs_of(model, x), answered(module, x), rtol=0, atol=1e-10)


def test_sizes_and_names_are_those_of_the_module(float64):
    model = as_model(made(OPENED["hidden layers and softmax"]), inputs=2)
    assert isinstance(model, Network)
    assert (model.cell_name, model.units, len(model.layers), model.output_function) == ("lstm", 3, 1, "softmax")
    assert [linear.units for linear in model.readout_maps] == [4, 4, 2]
    kept, folded = (
        as_model(made(OPENED[form]), inputs=2) for form in ("an embedding", "an embedding of another width")
    )
    assert isinstance(kept, Network)
    assert kept.embedding is not None
    assert isinstance(folded, Network)
    assert folded.embedding is None


GATES = {"lstm": (nn.LSTM, ("input", "forget", "candidate", "output")), "gru": (nn.GRU, ("reset", "update"))}


@pytest.mark.parametrize("cell", GATES)
def test_gates_are_those_of_pytorch(cell, float64):
    """PyTorch does not show gates: they are computed from its weights and its hidden states."""
    kind, names = GATES[cell]
    torch.manual_seed(1)
    layer, x = kind(2, 3, **FIRST), some_inputs()
    with torch.no_grad():
        hidden = layer(torch.tensor(x))[0]
        before = torch.cat([torch.zeros_like(hidden[:, :1]), hidden[:, :-1]], 1)
        sums = torch.tensor(x) @ layer.weight_ih_l0.T + layer.bias_ih_l0 + before @ layer.weight_hh_l0.T
        columns = (sums + layer.bias_hh_l0).chunk(4 if cell == "lstm" else 3, -1)
    model = as_model(layer, inputs=2)
    assert isinstance(model, Network)
    opened = trace(model, jnp.asarray(x)).gates[0]._asdict()
    for name, column in zip(names, columns, strict=False):
        function = torch.tanh if name == "candidate" else torch.sigmoid
        np.testing.assert_allclose(opened[name], function(column).numpy(), rtol=0, atol=1e-10)


class Scaled(Module):
    def forward(self, x):
        return 2 * super().forward(x)


class Crossed(Module):
    """Only axes are arranged, and yet it is not what its parts alone are."""

    def forward(self, x):
        return super().forward(x[..., [1, 0]])


LOWER = {
    "scaled": (
        lambda: Scaled(nn.LSTM(2, 3, **FIRST)),
        Answers,
        "its forward calls mul, which is no part of a network here",
    ),
    "crossed": (
        lambda: Crossed(nn.LSTM(2, 3, **FIRST)),
        Answers,
        "its known parts alone compute other outputs (torch 2",
    ),
    "bidirectional": (
        lambda: Module(nn.LSTM(2, 3, bidirectional=True, **FIRST), nn.Linear(6, 1, dtype=FLOAT64)),
        Answers,
        "it is bidirectional: one half reads the sequence from its end, which no step can",
    ),
    "an unknown part": (
        lambda: Module(nn.LSTM(2, 3, **FIRST), nn.LayerNorm(3, dtype=FLOAT64)),
        Answers,
        "it has a part that is not known here, LayerNorm",
    ),
    "nothing recurrent": (lambda: nn.Linear(2, 3, dtype=FLOAT64), Answers, "it has no recurrent layer that is known"),
    "a projection": (
        lambda: Module(nn.LSTM(2, 3, proj_size=2, **FIRST), nn.Linear(2, 1, dtype=FLOAT64)),
        Steps,
        "its hidden state is projected (proj_size), which no cell of holdfast does",
    ),
    "several sizes": (
        lambda: Module(nn.ModuleList([nn.LSTM(2, 3, **FIRST), nn.LSTM(3, 4, **FIRST)])),
        Steps,
        "its layers have different sizes: 3, 4 units",
    ),
    "several kinds": (
        lambda: Module(nn.ModuleList([nn.LSTM(2, 3, **FIRST), nn.GRU(3, 3, **FIRST), nn.RNN(3, 3, **FIRST)])),
        Steps,
        "its layers are of several kinds: lstm, gru, rnn",
    ),
    "tanh in the read-out": (
        lambda: Module(nn.LSTM(2, 3, **FIRST), nn.Sequential(nn.Tanh(), nn.Linear(3, 1, dtype=FLOAT64))),
        Steps,
        "its read-out applies tanh, expected relu between linear maps",
    ),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("form", LOWER)
def test_other_modules_are_used_at_their_level_and_say_why(form, float64):
    make, level, why = LOWER[form]
    module, x = made(make), some_inputs()
    model = as_model(module, inputs=2)
    assert type(model) is level
    assert not isinstance(model, Network)
    assert model.why_not_opened.startswith(why)
    np.testing.assert_allclose(outputs_of(model, x), answered(module, x), rtol=0, atol=1e-10)
    with pytest.raises(BadValue, match=re.escape(f"but {model.name} has the level '{level_of(model)}': {why}")):
        require(model, "opened", "certify")


def test_gates_in_another_order_are_noticed(float64, monkeypatch):
    """The comparison of outputs can fail: read in the order of Keras, a GRU of PyTorch is not opened."""
    monkeypatch.setitem(_torch_parts.ORDERS, "gru", ("update", "reset", "candidate"))
    model = as_model(made(OPENED["gru, two layers"]), inputs=2)
    assert isinstance(model, Answers)
    assert "its known parts alone compute other outputs" in model.why_not_opened


def test_a_module_has_the_figures_of_its_imported_file(tmp_path):
    torch.manual_seed(2)
    module, task = Module(nn.LSTM(1, 4, batch_first=True), nn.Linear(4, 1)), Recall(steps=6)
    save_file(module.state_dict(), tmp_path / "state.safetensors")
    exchange.import_(tmp_path / "state.safetensors", "torch", tmp_path / "net.safetensors")
    imported, model = load(tmp_path / "net.safetensors")[0], as_model(module, inputs=1)
    assert judge(model, [task]).lines == judge(imported, [task]).lines
    theirs, ours = (explain(one, task, rows=8).as_json() for one in (model, imported))
    assert theirs == ours


def test_certify_takes_a_module_that_can_be_opened_and_says_why_it_cannot():
    torch.manual_seed(2)
    module = Module(nn.GRU(1, 2, batch_first=True), nn.Linear(2, 1))
    task = Recall(steps=2)
    certificates = [certify(one, task, tolerance=9.0).certificate for one in (module, as_model(module, inputs=1))]
    assert certificates[0] is not None
    assert certificates[0] == certificates[1]
    both = Module(nn.GRU(1, 2, batch_first=True, bidirectional=True), nn.Linear(4, 1))
    with pytest.raises(BadValue, match=r"certify needs a model of level 'opened' .* it is bidirectional"):
        certify(both, task)


def test_an_output_function_is_kept_in_a_file(tmp_path, float64):
    network, x = as_model(made(OPENED["a loop over LSTMCell"]), inputs=2), jnp.asarray(some_inputs())
    assert isinstance(network, Network)
    save(network, tmp_path / "net.safetensors")
    again, _ = load(tmp_path / "net.safetensors")
    assert again.output_function == "sigmoid"
    np.testing.assert_array_equal(unroll(again, x)[0], unroll(network, x)[0])
    logits = np.asarray(unroll(network.before_output_function(), x)[0])
    np.testing.assert_allclose(unroll(network, x)[0], 1 / (1 + np.exp(-logits)), rtol=1e-14)


def moved(module: nn.Module) -> nn.Module:
    module.register_forward_hook(lambda part, inputs, outputs: None)
    return module


class Counting(Module):
    """Keeps its state from call to call."""

    state = None

    def forward(self, x):
        hidden, self.state = self.body(x, self.state)
        return hidden


class Long(Module):
    """Answers at every step of short sequences and at the last three of others."""

    def forward(self, x):
        return super().forward(x)[:, -3:]


def plain(**words) -> nn.Module:
    return Module(nn.LSTM(2, 3, batch_first=True, **words), nn.Linear(3, 1))


BAD = [
    (lambda: "a word", "an object of the class builtins.str is no model"),
    (lambda: plain().to("meta"), "is on the device meta, expected cpu. Load its weights first."),
    (lambda: plain().half(), "has float16 numbers, expected float32 or float64 throughout."),
    (lambda: plain().bfloat16(), "has bfloat16 numbers, expected float32 or float64 throughout."),
    (lambda: Module(plain().body, nn.Linear(3, 1).double()), "has float32 and float64 numbers, expected"),
    (lambda: moved(plain()), "has forward hooks (itself), which may change what it computes."),
    (lambda: plain(num_layers=2, dropout=0.5), "is in training mode, in which other numbers come out of body (LSTM)"),
    (lambda: Module(plain().body, nn.Dropout(0.1)), "other numbers come out of head (Dropout). Call model.eval()"),
    (lambda: Counting(plain().body), "gives other outputs when it is called again with the same inputs"),
    (
        lambda: Module(nn.LSTM(4, 3, batch_first=True)),
        "raises RuntimeError: input.size(-1) must be equal to input_size",
    ),
    (lambda: Embedded(3), "has an Embedding of 2 symbols, but there are 3 inputs."),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=[words for _, words in BAD])
def test_bad_modules_get_one_clear_message(make, words):
    with pytest.raises(BadValue, match=re.escape(words)):
        as_model(make(), inputs=3 if "3 inputs" in words else 2)


def test_outputs_of_another_shape_at_another_length_are_told():
    with pytest.raises(BadValue, match=re.escape("outputs of the shape [3, 3, 3] for inputs of the shape [3, 32, 2]")):
        as_model(Long(plain().body), inputs=2)
    model = from_function(lambda x: x[:, -3:], inputs=2)
    with pytest.raises(BadValue, match=re.escape("expected [1, 5, 2], as for other lengths")):
        model(np.zeros((1, 5, 2)))


def test_the_module_is_left_as_it_was():
    module = plain()
    module.head.eval()
    flags, weights = [part.training for part in module.modules()], copy.deepcopy(module.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_model(module, inputs=2)
    assert [part.training for part in module.modules()] == flags
    assert all(torch.equal(weights[name], value) for name, value in module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
