"""Functions and modules of PyTorch are tested and refuted as the same network is that holdfast opened."""

from __future__ import annotations

import json

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from holdfast import exchange
from holdfast.certification.attack import attack
from holdfast.certification.refute import refute, refute_unbounded
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.exchange.adapters import as_model
from holdfast.exchange.adapters import torch as adapter
from holdfast.models.answers import from_function
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.judge import judge
from tests.certification.latches import designed, lstm
from tests.networks import random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")
TASK = Recall(steps=12, tolerance=0.05)


class Module(torch.nn.Module):
    """An LSTM and a Linear as others write them, with a dropout that only training has."""

    def __init__(self, network: Network, folder, double: bool = False):
        super().__init__()
        form = torch.float64 if double else torch.float32
        self.body = torch.nn.LSTM(network.inputs, network.units, batch_first=True, dtype=form)
        self.head = torch.nn.Linear(network.units, network.outputs, dtype=form)
        self.dropout = torch.nn.Dropout(0.5)
        exchange.export(network, folder / "net.safetensors", "torch")
        held = load_file(folder / "net.safetensors")
        self.eval()
        self.load_state_dict(
            {k.replace("recurrent", "body").replace("readout", "head"): v.to(form) for k, v in held.items()}
        )

    def forward(self, x):
        hidden, state = self.body(x)
        return self.head(self.dropout(hidden)) * 1, state  # no part of a network: used at level 'answers'


def right(x):
    return np.repeat(x[:, :1], x.shape[1], 1)


def forgets_after_large(x):
    """Wrong on a few rows only: where the third input is at its upper end and the last near its lower."""
    return np.where((np.asarray(x)[:, 2:3] > 0.99) & (np.asarray(x)[:, -1:] < -0.9), 0, right(np.asarray(x)))


def leaking() -> Network:
    """A latch that forgets: its forget gate is about 0.95."""
    return lstm(12.0, 20.0, 3.0, 12.0, 0.01, dtype="float32")


@pytest.mark.parametrize("network", [designed(1e-2, 12, dtype="float32"), leaking()], ids=["latch", "leaking"])
def test_a_module_has_the_error_rates_of_the_network_that_holdfast_opened(network, tmp_path):
    ours, theirs = (judge(m, [TASK]) for m in (network, as_model(Module(network, tmp_path), inputs=1)))
    (_, a, rate), (_, b, same) = ours.lines[0], theirs.lines[0]
    assert rate == same
    assert a["wrong_rows"] == b["wrong_rows"]
    for figure in ("error_sup", "error_rms", "loss"):
        assert b[figure] == pytest.approx(a[figure], rel=1e-3, abs=1e-6)
    assert ours.solved == theirs.solved == (rate.solved == rate.of)


def test_a_broken_module_is_refuted_and_a_whole_one_is_not(tmp_path):
    scenario, lengths = TASK.scenario(), TASK.lengths()
    broken = as_model(Module(leaking(), tmp_path), inputs=1)
    found = refute(broken, scenario, lengths, 0.05, tries=2000)
    assert found.found
    assert found.error > 0.05
    assert not found.by_gradient
    replayed = broken(np.asarray(found.inputs, np.float32)[None])
    assert abs(float(replayed[0, -1, 0]) - found.inputs[0][0]) == pytest.approx(found.error, rel=1e-5)
    whole = refute(
        as_model(Module(designed(1e-2, 12, dtype="float32"), tmp_path), inputs=1), scenario, lengths, 0.05, tries=500
    )
    assert not whole.found
    assert "The model has no gradients, so the search was at random." in whole.parts()[0].text  # pyright: ignore
    assert whole.as_json()["by_gradient"] is False


def peaked(x):
    """Wrong by up to 1 near one row in the inside of the range."""
    far = ((np.asarray(x) - 0.3) ** 2).mean(1, keepdims=True)
    return right(np.asarray(x)) + 1 / (1 + 20 * far)


def test_a_search_at_random_climbs():
    """Without moving inputs to where it is worse, 4000 rows show an error of 0.26 at most."""
    found = refute(from_function(peaked, inputs=1), TASK.scenario(), TASK.lengths(), np.inf, tries=4000)
    assert found.error > 0.6


def test_a_search_at_random_finds_a_fault_in_a_corner():
    found = refute(from_function(forgets_after_large, inputs=1), TASK.scenario(), TASK.lengths(), 0.05, tries=4000)
    assert found.found
    assert not found.by_gradient
    assert found.inputs[2][0] > 0.99
    again = refute(from_function(forgets_after_large, inputs=1), TASK.scenario(), TASK.lengths(), 0.05, tries=4000)
    assert again == found


def test_a_search_at_random_gets_near_what_the_gradient_finds(tmp_path):
    network = random_network("lstm", 1, 3, 1, dtype=jnp.float32)
    by_gradient, at_random = attack(network, TASK, 0), attack(as_model(Module(network, tmp_path), inputs=1), TASK, 0)
    assert by_gradient is not None
    assert at_random is not None
    assert 0.9 * by_gradient <= at_random <= by_gradient * 1.001


