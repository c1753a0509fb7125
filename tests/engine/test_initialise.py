"""Initial weights: what is asked for in text is read or refused in words, and drawn within its stated limits."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.core.errors import BadValue, UnknownName
from holdfast.engine.initialise import Initialisation, build, parse

pytestmark = pytest.mark.usefixtures("quick_to_compile")
KNOWN = "auto, or keras or pytorch, then any of +orthogonal, +identity, +forget=NUMBER, +chrono or +chrono=STEPS"


def made(cell, initialisation, units=40, **more):
    return build(cell, inputs=3, units=units, outputs=2, initialisation=initialisation, **more)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("keras", Initialisation("keras")),
        ("pytorch+orthogonal", Initialisation("pytorch", orthogonal=True)),
        ("keras+forget=-1.5", Initialisation("keras", forget=-1.5)),
        ("keras+forget=1e2", Initialisation("keras", forget=100.0)),
        ("keras+chrono", Initialisation("keras", chrono=30.0)),
        ("pytorch+chrono=1000", Initialisation("pytorch", chrono=1000.0)),
        ("keras+chrono=1", Initialisation("keras", chrono=2.0)),
        ("pytorch+chrono=1234567", Initialisation("pytorch", chrono=1234567.0)),
        ("keras+forget=0.12345678", Initialisation("keras", forget=0.12345678)),
        ("auto", Initialisation("keras", chrono=30.0)),
        ("keras+orthogonal+forget=3", Initialisation("keras", orthogonal=True, forget=3.0)),
    ],
)
def test_a_scheme_is_read_and_written_again(text, read):
    found = parse(text, cells.get("lstm"), lag_steps=30)
    assert found == read
    assert parse(str(found), cells.get("lstm"), lag_steps=30) == read


def test_auto_is_plain_for_a_cell_that_keeps_nothing():
    for cell in ("elman", "feedforward"):
        assert parse("auto", cells.get(cell), lag_steps=30) == Initialisation("keras")


def test_auto_is_the_identity_for_the_cell_that_asks_for_it():
    found = parse("auto", cells.get("irnn"), lag_steps=30)
    assert found == Initialisation("keras", identity=True)
    assert parse(str(found), cells.get("irnn"), lag_steps=30) == found
    assert [name for name in cells.FOLDER.names() if cells.get(name).identity] == ["irnn"]


@pytest.mark.parametrize(
    ("text", "cell", "message", "fix"),
    [
        ("kears", "lstm", f"--initialisation starts with 'kears', expected {KNOWN}.", "Try keras+chrono."),
        ("", "lstm", f"--initialisation starts with '', expected {KNOWN}.", "Try keras+chrono."),
        ("keras+", "lstm", f"--initialisation has '+', expected {KNOWN}.", "Try keras+chrono."),
        ("keras+chrono=-3", "lstm", f"--initialisation has '+chrono=-3', expected {KNOWN}.", "Try keras+chrono."),
        ("keras+forget", "lstm", f"--initialisation has '+forget', expected {KNOWN}.", "Try keras+chrono."),
        ("keras+forget=1-", "lstm", "--initialisation has forget=1-, expected a number.", "Try keras+forget=1."),
        (
            "keras+forget=1+chrono",
            "gru",
            "--initialisation has both forget and chrono, which set the same bias.",
            "Leave one out.",
        ),
        (
            "pytorch+chrono",
            "elman",
            "elman has no forget gate, so 'pytorch+chrono' has no bias to set.",
            "Try keras.",
        ),
        (
            "keras+forget=1",
            "feedforward",
            "feedforward has no forget gate, so 'keras+forget=1' has no bias to set.",
            "Try keras.",
        ),
        (
            "keras+orthogonal+identity",
            "elman",
            "--initialisation has both orthogonal and identity, which set the same matrix.",
            "Leave one out.",
        ),
        (
            "pytorch+identity",
            "gru",
            "gru has 3 gates, and the identity is for a cell with one, so 'pytorch+identity' has no effect.",
            "Try keras.",
        ),
        (
            "keras+identity",
            "feedforward",
            "feedforward has no recurrent matrix, so 'keras+identity' has no effect.",
            "Try keras.",
        ),
    ],
)
def test_a_scheme_that_cannot_be_is_refused_in_words(text, cell, message, fix):
    with pytest.raises(BadValue) as caught:
        parse(text, cells.get(cell), lag_steps=30)
    assert (caught.value.message, caught.value.fix) == (message, fix)


@pytest.mark.parametrize("text", ["keras+forget=1e999", "keras+chrono=1e400", "keras+chrono=" + "9" * 400])
def test_a_number_that_is_not_finite_is_refused(text):
    with pytest.raises(BadValue):
        parse(text, cells.get("lstm"), lag_steps=30)


def test_build_refuses_before_it_draws():
    with pytest.raises(UnknownName, match="Did you mean 'gru'"):
        build("grru", inputs=1, units=1, outputs=1)
    with pytest.raises(BadValue, match="has no forget gate"):
        build("elman", inputs=1, units=1, outputs=1, initialisation="keras+chrono")


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
def test_keras_draws_inputs_and_readout_within_glorots_limit(cell):
    network = made(cell, "keras")
    for matrix in (network.layers[0]["x"].matrix, network.readout.matrix):
        limit = math.sqrt(6 / sum(matrix.shape))
        largest = float(jnp.abs(matrix).max())
        # Among 80 or more uniform numbers the largest is below 0.85 of the limit once in 10^5 draws.
        assert 0.85 * limit < largest <= limit
    assert not network.readout.bias.any()


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
def test_keras_draws_the_recurrence_as_one_matrix_with_orthonormal_rows(cell, float64):
    matrix = made(cell, "keras", dtype=jnp.float64).layers[0]["h"].matrix
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(40), rtol=0, atol=1e-12)


@pytest.mark.parametrize("scheme", ["keras+orthogonal", "pytorch+orthogonal"])
def test_orthogonal_makes_the_recurrence_of_every_gate_orthogonal(scheme, float64):
    linear = made("lstm", scheme, dtype=jnp.float64).layers[0]["h"]
    drawn = [np.asarray(linear.of(gate)[0]) for gate in linear.gates]
    for matrix in drawn:
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(40), rtol=0, atol=1e-12)
    assert all(np.abs(drawn[0] - other).max() > 0.1 for other in drawn[1:]), "two gates have the same matrix"


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
@pytest.mark.parametrize("cell", ["irnn", "elman"])
def test_identity_sets_the_recurrent_matrix_of_every_layer_and_nothing_else(framework, cell):
    plain, changed = made(cell, framework, layers=2), made(cell, f"{framework}+identity", layers=2)
    for before, after in zip(plain.layers, changed.layers, strict=True):
        assert (after["h"].matrix == np.eye(40)).all()
        assert (before["x"].matrix == after["x"].matrix).all()
        assert (before["x"].bias == after["x"].bias).all()
    assert (plain.readout.matrix == changed.readout.matrix).all()


def test_keras_sets_the_lstms_forget_bias_to_one_and_every_other_to_zero():
    linear = made("lstm", "keras").layers[0]["x"]
    for gate in linear.gates:
        assert (linear.of(gate)[1] == (1.0 if gate == "forget" else 0.0)).all()
    gru = made("gru", "keras").layers[0]
    assert not gru["x"].bias.any()
    assert not gru["h"].bias.any()


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "feedforward"])
def test_pytorch_draws_every_matrix_within_one_over_the_root_of_the_units(cell):
    for matrix in (leaf for leaf in jax.tree.leaves(made(cell, "pytorch", layers=2)) if leaf.ndim == 2):
        # Uniform in +-r has standard deviation r / sqrt 3; 80 draws or more: within a third of it.
        assert 0.85 / math.sqrt(40) < float(jnp.abs(matrix).max()) <= 1 / math.sqrt(40)
        assert float(matrix.std()) == pytest.approx(1 / math.sqrt(3 * 40), rel=1 / 3)


@pytest.mark.parametrize(("cell", "drawn"), [("lstm", 2), ("gru", 1), ("elman", 2), ("feedforward", 1)])
def test_pytorch_has_two_biases_and_a_single_one_starts_as_their_sum(cell, drawn):
    for layer in made(cell, "pytorch", units=400, layers=2).layers:
        for bias in (linear.bias for linear in layer.values() if linear.bias is not None):
            assert float(jnp.abs(bias).max()) <= drawn / math.sqrt(400)
            # The sum of n uniform numbers in +-r has standard deviation r * sqrt(n / 3); 400 draws: within 15 %.
            assert float(bias.std()) == pytest.approx(math.sqrt(drawn / 3 / 400), rel=0.15)


@pytest.mark.parametrize("scheme", ["keras", "pytorch"])
def test_chrono_draws_the_forget_bias_from_a_logarithm_and_mirrors_it_at_the_input_gate(scheme):
    linear = made("lstm", f"{scheme}+chrono=100", units=200).layers[0]["x"]
    scale = np.exp(np.asarray(linear.of("forget")[1], np.float64))
    assert ((scale >= 1 - 1e-6) & (scale <= 99 + 1e-4)).all()
    # exp(bias) is uniform in [1, 99]: mean 50, standard error 2, five of them.
    assert abs(scale.mean() - 50) < 10
    assert (linear.of("input")[1] == -linear.of("forget")[1]).all()
    if scheme == "keras":
        assert not linear.of("output")[1].any()
        assert not linear.of("candidate")[1].any()


def test_chrono_sets_the_grus_update_bias_alone():
    linear = made("gru", "keras+chrono", lag_steps=50).layers[0]["x"]
    bias = linear.of("update")[1]
    assert ((bias >= 0) & (bias <= math.log(49) + 1e-5)).all()
    assert float(bias.max()) > math.log(25)
    assert not linear.of("reset")[1].any()
    assert not linear.of("candidate")[1].any()


@pytest.mark.parametrize(("cell", "gate"), [("lstm", "forget"), ("gru", "update")])
@pytest.mark.parametrize("scheme", ["keras", "pytorch"])
def test_forget_sets_all_of_the_bias_of_the_gate_that_keeps_in_every_layer(scheme, cell, gate):
    for layer in made(cell, f"{scheme}+forget=3.5", layers=2).layers:
        biases = [linear.of(gate)[1] for linear in layer.values() if linear.bias is not None]
        assert (sum(biases) == 3.5).all(), "where a cell has two biases, what acts is their sum"


def test_a_change_of_scheme_changes_nothing_else():
    plain, changed = made("lstm", "keras"), made("lstm", "keras+chrono=9")
    assert (plain.layers[0]["x"].matrix == changed.layers[0]["x"].matrix).all()
    assert (plain.layers[0]["h"].matrix == changed.layers[0]["h"].matrix).all()
    assert (plain.readout.matrix == changed.readout.matrix).all()


def test_the_seed_decides_every_weight():
    bits = [[np.asarray(a).tobytes() for a in jax.tree.leaves(made("gru", "pytorch", seed=s))] for s in (5, 5, 6)]
    assert bits[0] == bits[1]
    assert all(a != b for a, b in zip(bits[0], bits[2], strict=True))


def test_no_two_matrices_of_a_network_are_the_same():
    network = made("lstm", "pytorch", units=3, layers=3)
    blocks = [np.asarray(layer[s].of(g)[0]).tobytes() for layer in network.layers for s in "xh" for g in layer[s].gates]
    assert len(set(blocks)) == len(blocks)


def test_peepholes_start_at_zero_in_keras_and_as_everything_else_in_pytorch():
    for scheme in ("keras", "keras+orthogonal", "keras+chrono=50"):
        assert not made("peephole", scheme).layers[0]["c"].matrix.any()
    drawn = made("peephole", "pytorch").layers[0]["c"].matrix
    assert drawn.shape == (1, 120)
    assert 0.9 / math.sqrt(40) < float(jnp.abs(drawn).max()) <= 1 / math.sqrt(40)


def test_a_map_of_the_cell_state_is_drawn_as_the_recurrence_and_a_hidden_layers_as_the_inputs(float64):
    layer = made("one_network", "keras", dtype=jnp.float64).layers[0]
    np.testing.assert_allclose(layer["c"].matrix @ layer["c"].matrix.T, np.eye(40), rtol=0, atol=1e-12)
    limit = math.sqrt(6 / 80)
    assert 0.95 * limit < float(jnp.abs(layer["k"].matrix).max()) <= limit
    assert not layer["k"].bias.any()


@pytest.mark.parametrize("scheme", ["keras", "pytorch", "keras+forget=3", "keras+chrono=50", "keras+orthogonal"])
def test_every_step_that_has_weights_of_its_own_draws_its_own_as_the_others_do(scheme, float64):
    network = made("lstm", scheme, units=20, steps=5, dtype=jnp.float64)
    for source, linear in network.layers[0].items():
        assert linear.matrix.shape[0] == 5
        for first in range(5):
            for other in range(first):
                assert jnp.abs(linear.matrix[first] - linear.matrix[other]).max() > 0.1
        if source == "h" and scheme != "pytorch":
            for t in range(5):
                one = jax.tree.map(lambda a, t=t: a[t], linear)
                parts = [one.of(gate)[0] for gate in one.gates] if "orthogonal" in scheme else [one.matrix]
                for part in parts:
                    np.testing.assert_allclose(part @ part.T, np.eye(20), rtol=0, atol=1e-12)
    forget = network.layers[0]["x"].of("forget")[1]
    wanted = {"keras": 1.0, "keras+orthogonal": 1.0, "keras+forget=3": 3.0}.get(scheme)
    assert wanted is None or (forget == wanted).all()
    if "chrono" in scheme:
        assert (forget == forget[0]).all()
        assert (network.layers[0]["x"].of("input")[1] == -forget).all()
        assert 0 <= float(forget.min()) < float(forget.max()) <= math.log(49) + 1e-12


def test_chrono_sets_the_gates_of_the_minimal_cells():
    scale = made("mingru", "keras+chrono=50").layers[0]["x"].of("update")[1]
    linear = made("minlstm", "keras+chrono=50").layers[0]["x"]
    for bias in (scale, linear.of("forget")[1]):
        assert 0 <= float(bias.min()) < float(bias.max()) <= math.log(49) + 1e-5
    assert (linear.of("input")[1] == -linear.of("forget")[1]).all()
