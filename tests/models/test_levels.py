"""Every diagnostic states the level that it needs, and refuses a model below it; models of lower levels give the
figures of the same network opened."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.certification.prove import prove
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Network
from holdfast.explanation import diagnostics
from holdfast.explanation.explain import explain
from holdfast.explanation.subject import Subject, examine
from holdfast.models.answers import from_function
from holdfast.models.levels import LEVELS, level_of, reaches, require
from holdfast.models.steps import Steps, from_steps
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from tests.networks import random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")
TASK = Recall(steps=12)
PADDED = Echo(sequences=(("a", "b", "a", "b", "a", "b"), ("b", "a", "a")))
NEEDED = {
    "error_budget": "answers",
    **dict.fromkeys(("capacity", "fixed_points", "gradient_flow", "lyapunov", "retention"), "steps"),
    **dict.fromkeys(("gates", "noise_margin", "saturation"), "opened"),
}


class Held(NamedTuple):
    h: jax.Array
    c: jax.Array


def gate_maps(network: Network) -> dict[str, tuple]:
    layer = network.layers[0]
    return {g: (*layer["x"].of(g), layer["h"].of(g)[0]) for g in ("input", "forget", "candidate", "output")}


def lstm_steps(network: Network) -> Steps:
    """The LSTM of a network, written in JAX by hand; of what is ours only the layout of weights is used."""
    maps, (matrix, bias) = gate_maps(network), network.readout.of("y")

    def step(state: Held, x: jax.Array) -> tuple[jax.Array, Held]:
        z = {gate: x @ w + b + state.h @ u for gate, (w, b, u) in maps.items()}
        c = jax.nn.sigmoid(z["forget"]) * state.c + jax.nn.sigmoid(z["input"]) * jnp.tanh(z["candidate"])
        h = jax.nn.sigmoid(z["output"]) * jnp.tanh(c)
        return h @ matrix + bias, Held(h, c)

    def start(batch: int) -> Held:
        return Held(*jnp.zeros((2, batch, network.units), network.dtype))

    return from_steps(start, step, inputs=network.inputs)


def elman_steps(network: Network) -> Steps:
    (w, b), (u, _) = (network.layers[0][source].of("candidate") for source in ("x", "h"))
    matrix, bias = network.readout.of("y")

    def step(h: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        after = jnp.tanh(x @ w + b + h @ u)
        return after @ matrix + bias, after

    return from_steps(lambda batch: jnp.zeros((batch, network.units), network.dtype), step, inputs=network.inputs)


def of_level(level: str, cell: str = "elman") -> Subject:
    network = random_network(cell, 1, 3, 1, dtype=jnp.float32)
    models = {"answers": from_function(lambda x: x, inputs=1), "steps": elman_steps(network), "opened": network}
    return examine(models[level], TASK, rows=4)


def numbers_of(figures: object) -> list[float]:
    """Every number of the figures, in order."""
    if isinstance(figures, dict):
        return [n for name in figures for n in numbers_of(figures[name])]
    if isinstance(figures, list):
        return [n for value in figures for n in numbers_of(value)]
    return [float(figures)] if isinstance(figures, int | float) else []


def test_every_diagnostic_states_its_level():
    assert {name: diagnostics.get(name).level for name in diagnostics.FOLDER.names()} == NEEDED


@pytest.mark.parametrize("name", NEEDED)
def test_a_diagnostic_refuses_a_model_below_its_level_with_what_works(name):
    needed = LEVELS.index(diagnostics.get(name).level)
    for level in LEVELS[:needed]:
        with pytest.raises(
            BadValue, match=f"the diagnostic '{name}' needs a model of level '{LEVELS[needed]}'"
        ) as told:
            diagnostics.get(name).measure(of_level(level))
        assert "'test', 'refute' and the diagnostics of the level" in told.value.fix


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks level"),
        ('level = "open"\n', "has the level 'open', expected answers, steps, opened"),
    ],
)
def test_a_diagnostic_without_its_level_is_refused(text, words, tmp_path, monkeypatch):
    (tmp_path / "diagnostics").mkdir()
    name = f"mine{len(text)}"
    body = 'formula = source = caveat = "this test"\n\n\ndef measure(subject): ...\n'
    (tmp_path / "diagnostics" / f"{name}.py").write_text(f'"""What?"""\n\n{text}{body}')
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path))
    with pytest.raises(BadFile, match=words):
        diagnostics.get(name)


@pytest.mark.parametrize("level", LEVELS)
def test_every_diagnostic_works_at_the_very_level_that_it_states(level):
    subject = of_level(level)
    for name in (name for name, needed in NEEDED.items() if needed == level and name not in ("retention", "capacity")):
        assert diagnostics.get(name).measure(subject).figures


def test_levels():
    levels = [level_of(of_level(level).model) for level in LEVELS]
    assert levels == list(LEVELS)
    assert reaches(of_level("opened").model, "answers")
    assert not reaches(of_level("answers").model, "steps")
    require(of_level("steps").model, "steps", "this")


def test_the_answers_of_steps_are_those_of_the_network(float64):
    network = random_network("lstm", 2, 3, 2)
    model = lstm_steps(network)
    for task in (PADDED,):
        wide = random_network("lstm", task.inputs, 3, task.outputs)
        ours, theirs = (examine(one, task, rows=2) for one in (wide, lstm_steps(wide)))
        np.testing.assert_allclose(theirs.outputs, ours.outputs, rtol=0, atol=1e-13)
        for name in ("h", "c"):
            np.testing.assert_allclose(theirs.states[0][name], ours.states[0][name], rtol=0, atol=1e-13)
            np.testing.assert_allclose(theirs.before[0][name], ours.before[0][name], rtol=0, atol=1e-13)
    assert model.shapes == {"h": (3,), "c": (3,)}


@pytest.mark.parametrize("task", [TASK, PADDED], ids=["recall", "padded"])
def test_jacobians_and_lyapunov_exponents_of_steps_are_those_of_the_network(task, float64):
    network = random_network("lstm", task.inputs, 3, task.outputs)
    ours, theirs = (examine(one, task, rows=2) for one in (network, lstm_steps(network)))
    assert theirs.jacobians.places == ours.jacobians.places
    np.testing.assert_allclose(theirs.jacobians.state, ours.jacobians.state, rtol=0, atol=1e-12)
    a, b = (diagnostics.get("lyapunov").measure(one).figures for one in (ours, theirs))
    assert len(a["exponents_nats_per_step"]) == 6
    np.testing.assert_allclose(numbers_of(b), numbers_of(a), rtol=0, atol=1e-10)


def test_a_step_that_forgets_faster_has_other_exponents(float64):
    """The comparison above can fail: a hundredth on one forget gate is seen."""
    network = random_network("lstm", 1, 3, 1)
    weights = network.layers[0]["x"].of("forget")[1]
    layer = {**network.layers[0], "x": network.layers[0]["x"].put("forget", bias=weights.at[0].add(0.01))}
    other = Network((layer,), network.readout, "lstm")
    a, b = (
        diagnostics.get("lyapunov").measure(examine(one, TASK, rows=2)).figures for one in (network, lstm_steps(other))
    )
    assert np.abs(np.subtract(numbers_of(a), numbers_of(b))).max() > 1e-5


@pytest.mark.parametrize("name", ["fixed_points", "gradient_flow", "retention", "capacity", "error_budget"])
def test_every_diagnostic_of_a_lower_level_gives_the_figures_of_the_network(name, float64):
    network = random_network("elman", 1, 3, 1)
    a, b = (
        dict(diagnostics.get(name).measure(examine(one, TASK, rows=4)).figures)
        for one in (network, elman_steps(network))
    )
    a, b = ({k.replace("_by_s", "_by_h"): v for k, v in found.items()} for found in (a, b))
    if name == "capacity":  # read from the output of a model, from the hidden state of a network
        a, b = ({k: v for k, v in found.items() if "state" in k} for found in (a, b))
    assert a.keys() == b.keys()
    np.testing.assert_allclose(numbers_of(b), numbers_of(a), rtol=1e-7, atol=1e-8)


def test_a_first_state_that_is_not_zero_enters_the_first_step():
    kept = from_steps(lambda batch: jnp.full((batch, 1), 0.5), lambda s, x: (s, s + x), inputs=1)
    subject = examine(kept, TASK, rows=2)
    assert subject.before[0]["s"][0, 0] == 0.5
    np.testing.assert_allclose(subject.outputs[:, 0], 0.5)


def test_explain_applies_what_a_level_allows_and_says_what_it_leaves_out():
    found = explain(of_level("answers").model, TASK, rows=4)
    assert set(found.findings) == {"error_budget"}
    assert found.as_json()["level"] == "answers"
    assert found.as_json()["cell"] is None
    (clause,) = found.words
    assert "has the level 'answers'; roles of units and the diagnostics of higher levels are left out" in clause.text
    assert found.parts()[0].title.startswith("the function <lambda>, on recall")
    with pytest.raises(BadValue, match="the diagnostic 'lyapunov' needs a model of level 'steps'"):
        explain(of_level("answers").model, TASK, diagnostics=["lyapunov"])


def test_certify_needs_an_opened_model():
    network = random_network("elman", 1, 2, 1, dtype=jnp.float32)
    with pytest.raises(BadValue, match="certify needs a model of level 'opened'"):
        prove(elman_steps(network), TASK)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("start", "step", "words"),
    [
        (lambda batch: jnp.zeros(3), lambda s, x: (x, s), r"expected \[batch, \.\.\.\] = \[2, \.\.\.\]"),
        (lambda batch: jnp.zeros((batch, 3), int), lambda s, x: (x, s), "gives an array of int32 numbers"),
        (lambda batch: jnp.zeros((batch, 3)), lambda s, x: s, "expected a pair: the output and the next state"),
        (lambda batch: jnp.zeros((batch, 3)), lambda s, x: (x, s[:, :2]), r"gives \[2, 2\], expected the same shapes"),
        (lambda batch: jnp.zeros((batch, 3)), lambda s, x: (x[0], s), r"gives outputs \[1\] for 2 rows"),
        (lambda batch: jnp.zeros((batch, 3)), lambda s, x: (np.sin(x), s), "raises TracerArrayConversionError"),
        (lambda batch: 1 / 0, lambda s, x: (x, s), "raises ZeroDivisionError: division by zero"),
    ],
)
def test_steps_that_do_not_fit_together_are_told(start, step, words):
    with pytest.raises(BadValue, match=words):
        from_steps(start, step, inputs=1, name="mine")


def test_the_arrays_that_a_step_brings_are_leaves_and_computed_in_double_precision():
    weights = jnp.asarray([[0.1]], jnp.float32)
    step = jax.tree_util.Partial(lambda w, s, x: (s, s @ w + x), weights)
    model = from_steps(lambda batch: jnp.zeros((batch, 1)), step, inputs=1)
    assert [leaf.shape for leaf in jax.tree.leaves(model)] == [(1, 1)]
    subject = examine(model, TASK, rows=2)
    exact = float(np.float32(0.1))
    np.testing.assert_allclose(subject.jacobians.state, exact, rtol=1e-15)
    exponent = diagnostics.get("lyapunov").measure(subject).figures["exponents_nats_per_step"][0]
    assert exponent == pytest.approx(np.log(exact), abs=1e-14)
