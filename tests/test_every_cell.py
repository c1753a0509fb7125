"""Every cell in the folder obeys every law of a plug-in's cell and of ``cell_laws.py``, and every law catches the
offender planted for it."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast import cells
from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.unroll import trace
from holdfast.plugins import cell_laws as laws
from holdfast.plugins.bounds_laws import bounds_contain_numbers
from holdfast.plugins.laws import LawViolation
from tests import cell_laws
from tests.cell_references import REFERENCES, lstm1997_as_printed
from tests.networks import ONE_OF_EVERY_KIND, numbers, random_network, random_state
from tests.offenders import acts

pytestmark = pytest.mark.usefixtures("quick_to_compile")
every_cell = pytest.mark.parametrize("cell", cells.FOLDER.names())
one_of_every_kind = pytest.mark.parametrize("cell", ONE_OF_EVERY_KIND)
"""For laws that judge how the engine treats time: a cell has no part in it but by its states and maps."""
sizes = st.integers(1, 5)
arithmetics = {name: Rounding(accuracy) for name, accuracy in ACCURACIES.items()}


@pytest.mark.slow
@every_cell
def test_gradients_are_finite_differences(cell, float64):
    laws.gradients_are_finite_differences(cell)


def test_the_rectifier_is_judged_on_both_sides_of_its_kink_and_away_from_it(float64):
    """A difference across a kink is no derivative: in the law's numbers every kink is ten of its widest moves away."""
    network, below, shut = random_network("irnn", layers=2), np.asarray(numbers(2, 4, 2)), []
    for layer, start in zip(network.layers, random_state(network, 2), strict=True):
        w, h, above = laws.by_letter("irnn", layer), np.asarray(start.h), []
        for t in range(4):
            a = below[:, t] @ w["W_n"] + h @ w["U_n"] + w["b_n"]
            assert np.abs(a).min() > 1e-3
            shut.append(a < 0)
            above.append(h := np.maximum(a, 0))
        below = np.stack(above, 1)
    assert 0 < np.mean(shut) < 1


@every_cell
def test_a_batch_gives_what_its_rows_give_alone(cell, float64):
    laws.batch_is_singles(cell)


@every_cell
def test_pieces_with_the_state_carried_give_the_whole(cell, float64):
    laws.chunks_are_the_whole(cell)


@pytest.mark.slow
@one_of_every_kind
def test_padding_and_what_it_holds_change_nothing(cell, float64):
    cell_laws.absent_steps_change_nothing(cell)


@every_cell
def test_units_in_another_order_give_the_same_outputs(cell, float64):
    laws.relabelling_commutes(cell)


@pytest.mark.slow
@one_of_every_kind
def test_truncation_cuts_the_gradient_between_windows_and_only_there(cell, float64):
    cell_laws.truncation_cuts_between_windows(cell)


@pytest.mark.parametrize("cell", REFERENCES)
def test_the_trace_is_an_independent_step_gate_by_gate(cell, float64):
    laws.trace_is_the_independent_step(cell, REFERENCES[cell])


@every_cell
def test_the_written_equation_is_what_is_computed(cell, float64):
    laws.equation_says_what_is_computed(cell)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@every_cell
def test_a_file_keeps_every_bit(cell, dtype, tmp_path, float64):
    cell_laws.files_keep_every_bit(cell, tmp_path, dtype)


@every_cell
@settings(max_examples=10, deadline=None)
@given(inputs=sizes, units=sizes, layers=st.integers(1, 3))
def test_the_count_of_parameters_is_what_a_network_holds(cell, inputs, units, layers):
    cell_laws.parameters_are_counted(cell, inputs, units, layers)


@every_cell
def test_names_letters_and_maps_fit_together(cell):
    laws.names_fit_together(cell)
    laws.the_description_is_whole(cell)


