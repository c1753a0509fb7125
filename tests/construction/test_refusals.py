"""What cannot be built is refused with every reason; what cannot exist, with the theorem."""

from __future__ import annotations

import math

import pytest

from holdfast.construction.compile import compile_program
from holdfast.construction.program import RegisterProgram
from holdfast.construction.theorems import ALL_REALS, ALL_REALS_RELU, NO_CONTINUUM, TOO_MANY, impossible
from holdfast.core.errors import BadValue, UnknownName
from holdfast.training.settings import make_task

INFINITE = (-math.inf, math.inf)


def exclusive_or() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.mark("a", 0, 1)
    program.mark("b", 0, 1)
    a, b = program.reads("a"), program.reads("b")
    program.output(program.latch("kept", x, when=(a & ~b) | (b & ~a)))
    return program


def test_every_reason_is_told_at_once():
    with pytest.raises(BadValue) as refused:
        compile_program(exclusive_or(), "elman", units=1, steps=10, tolerance=0.1)
    message = refused.value.message
    assert "not linearly separable" in message
    assert "'kept' is overwritten" in message
    assert "it needs 3 units (kept in, kept shadow, kept), but there are 1" in message


def test_nonsense_is_told_at_once():
    with pytest.raises(BadValue, match=r"--tolerance is -1.*--units is 0.*--steps is 0.*--dtype is 'half'"):
        compile_program(RegisterProgram(), "lstm", units=0, steps=0, tolerance=-1, dtype="half")


def test_a_cell_without_a_backend_is_unknown():
    with pytest.raises(UnknownName, match="no cell with constructions named 'feedforward'"):
        compile_program(exclusive_or(), "feedforward", units=8, steps=10, tolerance=0.1)


def test_below_the_number_format_one_tolerance_is_named_that_would_do():
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.output(program.latch("first", x, when=~program.flag("started", after=1), writes=1))
    with pytest.raises(BadValue, match=r"below what elman reaches in float32.*would do, or --dtype float64") as refused:
        compile_program(program, "elman", units=8, steps=100, tolerance=1e-7)
    would = float(refused.value.message.split("; ")[1].split()[0])
    assert compile_program(program, "elman", units=8, steps=100, tolerance=2 * would).claim.error <= 2 * would


@pytest.mark.parametrize(
    ("name", "axes", "range", "cell", "steps", "semantics", "theorem"),
    [
        ("recall", {}, INFINITE, "lstm", 10, "real", ALL_REALS),
        ("recall", {}, INFINITE, "elman", 10, "ieee", ALL_REALS),
        ("recall", {}, INFINITE, "irnn", 10, "real", ALL_REALS_RELU),
        ("recall", {}, (-1.0, 1.0), "gru", None, "real", NO_CONTINUUM),
        ("recall", {}, (-1.0, 1.0), "gru", None, "ieee", None),
        ("recall", {}, (-1.0, 1.0), "lstm1997", None, "real", None),
        ("recall", {}, (-1.0, 1.0), "irnn", None, "real", None),
        ("copy", {"variant": "reals", "steps": 33}, (-1.0, 1.0), "gru", 80, "real", TOO_MANY),
        ("copy", {"variant": "reals", "steps": 33}, (-1.0, 1.0), "lstm", 80, "real", None),
        ("copy", {"variant": "reals", "steps": 65}, (-1.0, 1.0), "lstm", 80, "real", TOO_MANY),
        ("bits", {}, (-1.0, 1.0), "gru", None, "real", None),
    ],
)
def test_a_theorem_speaks_where_it_applies_and_nowhere_else(name, axes, range, cell, steps, semantics, theorem):
    assert impossible(make_task(name, axes), range, cell, 32, steps, semantics) is theorem


def test_what_is_quoted_says_so():
    assert "Ax" in NO_CONTINUUM.rests_on
    assert "Borsuk" in TOO_MANY.rests_on
    assert not ALL_REALS.rests_on