def test_a_function_in_jax_is_searched_by_its_gradient():
    assert from_function(lambda x: jnp.cumsum(x, 1), inputs=1).has_gradients
    assert not from_function(forgets_after_large, inputs=1).has_gradients
    one, shifted = from_function(right, inputs=1), from_function(lambda x: right(x) + 0.1 * x**8, inputs=1)
    assert judge(one, [TASK], attack=attack).attacks == (0.0,)
    found = refute(shifted, TASK.scenario(), TASK.lengths(), 0.0999, tries=500)
    assert found.found
    assert found.by_gradient


def test_an_unbounded_range_is_searched_as_far_out_as_it_takes():
    clipped = from_function(lambda x: np.clip(right(np.asarray(x)), -1e4, 1e4), inputs=1)
    found = refute_unbounded(clipped, TASK.scenario(), TASK.lengths(), (-np.inf, np.inf), 0.05, tries=200)
    assert found.found
    assert abs(found.inputs[0][0]) > 1e4


def test_no_function_meets_padding():
    """Rows of several lengths are called separately; a function that reads from the end then sees no padding."""
    task = Echo(sequences=(("a", "b", "a", "b", "a", "b"), ("b", "a", "a")))
    rows, met = task.examples(), []
    assert rows is not None

    def last(x):
        met.append(x.shape)
        return np.repeat(x[:, -1:], x.shape[1], 1)

    outputs = from_function(last, inputs=task.inputs)(rows.inputs, rows.present)
    lengths = np.asarray(rows.present).sum(1)
    assert {shape[1] for shape in met[-2:]} == set(lengths.tolist())
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(
            outputs[row, :length], np.repeat(rows.inputs[row, length - 1 : length], length, 0)
        )
        np.testing.assert_array_equal(outputs[row, length:], 0)


def test_a_module_is_run_in_evaluation_and_left_as_it_was(tmp_path):
    module = Module(random_network("lstm", 1, 3, 1, dtype=jnp.float32), tmp_path)
    module.train()
    module.dropout.eval()
    flags = [part.training for part in module.modules()]
    model, x = as_model(module, inputs=1), np.ones((2, 3, 1), np.float32)
    np.testing.assert_array_equal(model(x), model(x))
    assert [part.training for part in module.modules()] == flags
    with torch.no_grad():
        module.head.bias += 1
    assert not np.array_equal(model(x), as_model(module, inputs=1)(x) - 1)


def test_a_module_in_double_precision_computes_in_it(tmp_path, float64):
    network = random_network("lstm", 1, 3, 1)
    model, x = as_model(Module(network, tmp_path, double=True), inputs=1), np.ones((2, 3, 1))
    assert model.dtype == np.float64
    np.testing.assert_allclose(model(x), unroll(network, jnp.asarray(x))[0], rtol=0, atol=1e-12)


class Sums(torch.nn.Module):
    def forward(self, x):
        return x.sum(1)


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (lambda x: x - x.mean(0), "mixes rows"),
        (lambda x: x.sum(1), r"gives outputs of the shape \[2, 1\] for inputs of the shape \[2, 3, 1\]"),
        (torch.nn.LSTM(4, 3, batch_first=True), "raises RuntimeError: input.size"),
        (torch.nn.LSTM(1, 3, batch_first=True).double(), "computes in float64, but JAX is set to compute with fewer"),
        (lambda x: 1 / 0, "raises ZeroDivisionError: division by zero"),
        ("a word", "an object of the class builtins.str is no model"),
        (random_network("elman", 2, 3, 1, dtype=jnp.float32), "the model reads 2 inputs, expected 1"),
    ],
)
def test_what_is_no_model_is_told(thing, words):
    with pytest.raises(BadValue, match=words):
        as_model(thing, inputs=1)


def test_sizes_that_do_not_fit_the_task_are_told():
    with pytest.raises(BadValue, match="has 2 inputs and 2 outputs, but recall with these axes has 1 and 1"):
        judge(as_model(lambda x: x, inputs=2), [TASK])


ADAPTER = '''"""Rings: objects that repeat their first input."""

from holdfast.models.answers import from_function


def accepts(thing):
    return type(thing).__name__ == "Ring"


def model(thing, *, inputs, name=""):
    return from_function(lambda x: x[:, :1] + 0 * x, inputs=inputs, name=name or "a ring")
'''


class Ring:
    """What no adapter of the package knows, and nobody can call."""


def test_an_adapter_is_one_file_of_a_plug_in_folder(tmp_path, monkeypatch, capsys):
    from holdfast.cli._main import main

    (tmp_path / "adapters").mkdir()
    file = tmp_path / "adapters" / "ring.py"
    file.write_text(ADAPTER)
    with pytest.raises(BadValue, match="no adapter knows it; there are: equinox, flax, keras, onnx, torch"):
        as_model(Ring(), inputs=1)
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path))
    model = as_model(Ring(), inputs=1)
    assert model.name == "a ring"  # pyright: ignore
    assert judge(model, [TASK]).solved
    assert main(["check-plugin", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "adapter"
    (tmp_path / "adapters" / "lacking.py").write_text('"""Nothing."""\n')
    with pytest.raises(BadFile, match=r"lacking.py lacks accepts, model"):
        as_model(Ring(), inputs=1)


def test_no_framework_is_imported_to_find_out_whose_an_object_is():
    import subprocess
    import sys

    code = (
        "import sys; from holdfast.exchange.adapters import as_model; as_model(lambda x: x, inputs=1);"
        "print([name for name in ('torch', 'keras', 'flax') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    assert adapter.accepts(Sums())
    assert not adapter.accepts(Sums)
