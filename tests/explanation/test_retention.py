"""What can be read of the inputs, against networks that hold exactly what they were built to hold, and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.construction.compile import compile_program
from holdfast.construction.constructions.bits import program
from holdfast.engine.network import create
from holdfast.explanation.decode import Variable, read, read_alone, variables
from holdfast.explanation.diagnostics import retention
from holdfast.explanation.subject import examine
from holdfast.tasks.bits import Bits
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from tests.certification.latches import designed, exact
from tests.explanation.test_capacity import shift_register

ROWS = 400


def number(values: np.ndarray) -> list[Variable]:
    return [Variable("x", values[:, None], False)]


def test_bits_of_a_noisy_number_are_half_the_logarithm_of_variance_over_noise():
    draw = np.random.default_rng(0)
    x = draw.normal(size=ROWS)
    states = np.stack([x + 0.1 * draw.normal(size=ROWS), draw.normal(size=ROWS)], 1)
    (straight,), (curved,) = read(states, number(x), True)
    assert straight.bits == pytest.approx(0.5 * math.log2(1.01 / 0.01), abs=0.1)
    assert straight.recovered == pytest.approx(1 - 0.01 / 1.01, abs=2e-3)
    assert curved.bits == pytest.approx(straight.bits, abs=0.1)
    assert read_alone(states, number(x)) == pytest.approx([1 - 0.01 / 1.01, 0], abs=3e-3)


def test_units_of_noise_do_not_raise_what_is_recovered():
    draw = np.random.default_rng(1)
    x = draw.normal(size=ROWS)
    for width in (4, 64, 150):
        for scores in read(draw.normal(size=(ROWS, width)), number(x), True):
            assert scores[0].recovered < 0.02


def test_a_curved_code_is_read_by_the_curved_reading_alone():
    x = np.random.default_rng(2).uniform(-1, 1, ROWS)
    (straight,), (curved,) = read(np.stack([np.cos(0.8 * math.pi * x), np.sin(0.8 * math.pi * x)], 1), number(x), True)
    assert straight.recovered < 0.9
    assert curved.recovered > 0.99
    (straight,), (curved,) = read((x**2)[:, None], number(x**4), True)
    assert curved.bits > straight.bits + 3


def test_symbols_are_told_in_bits_of_entropy():
    draw = np.random.default_rng(3)
    which = draw.integers(4, size=ROWS)
    wanted = variables("x", np.eye(4)[which], True)
    (exactly,), _ = read(np.eye(4)[which], wanted, False)
    (pairs,), _ = read((which[:, None] // 2).astype(float), wanted, False)
    (nothing,), _ = read(draw.normal(size=(ROWS, 5)), wanted, True)
    assert exactly.bits == pytest.approx(2, abs=0.02)
    assert pairs.bits == pytest.approx(1, abs=0.05)
    assert nothing.bits < 0.02


def test_a_latch_keeps_its_first_number_and_nothing_else():
    found = retention.measure(examine(exact("float32"), Recall(steps=20), rows=2)).figures
    assert found["straight_bits"] == pytest.approx([found["straight_bits"][0]] * len(found["steps"]))
    assert found["straight_bits"][-1] > 15
    recovered = dict(zip(found["lags_steps"], found["lag_straight_recovered"], strict=True))
    assert recovered.pop(19) == pytest.approx(1, abs=1e-9)
    assert max(recovered.values()) < 0.05
    assert found["units"][0]["component"] in ("h2", "c2")


def test_a_leak_loses_bits_as_its_error_says():
    # 1 - f = e^-2 a step, i = 1 at the first step and e^-20 later: x_1 is scaled, not lost, until rounding takes it.
    found = retention.measure(examine(designed(1e-1, 20, dtype="float32"), Recall(steps=20), rows=2))
    assert found.figures["straight_recovered"][-1] > 0.99
    assert "recovers" in found.sentence


def test_a_shift_register_keeps_each_input_for_its_length():
    subject = shift_register(12)
    found = retention.measure(examine(subject.network, Recall(steps=20), rows=2)).figures
    recovered = dict(zip(found["lags_steps"], found["lag_straight_recovered"], strict=True))
    assert all(recovered[lag] > 0.999 for lag in range(12))
    assert all(recovered[lag] < 0.05 for lag in range(12, 20))
    assert found["straight_recovered"][-1] < 0.05
    assert found["straight_recovered"][found["steps"].index(9)] > 0.999


def test_signs_are_symbols_of_one_bit_each():
    made = compile_program(program(Bits(bits=3, steps=12), "lstm"), "lstm", units=8, steps=12, tolerance=0.1)
    found = retention.measure(examine(made.network, Bits(bits=3, steps=12), rows=2)).figures
    assert found["measure"] == "share of entropy"
    assert found["straight_bits"][-1] == pytest.approx(3, abs=0.05)


def test_a_fixed_list_of_sequences_is_judged_on_itself():
    task = Echo(sequences=(("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4")))
    network = create("lstm", task.inputs, 4, task.outputs)
    assert retention.measure(examine(network, task)).sentence == ""


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "feedforward"])
def test_silent_on_a_network_of_zeros(cell):
    found = retention.measure(examine(create(cell, 1, 2, 1), Recall(steps=20), rows=2))
    assert found.sentence == ""
    assert max(found.figures.get("straight_recovered", [0])) < 0.05
