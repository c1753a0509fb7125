"""Several cells in one step: a stack obeys the laws of cells, and computes what its cells compute in a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import ctx

from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.cli._main import main
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.core.values import listed
from holdfast.engine.files import load, save, tensors
from holdfast.engine.initialise import build
from holdfast.engine.network import Layer, Network, create
from holdfast.engine.readings.equation import equation
from holdfast.engine.resolve import resolve, taken_apart
from holdfast.engine.unroll import unroll
from holdfast.explanation.dynamics import names
from holdfast.plugins import cell_laws as laws
from holdfast.plugins.cells import LAWS
from holdfast.studies.check_plugin import faults
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings
from tests import cell_laws
from tests.networks import numbers, random_network, random_state

pytestmark = pytest.mark.usefixtures("quick_to_compile")

STACKS = ("stack(lstm,gru)", "stack(prenorm(lstm),prenorm(gru))", "stack(mlstm,elman)", "stack(mingru,mlp(minlstm))")
every_one = pytest.mark.parametrize("cell", STACKS)


@pytest.mark.parametrize("law", [law for law in LAWS if law != "gradient"])
@pytest.mark.parametrize("cell", STACKS[:1])
def test_a_stack_obeys_the_laws_of_cells(cell, law, float64):
    LAWS[law](cell)


@pytest.mark.slow
@pytest.mark.parametrize("law", [law for law in LAWS if law != "gradient"])
@pytest.mark.parametrize("cell", STACKS[1:])
def test_every_stack_obeys_the_laws_of_cells(cell, law, float64):
    LAWS[law](cell)


@pytest.mark.slow
@every_one
def test_gradients_are_finite_differences(cell, float64):
    laws.gradients_are_finite_differences(cell)


@pytest.mark.slow
@every_one
def test_padding_and_truncation(cell, float64):
    cell_laws.absent_steps_change_nothing(cell)
    cell_laws.truncation_cuts_between_windows(cell)


def one_after_the_other(network: Network, lower: str, upper: str) -> tuple[Network, Network]:
    """The two networks of which a network of ``stack(lower,upper)`` with one layer consists: the lower one gives its
    hidden state, which the upper one reads."""
    (layer,) = network.layers

    def of(cell: str, suffix: str) -> Layer:
        made = create(cell, 2, 3, 1).layers[0]
        return {
            s: replace(linear, matrix=layer[s + suffix].matrix, bias=layer[s + suffix].bias)
            for s, linear in made.items()
        }

    units = np.eye(network.units)
    below = replace(create(lower, 2, 3, 3), layers=(of(lower, ""),))
    below = replace(below, readout=replace(below.readout, matrix=jnp.asarray(units), bias=jnp.zeros(3)))
    return below, Network((of(upper, "2"),), network.readout, upper)


@pytest.mark.parametrize(("lower", "upper"), [("lstm", "gru"), ("gru", "lstm"), ("elman", "elman")])
def test_outputs_states_and_gradients_are_those_of_two_networks_in_a_row(lower, upper, float64):
    network, inputs = random_network(f"stack({lower},{upper})"), numbers(3, 6, 2)
    (start,) = random_state(network, 3)
    weight = numbers(3, 6, 2, seed=5)

    def together(network: Network) -> Any:
        outputs, (end,) = unroll(network, inputs, (start,))
        return (outputs * weight).sum() + sum(part.sum() for part in end), (outputs, tuple(end))

    def apart(network: Network) -> Any:
        below, above = one_after_the_other(network, lower, upper)
        kept = len(below.cell.states)
        read, (first,) = unroll(below, inputs, (below.cell.state_type(*start[:kept]),))
        outputs, (second,) = unroll(above, read, (above.cell.state_type(*start[kept:]),))
        end = (*first, *second)
        return (outputs * weight).sum() + sum(part.sum() for part in end), (outputs, end)

    found, expected = (jax.value_and_grad(way, has_aux=True)(network) for way in (together, apart))
    laws.same(found, expected, "the stack and its two networks", atol=1e-12)


def test_names_and_sizes_follow_from_the_cells():
    cell = resolve("stack(lstm,gru)")
    assert cell.states == ("h", "c", "h2")
    assert cell.gates == ("input", "forget", "candidate", "output", "reset2", "update2", "candidate2")
    assert (cell.keep, cell.write, cell.memory) == ("update2", "", "h2")
    assert cell.state_size(5) == 15
    apart = resolve("lstm").parameters(2, 5) + resolve("gru").parameters(5, 5)
    assert cell.parameters(2, 5) == apart
    assert resolve("stack(lstm,feedforward)").memory == "c"
    assert resolve("stack(prenorm(mlstm),gru)").state_size(4, heads=2) == 2 * (2 * 2 + 2 + 1) + 4
    assert resolve("stack(elman,prenorm(stack(lstm,gru)))").states == ("h", "h2", "c2", "h3")


def test_a_number_of_a_state_is_told_apart_from_the_number_of_its_cell():
    network = create("stack(elman,gru)", 1, 2, 1)
    assert names(network) == ["h1", "h2", "h2_1", "h2_2"]


def test_the_equation_names_each_cells_letters():
    lines = equation(resolve("stack(lstm,gru)"))
    assert "h' = o * tanh(c')" in lines
    assert "r2 = sigmoid(W_r2 h' + U_r2 h2 + b_r2 + d_r2)" in lines
    assert lines[-1] == "h2' = z2 * h2 + (1 - z2) * n2"
    latex = equation(resolve("stack(lstm,gru)"), latex=True)
    assert r"r_{2} = \sigma(W_{r_{2}} h' + U_{r_{2}} h_{2} + b_{r_{2}} + d_{r_{2}})" in latex


def test_a_full_name_is_taken_apart_at_its_outer_commas():
    assert listed("lstm,stack(lstm,gru),mlp(gru)") == ["lstm", "stack(lstm,gru)", "mlp(gru)"]
    assert taken_apart("stack(prenorm(lstm),gru)") == ("stack", ("prenorm(lstm)", "gru"))
    for name in ("stack(lstm,)", "stack(lstm, gru)", "stack(lstm)(gru)"):
        with pytest.raises(UnknownName, match="no cell named"):
            resolve(name)


def test_stacks_that_cannot_be_are_told():
    with pytest.raises(BadValue, match="is a stack of one cell, expected two or more"):
        resolve("stack(lstm)")
    with pytest.raises(BadValue, match=r"the block prenorm is put around one cell, and there are 2.*prenorm\(stack"):
        resolve("prenorm(lstm,gru)")
    with pytest.raises(BadValue, match=r"the output of mlstm has the axes \(head, value\)"):
        resolve("stack(mlstm,prenorm(gru))")
    with pytest.raises(BadValue, match="has 7,007 characters"):
        resolve("stack(lstm," * 600 + "lstm" + ")" * 403)


def test_a_file_that_names_no_stack_is_refused(tmp_path):
    file = tmp_path / "network.safetensors"
    save(replace(create("lstm", 1, 2, 1), cell_name="stack(lstm)"), file)
    with pytest.raises(BadFile, match="is a stack of one cell"):
        load(file)


@every_one
def test_a_file_keeps_every_bit(cell, tmp_path, float64):
    cell_laws.files_keep_every_bit(cell, tmp_path, jnp.float32)
    assert any(name.startswith("layer1.") and ".from_x2" in name for name in tensors(random_network(cell, layers=2)))


@pytest.mark.parametrize("cell", [STACKS[0], STACKS[3]])
def test_bounds_contain_every_sample(cell, float64):
    cell_laws.bounds_contain_samples(cell, 1, Rounding(ACCURACIES["float32"]), 0)
    with ctx.workprec(256):
        cell_laws.bounds_contain_samples(cell, 2, None, 4)


@pytest.mark.parametrize("semantics", ["real", "ieee"])
def test_a_certificate_of_a_stack_is_found_again(semantics):
    network = build("stack(lstm,gru)", inputs=1, units=3, outputs=1)
    proof = prove(network, Recall(steps=3), tolerance=3.0, semantics=semantics)
    assert proof.certificate is not None
    assert check(proof.certificate, network).accepted
    other = build("stack(lstm,gru)", inputs=1, units=3, outputs=1, seed=1)
    assert not check(proof.certificate, other).accepted


def test_each_cell_starts_as_a_layer_of_its_own():
    """Recurrent matrices are orthonormal, the forget bias is 1, scales are 1, and time scales are drawn for both."""
    network = build("stack(prenorm(lstm),prenorm(gru))", inputs=4, units=4, outputs=1, initialisation="keras")
    (layer,) = network.layers
    for source in ("h", "h2"):
        recurrent = np.asarray(layer[source].matrix, np.float64)
        np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(4), atol=1e-6)
    assert np.asarray(layer["x"].of("forget")[1]).tolist() == [1.0] * 4
    constants = {gate: np.asarray(layer["constant"].of(gate)[1]).tolist() for gate in layer["constant"].gates}
    assert constants == {gate: [1.0] * 4 for gate in ("scale", "scale_above", "scale2", "scale_above2")}
    (layer,) = build("stack(lstm,gru)", inputs=2, units=4, outputs=1, initialisation="keras+chrono=9").layers
    for source, gate in (("x", "forget"), ("x2", "update2")):
        bias = np.asarray(layer[source].of(gate)[1])
        assert (bias >= 0).all()
        assert (bias <= np.log(8)).all()
        assert len(set(bias.tolist())) == 4
    (layer,) = build("stack(irnn,lstm)", inputs=2, units=3, outputs=1, initialisation="auto").layers
    assert np.asarray(layer["h"].matrix).tolist() == np.eye(3).tolist()
    with pytest.raises(BadValue, match="lstm has 4 gates, and the identity is for a cell with one; gru has 3 gates"):
        build("stack(lstm,gru)", inputs=2, units=3, outputs=1, initialisation="keras+identity")


def test_a_stack_is_a_setting_of_a_training():
    settings = Settings(Recall(steps=5), cell="stack(lstm,gru)", units=4)
    assert Settings.from_json(settings.as_json()) == settings
    assert settings.used_engine == "loop"
    assert Settings(Recall(steps=5), cell="stack(mingru,mingru)", engine="parallel").used_engine == "parallel"
    with pytest.raises(
        BadValue, match=r"the block around a cell is a setting of its own.*--cell 'lstm' --block prenorm"
    ):
        Settings(Recall(steps=5), cell="prenorm(lstm)")


def test_a_sweep_of_cells_is_divided_at_its_outer_commas():
    from holdfast.cli import compare
    from holdfast.verbs._study import grid_arguments

    parser = Parser("compare", "", "")
    compare.configure(parser, ["--task", "recall"])
    flags = parser.parse(["--task", "recall", "--cells", "lstm,stack(lstm,gru)", "--lags", "5"])
    given = grid_arguments(flags.lags, {"cells": flags.cells}, [], {})
    assert given.over["cell"] == ("lstm", "stack(lstm,gru)")


PARALLEL = '''"""Two cells that read the same; the second is not seen."""

from dataclasses import replace


def joined(name, cells, outputs):
    return replace(cells[0], name=name)
'''


def test_a_plug_in_may_be_a_block_of_several_cells(tmp_path, monkeypatch):
    file = tmp_path / "blocks" / "side_by_side.py"
    file.parent.mkdir()
    file.write_text(PARALLEL)
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path))
    assert faults() == {str(file): ""}
    assert resolve("side_by_side(lstm,gru)").states == ("h", "c")
    file.with_name("other.py").write_text(PARALLEL.replace("cells[0]", "cells[2]"))
    assert "IndexError" in faults()[str(file.with_name("other.py"))]


def test_show_has_stacks(capsys):
    assert main(["show", "stack(lstm,gru)"]) == 0
    assert "h2' = z2 * h2 + (1 - z2) * n2" in capsys.readouterr().out
    assert main(["show", "stack"]) == 0
    assert "h2' = z2 * h2" in capsys.readouterr().out
    assert main(["show", "mlp"]) == 0
    assert "m = relu(" in capsys.readouterr().out


@pytest.mark.slow
def test_a_trained_stack_is_tested_refuted_certified_and_explained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    train = ["train", "recall", "--steps", "4", "--cell", "stack(lstm,gru)", "--units", "3", "--seeds", "1"]
    assert main([*train, "--batch", "8", "--budget", "64", "--check-every", "32"]) in (0, 1)
    capsys.readouterr()
    file = "runs/recall-stack-lstm-gru-3-001/weights/seed-0.safetensors"
    assert main(["test", file, "--sequences-per-length", "64"]) in (0, 1)
    assert main(["refute", file, "--seconds", "1"]) in (0, 1)
    for semantics in ("real", "ieee"):
        assert main(["certify", file, "--tolerance", "5", "--semantics", semantics, "--out", "proof.json"]) == 0
        assert main(["check", "proof.json", file]) == 0
    assert main(["explain", file, "--page", "page.html"]) == 0
    assert "stack(lstm,gru)" in (tmp_path / "page.html").read_text()
