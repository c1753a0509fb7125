"""What is told of a construction and of an impossibility: gates as they were seen, claims in words, witnesses."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import tasks
from holdfast.construction.evaluation import construction
from holdfast.construction.evaluation.construction import construct
from holdfast.construction.evaluation.impossibility import why_impossible
from holdfast.construction.theorems import ALL_REALS, ALL_REALS_RELU, NO_CONTINUUM, TOO_MANY
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.results import Table, Text
from holdfast.engine.unroll import trace, unroll

pytestmark = pytest.mark.usefixtures("quick_to_compile")

INFINITY = math.inf


def told(name="recall", cell="lstm", steps=20, semantics="ieee", form="", **axes):
    task = tasks.get(name)(**axes)
    tolerance = getattr(task, "tolerance", INFINITY)
    return construct(task, cell, units=40, steps=steps, tolerance=tolerance, semantics=semantics, form=form)


def asked(range, cell="lstm", steps=10, semantics="ieee", units=32, name="recall", **axes):
    task = tasks.get(name)(**axes)
    more = {"units": units, "steps": steps, "tolerance": 0.01, "dtype": "float32", "semantics": semantics}
    return why_impossible(task, range, cell, **more)


def words(parts) -> str:
    return "\n".join(f"{part.title}\n{part.text}" for part in parts if isinstance(part, Text))


def test_the_document_has_the_documented_keys_and_no_others():
    document = replace(told(), file="net.safetensors").as_json()
    assert set(document) == {
        *("possible", "task", "cell", "units", "counts_to", "horizon_steps", "known_units"),
        *("state", "claim", "budget", "gates", "file"),
    }
    assert (document["possible"], document["task"], document["cell"], document["units"]) == (True, "recall", "lstm", 40)
    assert set(document["claim"]) == {"error", "lengths", "steps", "range", "semantics", "dtype", "least_steps"}
    assert set(document["budget"]) == {"write", "hold", "leak", "read-out", "rounding"}
    for gate in document["gates"]:
        assert set(gate) == {"unit", "name", "role", "gate", "formula", "step_1", "later"}
    json.dumps(document, allow_nan=False)


def test_gates_are_as_they_were_seen():
    gates = {(g["name"], g["gate"]): g for g in told().gates}
    opened, shut = gates["first value", "input"]["step_1"], gates["first value", "input"]["later"]
    assert min(opened) > 0.99
    assert max(shut) < 0.01
    assert min(gates["first value", "forget"]["later"]) > 0.999
    assert gates["first value", "candidate"]["formula"] == "tanh(0.125·x)"
    assert gates["started", "candidate"]["formula"] == "tanh(20)"
    assert {g["unit"] for g in gates.values()} == {1, 2}


def test_a_row_of_one_step_has_nothing_later():
    found = construct(tasks.get("recall")(steps=1), "gru", units=2, steps=1, tolerance=0.1)
    assert [gate["later"] for gate in found.gates] == [None] * 4
    assert "at step 1" in found.parts()[0].heads


@pytest.mark.parametrize(("position", "watched"), [(1, 200), (300, 400)])
def test_long_rows_are_watched_for_some_of_their_steps(position, watched, monkeypatch):
    """A million steps of sixty-four rows with all their gates would not fit into memory."""
    seen = []
    monkeypatch.setattr(construction, "trace", lambda n, x, **more: seen.append(x.shape) or trace(n, x, **more))
    task = tasks.get("recall")(steps=10**6, position=position)
    found = construct(task, "lstm", units=2, steps=10**6, tolerance=0.05)
    assert found.construction.claim.steps == 10**6
    assert seen == [(construction.ROWS, watched, 1)]


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"steps": 20}, "at every length up to 20 steps, in exact arithmetic on these weights, and in IEEE float32"),
        ({"steps": None}, "at every length, in IEEE float32, where rounding makes gates exactly 0 or 1; not in exact"),
        ({"steps": None, "cell": "irnn"}, "at every length, in exact arithmetic on these weights, and in IEEE float32"),
        ({"steps": None, "cell": "gru", "form": "pytorch"}, "at every length from 2 on, in IEEE float32"),
        (
            {"steps": None, "cell": "lstm1997", "semantics": "real"},
            "at every length from 2 on, in exact arithmetic on these weights; not in IEEE float32",
        ),
        ({"name": "echo", "steps": 10}, "The right symbol has the largest output, at every length up to 10 steps"),
    ],
)
def test_the_claim_is_said_in_words(axes, said):
    assert said in words(told(**axes).parts()).replace("\n", " ")


def test_a_reader_sees_units_gates_budget_and_where_it_was_written():
    parts = replace(told(cell="elman"), file="net.safetensors").parts()
    gates, budget = (part for part in parts if isinstance(part, Table))
    assert gates.title == "recall on elman, 4 of 40 units used"
    assert [row[1] for row in gates.rows] == ["started", "first value in", "first value shadow", "first value"]
    assert [row[0] for row in budget.rows] == ["write", "hold", "leak", "read-out", "rounding", "total"]
    assert "Written to net.safetensors" in words(parts)
    lead = next(
        part for part in told("echo", steps=10).parts() if isinstance(part, Table) and "margin" in part.heads[0]
    )
    assert lead.rows[-1] == ("margin", "4")


def test_exact_arithmetic_for_ever_is_not_promised_where_it_is_not_held():
    with pytest.raises(BadValue, match="holds in IEEE float32, where rounding closes gates for good, and not in exact"):
        told("echo", steps=None, semantics="real")
    assert "real" in told("bits", steps=None, semantics="real").construction.claim.semantics
    assert "real" in told("recall", "irnn", steps=None, semantics="real").construction.claim.semantics
    assert "real" in told("echo", steps=10, semantics="real").construction.claim.semantics


def test_what_there_is_no_construction_for_is_told():
    with pytest.raises(UnknownName, match=r"no cell named 'gruu'.*Did you mean 'gru'") as unknown:
        told(cell="gruu")
    assert "lstm1997" in unknown.value.message
    with pytest.raises(UnknownName, match="no cell with constructions named 'lstm_pytorch'"):
        told(form="pytorch")


@pytest.mark.parametrize("ends", [(-INFINITY, INFINITY), (-INFINITY, 5.0), (7.0, INFINITY)])
@pytest.mark.parametrize(
    ("cell", "theorem"), [("lstm", ALL_REALS), ("gru", ALL_REALS), ("elman", ALL_REALS), ("irnn", ALL_REALS_RELU)]
)
def test_a_witness_lies_in_the_range_and_fails_when_run_again(cell, theorem, ends):
    for position in (1, 2):
        found = asked(ends, cell, position=position)
        assert found.theorem is theorem
        document = found.as_json()
        assert set(document) == {"possible", "task", "cell", "theorem", "witness"}
        assert document["possible"] is False
        assert set(document["theorem"]) == {"name", "statement", "proof", "rests_on", "source"}
        witness = json.loads(json.dumps(document, allow_nan=False))["witness"]
        x = np.array(witness["inputs"])
        assert (ends[0] <= x).all()
        assert (x <= ends[1]).all()
        task = tasks.get("recall")(position=position)
        network = construct(task, cell, units=32, steps=10, tolerance=0.01).construction.network
        again = float(unroll(network, jnp.asarray(x, jnp.float32)[None, :, None])[0][0, -1, 0])
        assert again == pytest.approx(witness["output"], abs=1e-6)
        assert witness["expected"] == x[position - 1]
        assert abs(again - x[position - 1]) == pytest.approx(witness["error"])
        assert witness["error"] > 0.01
        assert "Counterexample" in words(found.parts())


@pytest.mark.parametrize(
    ("question", "theorem"),
    [
        ({"semantics": "real", "steps": None}, NO_CONTINUUM),
        ({"semantics": "real", "steps": None, "name": "adding"}, NO_CONTINUUM),
        ({"name": "copy", "variant": "reals", "steps": 60, "cell": "gru", "units": 4}, TOO_MANY),
        ({"cell": "feedforward"}, TOO_MANY),
    ],
)
def test_other_theorems_have_no_witness_and_say_what_they_rest_on(question, theorem):
    found = asked((-1.0, 1.0), **question)
    assert found.theorem is theorem
    assert found.as_json()["witness"] is None
    assert f"The proof uses {theorem.rests_on}." in words(found.parts())


def test_what_may_be_possible_is_not_called_impossible():
    for question in (
        {},
        {"steps": None},
        {"steps": None, "semantics": "real", "cell": "irnn"},
        {"steps": None, "semantics": "real", "cell": "lstm1997"},
        {"steps": None, "semantics": "real", "name": "bits"},
        {"name": "copy", "variant": "reals", "steps": 60, "cell": "lstm"},
    ):
        assert asked((-1.0, 1.0), **question) is None


def test_an_unbounded_range_without_a_theorem_is_a_mistake_and_no_answer():
    """relu(x) - relu(-x) gives every number back that was just read."""
    with pytest.raises(BadValue, match=r"is unbounded\. Give a bounded range"):
        asked((-INFINITY, INFINITY), "irnn", steps=1)
    with pytest.raises(BadValue, match=r"is unbounded\. Only recall accepts"):
        asked((-INFINITY, INFINITY), name="copy", variant="reals")
