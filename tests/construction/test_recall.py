"""Recall, of which most is claimed: tight, bit for bit, certified; and a weight past its margin is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast import tasks
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.construction import constructions
from holdfast.construction.compile import compile_program
from tests import construction_laws as laws
from tests.offenders.constructions import _made as broken

pytestmark = pytest.mark.usefixtures("quick_to_compile", "float64")


def recall(cell, steps, tolerance, dtype="float64", form="", size=1.0):
    task = tasks.get("recall")(steps=steps or 10, tolerance=tolerance, range=(-size, size))
    program = constructions.get("recall").program(task, cell)
    made = compile_program(
        program, cell, units=8, steps=steps, tolerance=tolerance, dtype=dtype, task="recall", form=form
    )
    return task, made


def spoilt(made, gate, factor):
    """The same construction, one gate's biases and recurrent weights pushed towards zero."""
    layer = made.network.layers[0]
    _, bias = layer["x"].of(gate)
    matrix, _ = layer["h"].of(gate)
    pushed = {"x": layer["x"].put(gate, bias=bias * factor), "h": layer["h"].put(gate, matrix * factor)}
    return replace(made, network=replace(made.network, layers=(pushed,)))


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("steps", [10, 100, 1000])
@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
def test_the_claim_is_tight(cell, steps, tolerance):
    task, made = recall(cell, steps, tolerance)
    laws.the_claim_is_tight(made, task)


def test_a_loose_claim_is_caught():
    task, made = recall("lstm", 100, 1e-3)
    with pytest.raises(AssertionError, match="is the worst of a claim of"):
        laws.the_claim_is_tight(broken.claims(made, 10), task)


@pytest.mark.parametrize("cell", laws.HORIZON)
def test_gains_obey_the_horizon_law(cell):
    laws.gains_grow_like_the_logarithm(lambda steps, tolerance: recall(cell, steps, tolerance)[1])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda n, e: recall("lstm", 100, e)[1], "slope in log n"),
        (lambda n, e: recall("gru", n, 1e-3)[1], "slope in log 1/e"),
        (lambda n, e: recall("elman", n, e**0.5)[1], "slope in log 1/e"),
    ],
)
def test_gains_that_do_not_grow_are_caught(build, words):
    with pytest.raises(AssertionError, match=words):
        laws.gains_grow_like_the_logarithm(build)


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "lstm1997"])
def test_a_tighter_tolerance_gives_a_smaller_claim(cell):
    laws.tighter_is_smaller(lambda tolerance: recall(cell, 100, tolerance)[1], [1e-1, 1e-2, 1e-3, 1e-4, 1e-5])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "form", "size"),
    [("lstm", "", 1.0), ("gru", "", 100.0), ("gru", "pytorch", 1.0), ("lstm1997", "", 1.0), ("irnn", "", 100.0)],
)
def test_for_ever_is_bit_for_bit(cell, form, size):
    _, made = recall(cell, None, 0.05, "float32", form, size)
    assert made.claim.error < 1e-25, "no bit is claimed to be kept of the smallest number"
    laws.keeps_every_bit(made.network, 20_000, size)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_for_ever_is_bit_for_bit_in_pytorch(cell):
    _, made = recall(cell, None, 0.05, "float32", form="pytorch" if cell == "gru" else "")
    laws.keeps_every_bit(made.network, 5000, 1.0, run=laws.torchs)


def test_the_bits_of_a_drifting_latch_are_caught():
    _, made = recall("lstm", 3000, 1e-2, "float32")
    with pytest.raises(AssertionError, match="is another number after"):
        laws.keeps_every_bit(made.network, 3000, 1.0)


@pytest.mark.parametrize("gain", [16.5, 8.0])
def test_a_gate_that_is_not_quite_open_is_caught(gain):
    """sigmoid(16.5) is one unit in the last place of float32 below 1."""
    _, made = recall("lstm", None, 0.05, "float32")
    laws.keeps_every_bit(made.network, 100, 1.0)
    with pytest.raises(AssertionError, match="is another number after"):
        laws.keeps_every_bit(broken.keeps_at(made.network, gain), 100, 1.0)


def test_the_1997_cell_holds_for_ever_in_exact_arithmetic():
    _, made = recall("lstm1997", None, 1e-3, form="forever")
    assert made.claim.semantics == ("real",)
    for rest in (-1.0, 0.0, 1.0):
        x = np.full((1, 20_000, 1), rest)
        x[0, 0] = 1.0
        assert np.abs(laws.exactly(made.network, x)[0, 1:, 0] - 1).max() <= made.claim.error


@pytest.mark.parametrize(
    ("cell", "gate"), [("lstm", "forget"), ("lstm", "input"), ("gru", "update"), ("elman", "candidate")]
)
def test_a_weight_past_its_margin_is_noticed_by_all(cell, gate):
    task, made = recall(cell, 60, 1e-3)
    proof = prove(made.network, task, tolerance=1e-3)
    assert proof.verdict == "proved"
    assert proof.error <= 3.5 * made.claim.error
    assert check(proof.certificate, made.network).accepted
    broken = spoilt(made, gate, 0.4).network
    assert not check(proof.certificate, broken).accepted
    assert prove(broken, task, tolerance=1e-3, seconds=10).verdict != "proved"
    found = refute(broken, task.scenario(), task.lengths(), 1e-3, tries=500)
    assert found.found
    assert found.error > 1e-3


def test_the_law_of_claims_catches_a_spoilt_network():
    task, made = recall("lstm", 60, 1e-3)
    laws.error_is_within_the_claim(made, task, laws.exactly, laws.EXACT)
    with pytest.raises(AssertionError):
        laws.error_is_within_the_claim(spoilt(made, "forget", 0.5), task, laws.exactly, laws.EXACT)


@pytest.mark.parametrize(
    ("name", "axes", "cell"),
    [
        ("adding", {"steps": 30}, "gru"),
        ("adding", {"steps": 40, "variant": "1997"}, "lstm"),
        ("copy", {"steps": 3, "lag": 10, "variant": "reals"}, "gru"),
        ("copy", {"steps": 4, "lag": 2, "symbols": 6}, "lstm"),
        ("echo", {"lag": 20}, "elman"),
        ("echo", {"sequences": (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))}, "irnn"),
        ("order", {"steps": 20}, "gru"),
        ("bits", {"steps": 20, "bits": 2}, "elman"),
    ],
)
def test_every_construction_has_a_certificate(name, axes, cell):
    task = tasks.get(name)(**axes)
    tolerance = getattr(task, "tolerance", 1.0)
    program = constructions.get(name).program(task, cell)
    made = compile_program(program, cell, units=24, steps=task.longest, tolerance=tolerance, task=name)
    proof = prove(made.network, task, tolerance=tolerance)
    assert proof.verdict == "proved", proof
    assert check(proof.certificate, made.network).accepted
