"""The check before a file is written: it lets rounding pass, and nothing else. Planted faults show that it bites."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import exchange
from holdfast.core.errors import BadFile
from holdfast.engine.initialise import build
from holdfast.engine.unroll import unroll
from holdfast.exchange import _verify
from holdfast.exchange._verify import Runner, verify
from tests.networks import random_network, randomised

SWAPPED = {"lstm": ("forget", "input", "candidate", "output"), "gru": ("update", "candidate", "reset")}


def itself(network, change=lambda outputs: outputs):
    """A runner that is the network, its outputs changed."""
    return Runner(lambda inputs: change(np.asarray(unroll(network, jnp.asarray(inputs))[0])), "a copy")


def from_step(step, by):
    def change(outputs):
        outputs = outputs.copy()
        outputs[:, step - 1 :] += by
        return outputs

    return change


@pytest.mark.parametrize("name", exchange.FOLDER.names())
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_in_another_order_are_refused_and_nothing_is_written(name, cell, tmp_path, monkeypatch):
    kind, network = exchange.get(name), build(cell, inputs=2, units=4, outputs=1)
    file, out = tmp_path / f"network{kind.ENDING}", tmp_path / "back"
    if name != "keras":  # whose every run takes a second
        exchange.export(network, file, name)
    monkeypatch.setitem(kind.ORDERS, cell.upper() if name == "onnx" else cell, SWAPPED[cell])
    wrong = tmp_path / f"wrong{kind.ENDING}"
    with pytest.raises(
        BadFile, match=r"wrong\S* was not written: .* and holdfast compute different outputs: .* apart at step"
    ):
        exchange.export(network, wrong, name)
    if file.exists():
        with pytest.raises(BadFile, match=r"cannot be imported: .* compute different outputs"):
            exchange.import_(file, name, out)
    assert not wrong.exists()
    assert not out.exists()


def test_an_order_that_is_wrong_both_ways_is_still_refused(tmp_path, monkeypatch):
    """A round trip would not notice: only the foreign program does."""
    kind, network = exchange.get("torch"), random_network("gru", dtype=jnp.float32)
    monkeypatch.setitem(kind.ORDERS, "gru", SWAPPED["gru"])
    kind.write(network, {}, tmp_path / "file")
    back = kind.read(tmp_path / "file", None)
    assert all((a == b).all() for a, b in zip(jax.tree.leaves(network), jax.tree.leaves(back), strict=True))
    with pytest.raises(BadFile, match="different outputs"):
        verify(network, kind.runner(tmp_path / "file", "gru"))


def test_the_network_itself_agrees_with_itself():
    found = verify(random_network("lstm", dtype=jnp.float32), itself(random_network("lstm", dtype=jnp.float32)))
    assert found.largest_difference < 1e-6
    assert (found.sequences, found.steps) == (12, 32)


@pytest.mark.parametrize(("step", "by"), [(1, 1e-4), (2, 1e-4), (5, 1e-3), (32, 1e-2), (7, np.nan), (3, np.inf)])
def test_what_is_more_than_rounding_is_told_with_its_step(step, by):
    network = random_network("lstm", dtype=jnp.float32)
    with pytest.raises(BadFile) as caught:
        verify(network, itself(network, from_step(step, by)))
    assert re.search(
        rf"a copy and holdfast compute different outputs: \S+ apart at step {step}, where", str(caught.value)
    )


def test_a_difference_of_a_few_last_places_is_rounding():
    network = random_network("gru", dtype=jnp.float32)
    assert verify(network, itself(network, from_step(1, 3e-7))).largest_difference > 2e-7


def test_outputs_of_another_shape_are_told():
    network = random_network("elman", dtype=jnp.float32)
    with pytest.raises(BadFile, match=re.escape("a copy gives outputs of shape [1, 1, 1], expected [1, 1, 2]")):
        verify(network, itself(network, lambda outputs: outputs[..., :1]))


def test_a_chaotic_network_is_judged_by_its_first_steps():
    """Weights this large multiply rounding by more than 10 at a step: late steps cannot be compared, early ones can."""
    network = randomised(random_network("elman", units=64, dtype=jnp.float32), seed=3, scale=2.0)
    _, tolerances = _verify._with_tolerance(
        network,
        np.ones((1, 32, 2), np.float32),
        np.random.default_rng(0),
        _verify.reach_of([np.asarray(network.readout.matrix)]),
    )
    assert tolerances[0] < 1e-3
    assert tolerances[-1] > 1
    with pytest.raises(BadFile, match="apart at step 1,"):
        verify(network, itself(network, from_step(1, 0.01)))


def test_a_network_that_overflows_is_told():
    network = randomised(random_network("irnn", dtype=jnp.float32), seed=3, scale=1e3)
    with pytest.raises(BadFile, match="own outputs on random sequences are not finite from step"):
        verify(network, itself(network))


def test_a_file_of_one_size_is_run_at_that_size():
    network, seen = random_network("elman", dtype=jnp.float32), []

    def compute(inputs):
        seen.append(inputs.shape)
        return np.asarray(unroll(network, jnp.asarray(inputs))[0])

    assert verify(network, Runner(compute, "a copy", batch=2, steps=40)).sequences == 2
    assert seen == [(2, 40, 2)]
