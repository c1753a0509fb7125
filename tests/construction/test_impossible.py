"""Theorems on linear recurrences exclude what they should and nothing else, and their counterexamples are found."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import holdfast
from holdfast.construction import linear_theorems as theorems
from holdfast.construction.cycles import cycle, turns
from holdfast.construction.evaluation import counterexample as search
from holdfast.construction.evaluation.counterexample import counterexample
from holdfast.construction.evaluation.impossibility import why_impossible
from holdfast.construction.linear_cells import DECAYS, NORMALISED, SIGNED
from holdfast.construction.theorems import impossible
from holdfast.core.errors import BadValue
from holdfast.engine.network import create
from holdfast.engine.unroll import trace, unroll
from holdfast.tasks.automaton import Automaton
from holdfast.tasks.group import Group
from holdfast.tasks.modular import Modular
from holdfast.tasks.mqar import Mqar
from holdfast.tasks.parity import Parity
from holdfast.tasks.recall import Recall
from tests.networks import random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")

EVEN_PAIRS = Automaton(expression="(a(a|b)*a|b(a|b)*b|a|b)")
PAIRS = Mqar(pairs=5, symbols=16, steps=32)
CASES = [
    (Parity(), "mamba", None, None, "ieee", theorems.NO_CYCLES),
    (Parity(), "mlstm", None, None, "real", theorems.NO_CYCLES),
    (Modular(modulus=2, steps=11), "linear_attention", 8, None, "ieee", theorems.NO_CYCLES),
    (Group(group="A5"), "gla", None, None, "ieee", theorems.NO_CYCLES),
    (EVEN_PAIRS, "mamba", 8, None, "ieee", None),
    *((Parity(), cell, 8, None, "ieee", None) for cell in ("mamba_negative", "deltanet_negative", "slstm", "lstm")),
    *((Parity(), cell, 8, None, "real", None) for cell in ("mamba_negative", "deltanet_negative", "rwkv7", "lru")),
    (Group(group="Z", modulus=3), "mamba_negative", None, None, "ieee", theorems.POWERS_OF_TWO),
    (Group(group="Z", modulus=4), "mamba_negative", None, None, "real", theorems.POWERS_OF_TWO),
    (Group(group="S3"), "deltaproduct", None, None, "ieee", None),
    (Group(group="S5"), "lru", None, None, "ieee", theorems.NOT_SOLVABLE),
    (Group(group="S5"), "s5", None, None, "real", None),
    (Group(group="S3"), "s5", None, None, "ieee", None),
    (Group(group="S5"), "deltaproduct", None, None, "ieee", None),
    (Parity(steps=10), "mingru", 8, 10, "ieee", theorems.FEW_TURNS),
    (Parity(steps=9), "mingru", 8, 9, "ieee", None),
    (Parity(steps=9), "mingru", None, 9, "ieee", None),
    (Parity(steps=40), "mamba", 8, 40, "ieee", None),
    (Parity(steps=10), "deltanet", None, 10, "ieee", theorems.FEW_TURNS),
    (Parity(), "deltanet", 8, None, "real", theorems.FEW_TURNS),
    (Parity(), "deltanet", 8, None, "ieee", None),
    (Parity(steps=10), "deltanet_negative", 8, 10, "ieee", None),
    (Recall(steps=5), "minlstm", 3, 5, "ieee", theorems.GATES_DO_NOT_READ),
    (Recall(steps=4), "minlstm", 3, 4, "ieee", None),
    (Recall(steps=5, position=2), "minlstm", 3, 5, "ieee", None),
    (Recall(steps=5, tolerance=0.07), "minlstm", 3, 5, "ieee", None),
    (Recall(steps=5), "gla", 3, 5, "ieee", None),
    (Recall(steps=6), "gla", 3, 6, "ieee", theorems.GATES_DO_NOT_READ),
    (Recall(steps=6), "mamba_negative", 3, 6, "ieee", None),
    (Recall(), "mamba_negative", None, None, "real", theorems.FADES),
    (Recall(), "mingru", None, None, "ieee", None),
    (Recall(tolerance=1.5), "mingru", None, None, "real", None),
    *((PAIRS, cell, 4, 32, "ieee", theorems.TOO_MANY_PAIRS) for cell in ("deltanet", "rwkv7", "mingru")),
    (PAIRS, "deltanet", 5, 32, "ieee", None),
    (PAIRS, "deltanet", 4, None, "ieee", None),
    (PAIRS, "deltanet", None, 32, "ieee", None),
    (PAIRS, "mamba", 4, 32, "ieee", None),
    (PAIRS, "mlstm", 4, 32, "ieee", None),
    (PAIRS, "lstm", 4, 32, "ieee", None),
]


@pytest.mark.parametrize(("task", "cell", "units", "steps", "semantics", "theorem"), CASES)
def test_a_theorem_excludes_what_it_is_about_and_nothing_else(task, cell, units, steps, semantics, theorem):
    tolerance = getattr(task, "tolerance", math.inf)
    range = getattr(task, "range", (-1.0, 1.0))
    assert impossible(task, range, cell, units, steps, semantics, tolerance=tolerance) is theorem


def test_denominators_of_several_heads_are_not_one():
    asked = {"task": PAIRS, "range": (-1.0, 1.0), "units": 4, "steps": 32, "semantics": "real"}
    assert impossible(cell="linear_attention", **asked) is theorems.TOO_MANY_PAIRS
    assert impossible(cell="linear_attention", heads=2, **asked) is None
    assert impossible(cell="gla", heads=2, **asked) is theorems.TOO_MANY_PAIRS


@pytest.mark.parametrize("cell", [*DECAYS, *NORMALISED, *SIGNED])
def test_states_that_read_one_symbol_rise_or_fall(cell):
    """The premise of the proofs, rounded as it runs: each number of the state is monotone in the repetitions."""
    network = random_network(cell, 2, 2, 2, dtype=jnp.float32)
    every = 2 if cell in SIGNED else 1
    states = trace(network, jnp.ones((1, 64, 1), jnp.float32) * jnp.array([0.0, 1.0])).states[0]
    numbers = [np.asarray(part, np.float64).reshape(64, -1) for part in states]
    if cell == "mlstm":
        settled = int(np.argmax((numbers[2] == numbers[2][-1]).all(1)))
        assert settled < 32
        numbers = [numbers[2], *(part[settled:] for part in numbers[:2])]
    for part in numbers:
        for first in range(every):
            moves = np.sign(np.diff(part[first::every], axis=0))
            assert ((moves >= 0).all(0) | (moves <= 0).all(0)).all()
    if cell in SIGNED:
        assert not all((np.diff(part, axis=0) >= 0).all() or (np.diff(part, axis=0) <= 0).all() for part in numbers)


@pytest.mark.parametrize(
    ("task", "period", "length"),
    [
        (Parity(), 1, 2),
        (Modular(modulus=3, steps=11), 1, 3),
        (Group(group="A5"), 2, 3),
        (Automaton(expression="((aa)*b)*"), 1, 2),
        (Parity(), 2, None),
        (EVEN_PAIRS, 1, None),
    ],
)
def test_a_cycle_leads_to_answers_that_do_not_repeat(task, period, length):
    found = cycle(task.automaton, period)
    assert (found and found.length) == length
    if found:
        symbols = task.automaton.symbols
        words = [[symbols[s] for s in found.repeated(found.length * 3 + k)] for k in range(found.length + period)]
        answers = [task._answers(word)[-1] for word in words]
        assert any(a != b for a, b in zip(answers, answers[period:], strict=False))


def test_turns_are_counted():
    assert turns(Parity().automaton, 7)[0] == 6
    assert turns(Group(group="Z", modulus=3).automaton, 7)[0] == 4  # 1 2 0 1 2 0 1: between 0 and 1, or 0 and 2
    assert turns(EVEN_PAIRS.automaton, 7)[0] == 0


def alternating(units: int):
    """A minGRU that is right on as many ones as any can: its scores are interpolated."""
    network = create("mingru", 2, units, 2, dtype=jnp.float64)
    layer = network.layers[0]["x"]
    update = np.log([[d / (1 - d)] * 2 for d in np.arange(1, units + 1) / (units + 1)]).T
    x = layer.put("update", matrix=update).put("candidate", matrix=np.ones((2, units)))
    ones = jnp.ones((1, units + 1, 1)) * jnp.array([0.0, 1.0])
    states = np.asarray(trace(replace(network, layers=({"x": x},)), ones).states[0].h)[0]
    right = (-1.0) ** np.arange(units + 1)
    *weights, bias = np.linalg.solve(np.hstack([states, np.ones((units + 1, 1))]), right)
    readout = replace(network.readout, matrix=np.outer(weights, [-1.0, 1.0]), bias=np.array([-bias, bias]))
    return replace(network, layers=({"x": x},), readout=readout)


@pytest.mark.usefixtures("float64")
def test_one_symbol_more_than_decays_allow_is_the_counterexample():
    network = alternating(3)
    found = counterexample(network, Parity(), None, 0.0)
    assert found == {"inputs": ["1"] * 5, "output": "even", "expected": "odd"}


@pytest.mark.usefixtures("float64")
def test_numbers_are_not_recalled_better_than_the_bound():
    """With the read-out that is best on average for the sequences of the proof."""
    units, steps = 2, 4
    network = random_network("mingru", 1, units, 1, dtype=jnp.float64)
    task = Recall(steps=steps, tolerance=1e-3)
    x = np.ones((steps + 1, steps, 1))
    x[np.arange(steps), np.arange(steps)] = -1
    x = np.concatenate([x, -x])
    states = np.asarray(trace(network, jnp.asarray(x)).states[0].h)[:, -1]
    *weights, bias = np.linalg.lstsq(np.hstack([states, np.ones((len(x), 1))]), x[:, 0, 0], rcond=None)[0]
    readout = replace(network.readout, matrix=np.array(weights)[:, None], bias=np.array([bias]))
    network = replace(network, readout=readout)
    found = counterexample(network, task, steps, task.tolerance)
    assert found["error"] >= 1 / 2 ** (units + 1)
    again = float(unroll(network, jnp.asarray(found["inputs"])[None, :, None])[0][0, -1, 0])
    assert abs(again - found["inputs"][0]) == pytest.approx(found["error"])
    assert counterexample(network, task, steps, found["error"]) is None


@pytest.mark.parametrize(
    ("task", "cell"),
    [
        (PAIRS, "deltanet"),
        (Group(group="S5", symbols="generators"), "s5"),
        (Automaton(expression="((aa)*b)*"), "gla"),
        (Group(group="Z", modulus=3), "mamba_negative"),
    ],
)
def test_a_counterexample_fails_when_run_again(task, cell, monkeypatch):
    monkeypatch.setattr(search, "ROWS", 16)
    network = random_network(cell, task.inputs, 4, task.outputs, dtype=jnp.float32)
    steps = task.longest if task is PAIRS else None
    found = why_impossible(
        task, (-1.0, 1.0), cell, units=None, steps=steps, tolerance=math.inf, dtype="float32", semantics="ieee",
        network=network,
    )  # fmt: skip
    witness = json.loads(json.dumps(found.as_json(), allow_nan=False))["witness"]
    letters = [task.label_input(x) for x in np.eye(task.inputs)]
    inputs = np.eye(task.inputs)[[letters.index(symbol) for symbol in witness["inputs"]]]
    outputs = np.asarray(unroll(network, jnp.asarray(inputs, jnp.float32)[None])[0])[0, -1]
    assert task.label_output(task.oracle(inputs)[-1]) == witness["expected"]
    assert task.label_output(outputs) == witness["output"] != witness["expected"]


def test_a_network_that_is_right_has_no_counterexample(monkeypatch):
    """Of the search itself: on a task without a theorem, with a network that is certified elsewhere."""
    monkeypatch.setattr(search, "BATCHES", 1)
    monkeypatch.setattr(search, "ROWS", 32)
    network = holdfast.construct("parity", cell="elman", steps="any").network
    assert counterexample(network, Parity(), None, 0.0) is None
    broken = replace(network, readout=replace(network.readout, matrix=-network.readout.matrix))
    assert counterexample(broken, Parity(), None, 0.0) is not None


def test_words_with_an_ending_are_tried_for_each_state_of_the_cycle(monkeypatch):
    monkeypatch.setattr(search, "LENGTHS", (9,))
    task = Automaton(expression="((aa)*b)*")
    network = random_network("mingru", task.inputs, 2, task.outputs, dtype=jnp.float32)
    inputs, right = next(search._rows(network, task, None))
    words = ["".join("ab"[s] for s in x[x.any(1)].argmax(1)) for x in inputs]
    for row, word in enumerate(words):
        expected = [task.automaton.answers.index(answer) for answer in task._answers(list(word))]
        assert right[row, : len(word)].tolist() == expected
    assert {len(word) for word in words} == {8, 9}


def test_other_networks_are_refused():
    given = {"task": "parity", "steps": "any"}
    stranger = random_network("mingru", 2, 4, 2, layers=2, dtype=jnp.float32)
    with pytest.raises(BadValue, match=r"of mingru, but --cell is mamba.*has several layers.*--units is 5"):
        holdfast.construct(**given, cell="mamba", units=5, network=stranger)
    with pytest.raises(BadValue, match="no theorem excludes this request for lstm"):
        holdfast.construct(**given, cell="lstm", network=random_network("lstm", 2, 4, 2, dtype=jnp.float32))
    with pytest.raises(BadValue, match=r"has 3 inputs, but parity with these axes has 2"):
        holdfast.construct(**given, cell="mingru", network=random_network("mingru", 3, 4, 2, dtype=jnp.float32))


def told(*args, **given) -> str:
    return "\n".join(f"{part.title}: {part.text}" for part in holdfast.construct(*args, **given).parts())


def test_the_answer_has_theorem_proof_source_and_what_is_quoted():
    proved = told("parity", cell="mamba", steps="any", network=random_network("mamba", 2, 2, 2, dtype=jnp.float32))
    for words in ("No: factors between 0 and 1", "Theorem: ", "Proof: IEEE:", "Source: ", "Counterexample: On the inp"):
        assert words in proved
    quoted = told("group", group="S5", cell="lru", steps="any")
    assert "Quoted without proof: Shakerinava" in quoted
    assert "Proof: " not in quoted
    assert "Counterexample" not in quoted


def test_theorems_are_proved_or_quoted():
    named = [value for value in vars(theorems).values() if isinstance(value, theorems.Theorem)]
    assert len(named) == 7
    for theorem in named:
        assert bool(theorem.proof) != bool(theorem.rests_on)


def test_sampled_rows_are_tried_where_no_word_is_known(monkeypatch):
    monkeypatch.setattr(search, "ROWS", 4)
    task = Group(group="S5", symbols="generators", steps=12)
    rows = search._rows(random_network("lru", task.inputs, 2, task.outputs, dtype=jnp.float32), task, None)
    inputs, right = next(rows)
    batch = task.sample(jax.random.key(0), search.ROWS, "test")
    np.testing.assert_array_equal(inputs, batch.inputs)
    np.testing.assert_array_equal(right, np.asarray(batch.targets).argmax(-1))
