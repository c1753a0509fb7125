"""Tasks in which symbols that were read are asked for later: their rows as text, and figures of their draws."""

from __future__ import annotations

import re

import jax
import numpy as np
import pytest

from holdfast import tasks
from holdfast.core.errors import BadValue

ROWS = 500


def words(task, rows: int = ROWS, seed: int = 0):
    """Rows as texts of the symbols, and of the answers, '' where none is asked for."""
    drawn = jax.jit(lambda key: task.sample(key, rows))(jax.random.key(seed))
    inputs, targets, scored = (np.asarray(part) for part in (drawn.inputs, drawn.targets, drawn.scored))
    assert (inputs.sum(-1) == 1).all()
    assert (targets.sum(-1) == scored).all()
    for x, y, asked in zip(inputs, targets, scored, strict=True):
        yield (
            [task.label_input(f) for f in x],
            [task.label_output(f) if a else "" for f, a in zip(y, asked, strict=True)],
        )


def test_every_key_is_asked_for_once_and_has_the_value_of_its_pair():
    task = tasks.get("mqar")(pairs=3, steps=20, symbols=20)
    for read, answers in words(task):
        text = " ".join(read)
        pairs = dict(re.findall(r"(k\d) (v\d)", " ".join(read[:6])))
        assert len(pairs) == 3, text
        asked = {read[step]: answer for step, answer in enumerate(answers) if answer}
        assert asked == pairs, text
        assert all(step >= 6 and step % 2 == 0 for step, answer in enumerate(answers) if answer), text
        assert sum(symbol[0] == "k" for symbol in read) == 6, text


@pytest.mark.parametrize("power", [0.01, 1.0])
def test_places_of_keys_are_drawn_by_the_power_law(power):
    """The key of the first pair has place s with a probability proportional to s^(power - 1)."""
    task = tasks.get("mqar")(pairs=2, steps=16, symbols=20, power=power)
    rows, counts = 4000, np.zeros(6)
    for read, _ in words(task, rows):
        counts[(read.index(read[0], 1) - 4) // 2] += 1
    expected = np.arange(1, 7) ** (power - 1.0)
    expected /= expected.sum()
    error = np.sqrt(expected * (1 - expected) / rows)
    assert (np.abs(counts / rows - expected) < 5 * error).all(), counts


def test_values_and_what_is_ignored_are_uniform():
    task = tasks.get("mqar")(pairs=2, steps=16, symbols=8)
    drawn = [symbol for read, _ in words(task, 4000) for symbol in read if symbol[0] == "v"]
    for value in task.values:
        assert abs(drawn.count(value) / len(drawn) - 0.25) < 5 * (0.25 * 0.75 / len(drawn)) ** 0.5


def test_symbols_are_copied_without_the_blanks():
    task = tasks.get("selective_copy")(steps=4, lag=7, symbols=5)
    places = np.zeros(11)
    for read, answers in words(task):
        text = "".join(read)
        assert re.fullmatch(r"[0-4_]{11}!!!!", text), text
        assert "".join(answers[11:]) == text.replace("_", "").replace("!", "")
        places += [symbol != "_" for symbol in read[:11]]
    assert (np.abs(places / ROWS - 4 / 11) < 5 * (4 * 7 / 121 / ROWS) ** 0.5).all(), places


def test_the_symbol_after_the_mark_is_asked_for_at_the_second():
    task = tasks.get("induction")(steps=12, symbols=9)
    marked = set()
    for read, answers in words(task):
        text = "".join(read)
        found = re.fullmatch(r"([0-8]*)!([0-8])[0-8]*!", text)
        assert found, text
        assert answers == [""] * 11 + [found[2]], text
        marked.add(len(found[1]))
    assert marked == set(range(10))


@pytest.mark.parametrize(
    ("name", "axes", "bits"),
    [
        ("mqar", {"pairs": 4, "symbols": 64}, 4 * 5),
        ("selective_copy", {"steps": 5, "symbols": 8}, 5 * 3),
        ("induction", {"symbols": 15}, 4),
    ],
)
def test_the_largest_demand_of_memory_is_the_known_one(name, axes, bits):
    assert max(tasks.get(name)(**axes).memory()) == pytest.approx(bits, abs=1e-12)


MANY = "expected at most 8192: every symbol has an input, or a row of an embedding"
BAD = [
    ("mqar", {"symbols": 10_000}, f"--symbols is 10000, {MANY}"),
    ("selective_copy", {"symbols": 9000}, f"--symbols is 9000, {MANY}"),
    ("induction", {"symbols": 8193}, f"--symbols is 8193, {MANY}"),
    (
        "mqar",
        {"symbols": 7, "pairs": 4, "steps": 15},
        "--steps is 15, but 4 pairs need at least 16; --steps is 15, expected an even number: pairs and places have "
        "two steps; --symbols is 7, expected an even number: half are keys, half values; 4 pairs need as many keys, "
        "and half of 7 symbols are keys",
    ),
    (
        "mqar",
        {"symbols": 4, "pairs": 1, "steps": 4},
        "4 symbols at 4 steps make too few different rows for disjoint training and test rows",
    ),
    (
        "induction",
        {"symbols": 2, "steps": 4},
        "2 of 2 symbols make only 4 different rows; training and test rows are disjoint, which needs at least 16",
    ),
    (
        "selective_copy",
        {"symbols": 2, "steps": 2, "lag": 0},
        "2 of 2 symbols and 0 blanks make only 4 different rows; training and test rows are disjoint, which needs at "
        "least 16",
    ),
    ("induction", {"accuracy": 2.0}, "--accuracy is 2, expected at most 1"),
]


@pytest.mark.parametrize(("name", "axes", "message"), BAD)
def test_axes_that_make_no_task_are_refused_in_words(name, axes, message):
    with pytest.raises(BadValue) as caught:
        tasks.get(name)(**axes)
    assert caught.value.message == f"{name}: {message}."


def test_recall_of_the_largest_alphabet_is_drawn():
    task = tasks.get("mqar")(symbols=8192, pairs=8, steps=64)
    for read, answers in words(task, 4):
        assert sum(bool(answer) for answer in answers) == 8
        assert {int(symbol[1:]) for symbol in read} <= set(range(4096))


def test_every_path_of_a_proof_asks_for_its_key_once():
    scenario = tasks.get("mqar")(symbols=6, pairs=2, steps=10).scenario()
    assert len(scenario.answers) == 9
    reached = {edge.target for node in scenario.answers for edge in scenario.leaving(node)}
    while more := {edge.target for node in reached for edge in scenario.leaving(node)} - reached:
        reached |= more
    assert reached
    assert not reached & set(scenario.answers)


def test_a_proof_about_too_many_symbols_is_refused_in_words():
    with pytest.raises(BadValue) as caught:
        tasks.get("mqar")(symbols=66).scenario()
    assert caught.value.message == (
        "mqar: a scenario has a path for every key with every value, too many of 66 symbols."
    )
    assert caught.value.fix == "Proofs are for up to --symbols 64."
