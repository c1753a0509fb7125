"""Random networks of every cell, run by an independent oracle and by all engines: every number lies in its set.

``benchmarks/soundness.py`` does the same with as many networks as one likes, and finds again what it found.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb

from holdfast import cells
from holdfast.alphabet import contract, multiply
from holdfast.alphabet.enclosures import norms
from holdfast.alphabet.enclosures.arrays import FormArray
from holdfast.alphabet.enclosures.forms import Form
from holdfast.alphabet.enclosures.norms import divided_by_norm
from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.engine.native import environment
from tests.offenders.proofs import FAULTS
from tests.oracle import containment, runs
from tests.oracle.blocks import WRAPPED
from tests.oracle.cells import EXPONENTIAL
from tests.oracle.networks import THEMES, Shape

CELLS = [*cells.FOLDER.names(), *WRAPPED]
NETWORKS, PATHS, STEPS = 24, 2, 4
"""Of every cell and semantics: how many, with how many paths of how many steps."""


@pytest.fixture(scope="module")
def processes() -> Iterator[runs.Processes]:
    """The native library with every instruction set; what the environment forces is for other tests."""
    asked = {name: os.environ.pop(name, None) for name in (environment.ENGINE, environment.INSTRUCTIONS)}
    started = runs.Processes(runs.instruction_sets())
    yield started
    started.close()
    os.environ.update({name: value for name, value in asked.items() if value is not None})


def number_of(cell: str) -> int:
    """A number that stays when other cells are added."""
    return zlib.crc32(cell.encode())


def shape(cell: str, dtype: str) -> Shape:
    """One or two layers of one to four units, and one of the smaller sizes of inputs: another for every cell."""
    draw = np.random.default_rng(number_of(cell))
    inputs, outputs = ((1, 1), (2, 1), (2, 2))[draw.integers(3)]
    return Shape(cell, inputs, outputs, int(draw.integers(1, 5)), int(draw.integers(1, 3)), dtype)


def told(result: containment.Result) -> str:
    return "\n".join(str(one) for one in result.outside[:3])


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_in_real_arithmetic_every_number_lies_in_its_set(cell):
    some = list(containment.cases(shape(cell, "float64"), (1, number_of(cell)), NETWORKS, PATHS, STEPS))
    found = containment.check_real(some)
    assert not found.outside, told(found)
    assert found.checked > 2 * found.networks
    # Nothing is said where a normaliser may be 0, or where the product of a huge tap and a huge input is too large.
    often = {"mlstm", "slstm", "short_convolution"} & set(re.findall(r"\w+", cell))
    assert found.unbounded < (0.8 if often else 0.5) * found.networks


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_in_ieee_arithmetic_every_number_lies_in_its_set(cell, processes):
    number = number_of(cell)
    dtype, how = ("float32", "float64")[number % 2], ("side by side", "one by one")[number // 2 % 2]
    some = list(containment.cases(shape(cell, dtype), (2, number), NETWORKS, PATHS, STEPS))
    found = containment.check_ieee(some, dtype, [how], processes)
    assert not found.outside, told(found)
    assert found.checked > 2 * found.networks


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ACCURACIES)
@pytest.mark.parametrize("cell", ["elman", "gru"])
def test_outputs_of_a_read_out_with_hidden_layers_lie_in_their_sets(cell, dtype):
    of_two = Shape(cell, 2, 2, 3, 1, dtype, readout_hidden=(3, 2))
    some = list(containment.cases(of_two, (5,), NETWORKS, PATHS, STEPS))
    found = containment.check_ieee(some, dtype, ["side by side"], None)
    found += containment.check_real(some)
    assert not found.outside, told(found)
    assert found.checked > 2 * found.networks


def exponential_cases(cell: str, dtype: str) -> list[containment.Case]:
    return list(containment.cases(Shape(cell, 1, 1, 2, 1, dtype), (4,), NETWORKS, PATHS, STEPS))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ACCURACIES)
@pytest.mark.parametrize("cell", EXPONENTIAL)
def test_of_exponential_gates_and_quotients_every_number_lies_in_its_set(cell, dtype, exponential):
    found = containment.check_ieee(exponential_cases(cell, dtype), dtype, ["side by side", "one by one"], None)
    found += containment.check_real(exponential_cases(cell, dtype))
    assert not found.outside, told(found)
    assert found.checked > 20 * found.networks
    assert found.unbounded < 0.8 * found.networks


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "errors"), [("unstabilised", "exp_errors"), ("stabilised", "softplus_errors")])
def test_were_a_function_taken_to_be_exact_numbers_would_lie_outside(cell, errors, exponential, monkeypatch):
    monkeypatch.setitem(ACCURACIES, "float32", replace(ACCURACIES["float32"], **{errors: 0}))
    assert containment.check_ieee(exponential_cases(cell, "float32"), "float32", ["side by side"], None).outside


def closest(a: FormArray, at: Callable[..., arb], most: arb) -> Iterator[Form]:
    """Components over a norm in which the other components are as near 0 as they can be, always."""
    return divided_by_norm(a, lambda value, others: at(value, arb(0)), most)


def unrounded(bounds: Callable[..., Any], rounding: Rounding | None, *operands: Any) -> Any:
    return bounds(None, *operands)


FORGOTTEN = {
    "root": ("prenorm(mlstm)", 1, ["only powers"], Rounding, "over_root", lambda self, found, value: found),
    "scalar product": ("mlstm", 3, THEMES, contract, "dot", lambda rounding, a, b, dot=contract.dot: dot(None, a, b)),
    "outer product": (
        "mlstm",
        3,
        THEMES,
        multiply,
        "bounds",
        lambda rounding, a, b, of=multiply.bounds: of(None, a, b),
    ),
    "others in a norm": ("prenorm(lstm)", 2, THEMES, norms, "divided_by_norm", closest),
}
"""The cell, how many units and the kinds of weights with which a fault shows, and what is put in the place of what."""


@pytest.mark.slow
@pytest.mark.parametrize("fault", FORGOTTEN)
def test_were_something_of_whole_arrays_forgotten_numbers_would_lie_outside(fault, monkeypatch):
    cell, units, themes, *planted = FORGOTTEN[fault]
    shape = Shape(cell, 1, 1, units, 1, "float32")
    some = list(containment.cases(shape, (5,), 100, 2, 3, themes))
    assert not containment.check_ieee(some[:20], "float32", ["side by side"], None).outside
    monkeypatch.setattr(*planted)
    assert containment.check_ieee(some, "float32", ["side by side"], None).outside


SEARCHES: dict[str, tuple[str, Shape, Sequence[str]]] = {
    "F": ("real", Shape("feedforward", 2, 1, 2, 1, "float32"), THEMES),
    "F2": ("ieee", Shape("feedforward", 1, 1, 2, 1, "float32"), THEMES),
    "P": ("ieee", Shape("elman", 2, 1, 4, 1, "float32"), ["carry"]),
    "A": ("ieee", Shape("elman", 1, 1, 2, 1, "float32"), THEMES),
    "B": ("ieee", Shape("elman", 1, 1, 4, 1, "float32"), ["huge"]),
    "M": ("ieee", Shape("one_network", 2, 1, 4, 1, "float32"), THEMES),
}
"""Where the fault with this letter is looked for: the semantics, the shape, and the kinds of weights."""
AT_ONCE, AT_MOST = 50, 1000
"""Networks looked at together, and until the fault counts as not found."""


def first_outside(fault: str) -> int | None:
    """How many networks it takes until a number lies outside its set, in steps of ``AT_ONCE``; None where none does."""
    semantics, size, themes = SEARCHES[fault]
    for start in range(0, AT_MOST, AT_ONCE):
        some = list(containment.cases(size, (3, start), AT_ONCE, 6, 5, themes))
        if semantics == "real":
            found = containment.check_real(some)
        else:
            found = containment.check_ieee(some, size.dtype, ["side by side"], None)
        if found.outside:
            return start + AT_ONCE
    return None


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_that_led_to_false_certificates_is_caught(fault, monkeypatch):
    FAULTS[fault](monkeypatch)
    assert first_outside(fault) is not None
    monkeypatch.undo()
    semantics, size, themes = SEARCHES[fault]
    some = list(containment.cases(size, (3, 0), 20, 6, 5, themes))
    right = containment.check_real(some) if semantics == "real" else containment.check_ieee(
        some, size.dtype, ["side by side"], None
    )  # fmt: skip
    assert not right.outside, told(right)
