"""Units that count: certified for every length, right in PyTorch's own layer, and as far as the format's numbers go."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.construction.compile import compile_program
from holdfast.construction.constructions.counting import program
from holdfast.construction.evaluation.construction import construct
from holdfast.construction.interpreter import interpret
from holdfast.construction.program import RegisterProgram
from holdfast.core.errors import BadValue
from holdfast.core.results import Text
from holdfast.engine.unroll import unroll
from holdfast.tasks.counting import Counting
from tests.construction_laws import torchs

pytestmark = pytest.mark.usefixtures("quick_to_compile")

TASKS = [Counting(depth=8), Counting(language="anbncn", depth=4)]
ids = ["anbn", "anbncn"]


def made(task, dtype: str = "float32"):
    return construct(task, "irnn", units=16, steps=None, tolerance=np.inf, dtype=dtype)


def counting(most: int) -> RegisterProgram:
    built = RegisterProgram()
    built.symbols("a", "b")
    emptied = built.tally("a - b", "a", "b", most)
    built.choose([emptied, emptied * -1.0], gap=0.5)
    return built


@pytest.mark.parametrize("semantics", ["real", "ieee"])
@pytest.mark.parametrize("task", TASKS, ids=ids)
def test_counts_are_certified_for_every_length_and_checked(task, semantics):
    network = made(task).network
    proof = prove(network, task, lengths=task.lengths("any"), semantics=semantics)
    assert (proof.verdict, proof.reached.settled is not None) == ("proved", True)
    assert proof.certificate is not None
    assert check(proof.certificate, network).accepted


def test_a_count_that_loses_one_is_refuted():
    task = Counting(depth=2)
    network = made(task).network
    wrong = network.layers[0]["h"].matrix * np.float32(0.5)
    spoilt = {**network.layers[0], "h": network.layers[0]["h"].put("candidate", matrix=wrong)}
    network = type(network)((spoilt,), network.readout, "irnn")
    assert prove(network, task, lengths=task.lengths("any"), semantics="real", seconds=10).verdict == "refuted"


@pytest.mark.parametrize("letters", ["ab", "abc"])
def test_pytorchs_own_layer_counts_to_a_thousand(letters):
    """Far past the depth that was asked for: the weights do not depend on it."""
    task = TASKS[len(letters) - 2]
    counts = (1, 999, 3, 1000)
    word = [place for n in counts for place in np.repeat(np.arange(len(letters)), n)]
    said = torchs(made(task).network, np.eye(len(letters), dtype=np.float32)[None, word])[0].argmax(-1)
    last = {letter: letters[(place + 1) % len(letters)] for place, letter in enumerate(letters)}
    expected = []
    for n, (place, letter) in itertools.product(counts, enumerate(letters)):
        expected += ["a,b"] * n if place == 0 else [letter] * (n - 1) + [last[letter]]
    assert [task.automaton.answers[answer] for answer in said] == expected


def test_float32_ends_where_one_more_is_rounded_away():
    """There one more symbol leaves the whole state as it is, so that two words with other answers are the same."""
    report = made(TASKS[0])
    assert not is_stuck(report, 2**24 - 1)
    assert is_stuck(report, 2**24)


@pytest.mark.usefixtures("float64")
def test_float64_counts_on_where_float32_ends():
    report = made(TASKS[0], "float64")
    assert not is_stuck(report, 2**24)
    assert is_stuck(report, 2**53)


def is_stuck(report, count: int) -> bool:
    """Whether the state after ``count`` a's is that after one more. Counts are exact up to there, by induction."""
    network, names = report.network, report.construction.sheet.units
    before = np.zeros((1, network.units), network.dtype)
    before[0, names.index("a - b count")] = count - 1
    before[0, names.index("a read+")] = 1
    word = jnp.asarray(np.eye(2)[None, [0, 0]], network.dtype)
    state = network.cell.state_type(jnp.asarray(before))
    once = unroll(network, word[:, :1], (state,))[1][0].h
    twice = unroll(network, word, (state,))[1][0].h
    return bool((once == twice).all())


def test_a_count_past_the_format_is_refused():
    asked = {"units": 8, "steps": None, "tolerance": np.inf}
    compile_program(counting(2**24), "irnn", **asked)
    with pytest.raises(BadValue, match=r"counts to 16,777,217, but float32 rounds 16,777,216 \+ 1 to 16,777,216"):
        compile_program(counting(2**24 + 1), "irnn", **asked)
    compile_program(counting(2**24 + 1), "irnn", **asked, dtype="float64")
    with pytest.raises(BadValue, match="'a - b' counts, for which only irnn has a unit, not lstm"):
        compile_program(counting(5), "lstm", **asked)
    with pytest.raises(BadValue, match="counts to 0, expected at least 1"):
        counting(0)


def test_the_report_says_how_far_it_counts():
    report = made(TASKS[0])
    assert report.as_json()["counts_to"] == 2**24
    text = " ".join(part.text for part in report.parts() if isinstance(part, Text))
    assert "count to 16,777,216 in float32, where 16,777,216 + 1 is rounded to 16,777,216" in text.replace("\n", " ")


def test_the_program_is_the_language_and_says_where_it_is_left():
    task = TASKS[1]
    word = [0, 0, 1, 1, 2, 2, 0]
    told = interpret(program(task, "irnn"), np.eye(3)[word])
    names = task.automaton.answers
    assert [names[answer] for answer in told.argmax(1)] == ["a,b", "a,b", "b", "c", "c", "a", "a,b"]
    with pytest.raises(BadValue, match="'a - b' is -1 at step 3, expected 0 to 4"):
        interpret(program(task, "irnn"), np.eye(3)[[0, 1, 1]])


def test_other_forms_of_the_task_have_an_automaton():
    for task in (Counting(language="dyck"), Counting(variant="complete")):
        assert program(task, "irnn").machine is not None
    assert program(TASKS[0], "lstm").machine is not None
