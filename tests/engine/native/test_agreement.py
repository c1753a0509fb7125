"""The native engine computes what XLA does: forwards and backwards, for every cell, size, mask and cut, with every set
of instructions; and the same bits whatever the batch and the threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast import cells
from holdfast.core.errors import BadValue
from holdfast.engine import engines
from holdfast.engine.engines import Request
from holdfast.engine.engines import native as native_engine
from holdfast.engine.native import library
from holdfast.engine.native.program import record
from holdfast.engine.native.suitable import digest_of
from holdfast.engine.unroll import unroll
from tests.engine.native import agreement
from tests.engine.native.agreement import AT_MOST, FIXED, MASKS, STATES, Case
from tests.networks import numbers, random_network

CELLS = sorted(library.status().cells)


def agrees(case: Case) -> None:
    distance, where = agreement.distance(case)
    assert distance <= AT_MOST[case.dtype], f"{case}: {where} differs by {distance}"


def size(*ends: int) -> st.SearchStrategy[int]:
    """Small, often; rarely anything, and one of the ends."""
    small = st.integers(ends[0], 9)
    return st.one_of(small, small, st.integers(ends[0], ends[-1]), st.sampled_from(ends))


cases = st.builds(
    Case,
    cell=st.sampled_from(CELLS),
    inputs=size(1, 64, 65, 70),
    units=size(1, 8, 16, 17, 128, 300),
    batch=size(1, 16, 17, 33, 70),
    steps=size(1, 64, 200),
    layers=st.integers(1, 2),
    mask=st.sampled_from(MASKS),
    truncate=st.one_of(st.just(0), st.just(1), st.integers(2, 9), st.sampled_from([64, 200, 1000])),
    state=st.sampled_from(STATES),
    seed=st.integers(0, 99),
).map(Case.bounded)


ELSEWHERE = {
    "deltanet": "it has no hidden state h",
    "deltanet_negative": "it has no hidden state h",
    "deltaproduct": "it has no hidden state h",
    "feedforward": "it has no hidden state h",
    "gated_deltanet": "it has no hidden state h",
    "gla": "it has no hidden state h",
    "linear_attention": "it has no hidden state h",
    "lru": "it has no hidden state h",
    "mlstm": "it has no hidden state h",
    "s5": "it has no hidden state h",
    "mamba": "it does not have one map of x and one of h",
    "mamba_negative": "it does not have one map of x and one of h",
    "rglru": "it does not have one map of x and one of h",
    "mingru": "it does not have one map of x and one of h",
    "minlstm": "it does not have one map of x and one of h",
    "one_network": "it does not have one map of x and one of h",
    "output_network": "it does not have one map of x and one of h",
    "peephole": "it does not have one map of x and one of h",
    "residual": "it does not have one map of x and one of h",
    "retnet": "it has no hidden state h",
    "rwkv7": "it has no hidden state h",
}
"""The cells without kernels, and what is said of them."""


def test_every_cell_of_one_map_of_x_and_one_of_h_is_in_the_library():
    assert [name for name in cells.FOLDER.names() if name not in ELSEWHERE] == CELLS
    for name, why in ELSEWHERE.items():
        assert digest_of(cells.get(name), record) == ("", why)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(case=cases)
@example(Case("elman", units=300, batch=1, steps=1))
@example(Case("irnn", inputs=1, units=1, batch=70, steps=200, mask="random", truncate=13))
@example(Case("lstm1997", inputs=70, units=300, batch=3, steps=5, layers=2, truncate=2))
@example(Case("gru", units=300, batch=33, steps=3, mask="suffix", truncate=2))
@example(Case("lstm", inputs=1, units=1, batch=1, steps=200, truncate=200))
@example(Case("lstm", steps=6, truncate=5, mask="absent"))
def test_drawn_cases_agree(case):
    agrees(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", FIXED, ids=str)
def test_fixed_cases_agree(case):
    agrees(case)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_single_precision_agrees(cell):
    agrees(Case(cell, 7, 40, 18, 50, mask="random", truncate=11, dtype="float32"))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_comparison_sees_one_weight_that_is_off_by_little(cell):
    case = Case(cell, mask="random", truncate=3)
    with jax.enable_x64(True):
        a = agreement.asked(case)
        layer = a.network.layers[0]
        moved = replace(layer["h"], matrix=layer["h"].matrix.at[1, 0].multiply(1 + 1e-9))
        other = replace(a.network, layers=({**layer, "h": moved},))
        found = agreement.answered(other, a.inputs, a.state, a.present, a.cotangents, 3, "native")
        assert agreement.apart(found, agreement.answers(case, "loop"))[0] > AT_MOST["float64"]


def test_the_comparison_sees_a_cut_one_step_late_and_a_nan():
    case = Case("gru", steps=6, truncate=2)
    with jax.enable_x64(True):
        expected = agreement.answers(case, "loop")
        assert agreement.apart(agreement.answers(replace(case, truncate=3), "native"), expected)[0] > 1e-3
        broken = jax.tree.map(lambda a: a.at[(0,) * a.ndim].set(jnp.nan), expected)
        assert not agreement.apart(broken, expected)[0] <= 1


def in_a_process(act: str, **environment: str) -> list:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.engine.native.agreement", act],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "JAX_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


OTHERS = [name for name in library.status().instructions_supported if name != library.status().instructions]


@pytest.mark.slow
def test_every_other_set_of_instructions_agrees():
    for name in OTHERS:
        found = in_a_process("compare", HOLDFAST_INSTRUCTIONS=name)
        for case, (distance, where) in zip(FIXED, found, strict=True):
            assert distance <= AT_MOST[case.dtype], f"{name}, {case}: {where} differs by {distance}"


@pytest.mark.slow
def test_a_row_alone_is_the_same_bits_as_in_a_batch():
    for name in library.status().instructions_supported:
        found = in_a_process("alone", HOLDFAST_INSTRUCTIONS=name)
        assert found == [[]] * len(FIXED), name


@pytest.mark.slow
def test_gradients_are_the_same_bits_with_any_number_of_threads():
    one, two, five = (in_a_process("bits", HOLDFAST_THREADS=str(count)) for count in (1, 2, 5))
    assert one == two == five
    assert len(set(one)) == len(FIXED)


@pytest.fixture
def another_lstm(offenders, monkeypatch):
    """As if ``lstm`` had been edited since the library was built: same name, same shapes, another step."""
    real, other = cells.get, replace(cells.get("coupled_lstm"), name="lstm")
    monkeypatch.setattr(cells, "get", lambda name: other if name == "lstm" else real(name))
    return other


def test_a_cell_that_is_not_the_one_that_was_built_goes_to_the_loop(another_lstm, monkeypatch, float64):
    network, inputs = random_network("lstm"), numbers(2, 5, 2)
    assert "was built before lstm was written as it is now" in str(native_engine.unsuitable(Request(network.cell)))
    assert engines.chosen("auto", Request(another_lstm)) == "loop"
    found, _ = unroll(network, inputs)
    assert (found == unroll(network, inputs, engine="loop")[0]).all()
    # Were the digest not asked, the library would compute the step that it has, and nobody would know:
    monkeypatch.setattr(native_engine, "unsuitable", lambda _: None)
    monkeypatch.setattr(native_engine, "_has_map_of_state", lambda _: True)
    assert np.abs(unroll(network, inputs)[0] - found).max() > 1e-2


def test_a_cell_that_is_not_the_one_that_was_built_is_refused_by_name(another_lstm, float64):
    network, inputs = random_network("lstm"), numbers(2, 5, 2)
    with pytest.raises(BadValue) as told:
        unroll(network, inputs, engine="native")
    assert told.value.message == (
        "the engine 'native' cannot be used: it was built before lstm was written as it is now "
        "(in a checkout: make native)."
    )
    assert told.value.fix == "Use the engine 'auto' or 'loop'."
    with pytest.raises(BadValue, match="was built before lstm"):
        engines.chosen("native", Request(another_lstm))