def test_lstm1997_with_halved_candidate_is_the_paper_with_its_state_in_halves(float64):
    network, inputs = random_network("lstm1997"), numbers(2, 6, 2)
    printed, halved = laws.by_letter("lstm1997", network.layers[0]), network.layers[0]
    for source, linear in halved.items():
        matrix, bias = linear.of("candidate")
        halved[source] = linear.put("candidate", matrix / 2, None if bias is None else bias / 2)
    found = trace(replace(network, layers=(halved,)), inputs)
    state = {"h": np.zeros((2, 3)), "c": np.zeros((2, 3))}
    for t in range(6):
        _, state, _ = lstm1997_as_printed(printed, np.asarray(inputs[:, t]), state)
        np.testing.assert_allclose(found.states[0].h[:, t], state["h"], **cell_laws.EXACT)
        np.testing.assert_allclose(found.states[0].c[:, t], state["c"] / 2, **cell_laws.EXACT)


@pytest.mark.parametrize(("layers", "symbols"), [(1, 0), (2, 12)])
@pytest.mark.parametrize("arithmetic", ["real", *ACCURACIES])
@every_cell
def test_bounds_contain_every_sample(cell, arithmetic, layers, symbols, float64):
    cell_laws.bounds_contain_samples(cell, layers, arithmetics.get(arithmetic), symbols)


def test_every_reference_is_of_a_cell():
    assert set(REFERENCES) == set(cells.FOLDER.names())


@pytest.mark.parametrize(
    ("law", "cell", "words"),
    [
        (laws.gradients_are_finite_differences, "blocked_gradient", "is not the slope that finite differences find"),
        (laws.gradients_are_finite_differences, "idle_weights", "nothing depends on"),
        (laws.batch_is_singles, "mixed_rows", "row 0 alone and among others: .* apart"),
        (laws.chunks_are_the_whole, "secret_state", "a sequence in pieces and whole: .* apart"),
        (laws.relabelling_commutes, "numbered_units", "axis unit in another order: .* apart"),
        (laws.equation_says_what_is_computed, "two_faced", "h at step 1: .* apart|gate candidate at step 1: .* apart"),
        (bounds_contain_numbers, "other_sets", "state h at step 1: number 1 lies outside"),
        (laws.names_fit_together, "nameless", "letters are for candidate, forget, gates are candidate"),
        (laws.the_description_is_whole, "nameless", "does not end"),
    ],
)
def test_a_law_catches_the_cell_that_breaks_it(law, cell, words, offenders, float64):
    with pytest.raises(LawViolation, match=words):
        law(cell)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "act"),
    [
        (laws.chunks_are_the_whole, acts.forgets_the_state),
        (cell_laws.absent_steps_change_nothing, acts.reads_padding),
        (cell_laws.truncation_cuts_between_windows, acts.never_cuts),
        (cell_laws.truncation_cuts_between_windows, acts.cuts_one_late),
    ],
)
def test_a_law_of_time_catches_the_act_that_breaks_it(law, act, float64):
    with pytest.raises(LawViolation, match=" apart"):
        law("gru", act)


def test_the_trace_law_catches_swapped_gates(offenders, float64):
    with pytest.raises(LawViolation, match="gate input"):
        laws.trace_is_the_independent_step("swapped_gates", REFERENCES["lstm"])


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm1997"])
def test_the_law_of_bounds_catches_a_forgetful_multiplication(cell, float64):
    with pytest.raises(LawViolation, match="lies outside its form"):
        cell_laws.bounds_contain_samples(cell, 1, None, 0, acts.ForgetfulBounds)


def test_the_law_of_bounds_catches_a_share_that_falls_where_it_should_rise(float64):
    with pytest.raises(LawViolation, match="lies"):
        cell_laws.bounds_contain_samples("minlstm", 1, None, 0, acts.FallingShare)


def test_the_law_of_bounds_catches_arithmetic_that_rounds_and_says_it_does_not(float64):
    with pytest.raises(LawViolation, match="lies"):
        cell_laws.bounds_contain_samples(
            "elman", 1, arithmetics["float32"], 0, lambda rounding, symbols: Bounds(None, symbols)
        )


def test_the_file_law_catches_rounding(tmp_path, float64):
    with pytest.raises(AssertionError, match="At index 0 diff"):
        cell_laws.files_keep_every_bit("gru", tmp_path, jnp.float32, write=acts.saves_rounded)


def test_the_counting_law_catches_a_bias_too_many():
    with pytest.raises(AssertionError, match="assert 84 == "):
        cell_laws.parameters_are_counted("lstm", 2, 3, 1, acts.makes_two_biases)
