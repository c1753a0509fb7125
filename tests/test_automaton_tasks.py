"""Tasks whose answer is a function of the state of a finite automaton, against what is computed without one."""

from __future__ import annotations

import itertools
import re

import jax
import numpy as np
import pytest

from holdfast import tasks
from holdfast.core.errors import BadValue
from holdfast.core.fields import field_infos
from holdfast.training.settings import Settings


def after(task, word: tuple[str, ...]) -> list[str | None]:
    """The answers of the table of a task to these symbols, None where none is asked for."""
    made, state, found = task.automaton, 0, []
    for symbol in word:
        read = made.symbols.index(symbol)
        assert made.allowed[state, read], f"{symbol} is not allowed in the state {made.states[state]}"
        state = made.next[state, read]
        found.append(None if made.answer[state] < 0 else made.answers[made.answer[state]])
    return found


def allowed(task, length: int) -> list[tuple[str, ...]]:
    """All allowed words of this length."""
    made, words = task.automaton, [((), 0)]
    for _ in range(length):
        words = [
            ((*word, symbol), made.next[state, read])
            for word, state in words
            for read, symbol in enumerate(made.symbols)
            if made.allowed[state, read]
        ]
    return [word for word, _ in words]


@pytest.mark.parametrize(
    ("group", "modulus", "symbols", "length"),
    [
        ("Z", 4, "elements", 4),
        ("S3", 0, "elements", 4),
        ("A5", 0, "elements", 2),
        ("A5", 0, "generators", 9),
        ("S5", 0, "generators", 9),
        ("S5", 0, "exchanges", 3),
        ("S5", 0, "three", 2),
    ],
)
def test_words_of_a_group_are_products_of_matrices(group, modulus, symbols, length):
    task = tasks.get("group")(group=group, modulus=modulus or 2, symbols=symbols)

    def matrix(name: str) -> np.ndarray:
        size = modulus or len(name)
        places = np.arange(size) + int(name) if modulus else np.array([*map(int, name)]) - 1
        return np.eye(size)[places % size]  # row i has its 1 at the place where i goes

    for word in itertools.product(task.automaton.symbols, repeat=length):
        product = np.linalg.multi_dot([np.eye(len(matrix(word[0]))), *map(matrix, word)])
        assert (matrix(after(task, word)[-1]) == product).all(), word


@pytest.mark.parametrize(("group", "elements"), [("S3", 6), ("A5", 60), ("S5", 120)])
def test_generators_reach_every_element(group, elements):
    made = tasks.get("group")(group=group, symbols="generators").automaton
    reached = {0}
    for _ in range(30):
        reached |= {int(to) for state in reached for to in made.next[state]}
    assert len(reached) == elements == len(made.states)


@pytest.mark.parametrize(("modulus", "depth", "length"), [(2, 0, 7), (3, 0, 5), (2, 1, 7), (2, 2, 7)])
def test_values_are_those_of_arithmetic(modulus, depth, length):
    task = tasks.get("modular")(modulus=modulus, depth=depth, steps=length)
    words = allowed(task, length)
    complete = 0
    for word in words:
        if word.count("(") == word.count(")") and (word[-1].isdigit() or word[-1] == ")"):
            assert after(task, word)[-1] == str(eval("".join(word)) % modulus), word
            complete += 1
    if depth == 0:
        numbers, operators = -(-length // 2), length // 2
        assert complete == len(words) == modulus**numbers * 3**operators
    assert complete > 100


def test_the_value_inside_a_bracket_is_asked_for_and_then_that_around_it():
    task = tasks.get("modular")(modulus=5, depth=1, steps=9)
    word = ("1", "+", "(", "2", "*", "4", ")", "*", "2")
    assert after(task, word) == ["1", None, None, "2", None, "3", "4", None, "2"]
    assert task._answers(list(word)) == after(task, word)


def test_a_flip_flop_holds_what_was_written_last_and_begins_with_a_write():
    task = tasks.get("flip_flop")(values=3)
    assert after(task, ("w2", "i0", "i1", "w0", "i2")) == ["2", "2", "2", "0", "0"]
    assert not task.automaton.allowed[0, 3:].any()
    words = np.asarray(task.sample(jax.random.key(0), 2000).inputs).argmax(-1)
    assert (words[:, 0] < 3).all()
    assert abs((words[:, 1:] >= 3).mean() - 0.8) < 5 * (0.8 * 0.2 / words[:, 1:].size) ** 0.5


@pytest.mark.parametrize(
    ("name", "axes"), [("modular", {}), ("modular", {"depth": 1, "modulus": 2}), ("flip_flop", {"scored": "last"})]
)
def test_visits_of_states_are_summed_step_by_step(name, axes):
    made, steps, first = tasks.get(name)(**axes).automaton, 301, 7
    now = np.zeros(len(made.states))
    now[0], total = 1.0, np.zeros(len(made.states))
    for step in range(steps):
        total += now if step >= first else 0
        now = sum(np.bincount(made.next[:, s], now * made.weights[:, s], len(now)) for s in range(len(made.symbols)))
    np.testing.assert_allclose(made.visits(steps, first), total, rtol=0, atol=1e-9)


BAD = [
    (
        "parity",
        {"steps": 3},
        "there are only 8 different rows of 3 steps; training and test rows are disjoint, which needs at least 16 "
        "(raise --steps)",
    ),
    (
        "parity",
        {"steps": 0, "scored": "first", "accuracy": 2.0},
        "--steps is 0, expected at least 1; --scored is 'first', expected one of every, last; --accuracy is 2, "
        "expected at most 1",
    ),
    (
        "flip_flop",
        {"ignore": 1.0, "values": 1},
        "--values is 1, expected at least 2; --ignore is 1, expected less than 1",
    ),
    ("group", {"group": "Z", "modulus": 2000}, "--modulus is 2000, expected at most 1000"),
    (
        "modular",
        {"scored": "last"},
        "--steps is 40; an expression that ends with a number has an odd number of symbols",
    ),
    (
        "modular",
        {"scored": "last", "depth": 1},
        "--scored last needs --depth 0: with brackets, not every row ends with a value",
    ),
    ("modular", {"depth": 3}, "the automaton has more than 2048 states, all of which have to be compared"),
]


@pytest.mark.parametrize(("name", "axes", "message"), BAD)
def test_axes_that_make_no_task_are_refused_in_words(name, axes, message):
    with pytest.raises(BadValue) as caught:
        tasks.get(name)(**axes)
    assert caught.value.message == f"{name}: {message}."


@pytest.mark.parametrize("name", tasks.FOLDER.names())
def test_no_axis_has_the_name_of_a_setting(name):
    """Both are flags of ``train``."""
    assert not set(field_infos(tasks.get(name))) & set(field_infos(Settings))


EXPRESSIONS = [
    ("(0|1(01*0)*1)*", None),
    ("(ab|ba)*", None),
    ("a?b{2,3}|(ab){2}a*", None),
    ("(a|b)*abb", "abc"),
    ("(aa)+b?|c{2,}", None),
    (".b.*", "ab"),
    ("((a?)*b)+", None),
    ("(a|a)*b(a*)*b", None),
]


@pytest.mark.parametrize(("expression", "alphabet"), EXPRESSIONS)
def test_an_expression_accepts_what_pythons_accepts(expression, alphabet):
    task = tasks.get("automaton")(expression=expression, alphabet=alphabet)
    pattern = re.compile(expression)
    for length in range(1, 8 if len(task.automaton.symbols) == 2 else 6):
        for word in itertools.product(task.automaton.symbols, repeat=length):
            expected = [
                "accepted" if pattern.fullmatch("".join(word[: end + 1])) else "rejected" for end in range(length)
            ]
            assert after(task, word) == expected == task._answers(list(word)), word


@pytest.mark.parametrize(
    ("expression", "states"),
    [("(0|1(01*0)*1)*", 3), ("(a|b)*abb", 4), ("(ab)*", 3), ("(a|b)*a(a|b){3}", 16), ("b*(ab*ab*)*", 2)],
)
def test_the_automaton_of_an_expression_is_the_smallest(expression, states):
    """Known sizes of textbooks, the dead state included."""
    assert len(tasks.get("automaton")(expression=expression).automaton.states) == states


def test_a_table_is_walked_from_state_0():
    cycle = (("0", "1", "2"), ("1", "2", "0"), ("2", "0", "1"))
    task = tasks.get("automaton")(table=cycle, alphabet="012")
    for word in itertools.product("012", repeat=4):
        assert after(task, word) == [f"q{sum(map(int, word[: end + 1])) % 3}" for end in range(4)]
    accepting = tasks.get("automaton")(table=cycle, alphabet="012", accepting=(0, 2))
    assert after(accepting, ("1", "1", "1")) == ["rejected", "accepted", "accepted"]


def test_a_word_strays_as_often_as_it_is_told_to():
    task = tasks.get("automaton")(expression="(ab)*", stray=0.25, steps=20)
    rows = 20_000
    words = np.asarray(task.sample(jax.random.key(1), rows).inputs).argmax(-1)
    alive = [rows, *((words[:, : end + 1] == np.arange(end + 1) % 2).all(1).sum() for end in range(20))]
    for before, then in itertools.pairwise(alive[:8]):
        assert abs(then / before - 0.75) < 5 * (0.25 * 0.75 / before) ** 0.5


UNREADABLE = [
    ("", "--expression is empty, so that it describes the empty word alone. Write for example (ab|ba)*"),
    (
        "a+?",
        "--expression is 'a+?', which is ambiguous: +? before place 4 is a repetition of a repetition to some, and a "
        "lazy or possessive one to others. Use brackets, as in (a+)?",
    ),
    (
        "a{2}{3}",
        "--expression is 'a{2}{3}', which is ambiguous: {2}{3} before place 8 is a repetition of a repetition to some, "
        "and a lazy or possessive one to others. Use brackets, as in (a+)?",
    ),
    ("(a(b)", "--expression is '(a(b)'; 1 of its brackets is never closed"),
    ("a)b", "--expression is 'a)b'; the bracket at place 2 was never opened"),
    ("ab|", "--expression is 'ab|'; nothing stands after the | at its end"),
    ("a(|b)", "--expression is 'a(|b)'; nothing stands before the | at place 3"),
    ("*a", "--expression is '*a'; nothing stands before the * at place 1"),
    ("()", "--expression is '()'; nothing stands before the ) at place 2"),
    ("a b", "--expression is 'a b'; a blank at place 2 is no symbol. Leave it out"),
    ("a&b", "--expression is 'a&b'; expected letters, digits, | * + ? ( ) . {n} and {n,m}, not '&'"),
    ("a{,3}", "--expression is 'a{,3}'; expected letters, digits, | * + ? ( ) . {n} and {n,m}, not '{'"),
    ("é*a", "--expression is 'é*a'; expected letters, digits, | * + ? ( ) . {n} and {n,m}, not 'é'"),
    (".", "--expression is '.', which has no symbol"),
    ("(a|b)*", "after every word the answer is accepted, so that there is nothing to learn"),
    (
        "(a{100}b){100}",
        "--expression is '(a{100}b){100}', which has 10,100 symbols with its repetitions written out, expected at most "
        "1,000",
    ),
    ("(a|b)*a(a|b){20}", "--expression makes an automaton of more than 20,000 states"),
    (
        "(a|b)*a(a|b){11}",
        "the automaton has 4096 states, expected at most 2048",
    ),
    (
        "a*",
        "after every word the answer is accepted, so that there is nothing to learn",
    ),
    (
        "(aa)*",
        "there are only 1 different rows of 40 steps; training and test rows are disjoint, which needs at least 16 "
        "(raise --steps)",
    ),
]


@pytest.mark.parametrize(("expression", "message"), UNREADABLE)
def test_an_expression_without_an_automaton_is_refused_in_words(expression, message):
    with pytest.raises(BadValue) as caught:
        tasks.get("automaton")(expression=expression)
    assert caught.value.message == f"automaton: {message}."


NO_TABLE = [
    (
        {"table": (("0", "1"), ("1",))},
        "--table is partial: state 1 has 1 next states, state 0 has 2. Every state needs one for each symbol; a state "
        "that is never left can take the others",
    ),
    (
        {"table": (("0", "1"), ("1", "-"))},
        "--table: next state 2 of state 1 is '-', expected a number from 0 to 1. No automaton may be partial; a state "
        "that is never left can take the others",
    ),
    (
        {"table": (("0", "1"), ("1", "0")), "accepting": (3,)},
        "--accepting has the state 3, expected numbers from 0 to 1",
    ),
    (
        {"table": (("0", "1"), ("1", "0")), "alphabet": "abc"},
        "the first state of --table has 2 next states, but there are 3 symbols. Name as many with --alphabet",
    ),
    ({"expression": "ab", "alphabet": "ac"}, "--expression has the symbol b, which is not in --alphabet ac"),
    ({"expression": "ab", "alphabet": "ab|"}, "--alphabet is 'ab|', expected letters and digits"),
    ({"stray": 1.5}, "--stray is 1.5, expected less than 1"),
]


@pytest.mark.parametrize(("axes", "message"), NO_TABLE)
def test_a_table_that_is_no_whole_automaton_is_refused_in_words(axes, message):
    with pytest.raises(BadValue) as caught:
        tasks.get("automaton")(**axes)
    assert caught.value.message == f"automaton: {message}."


@pytest.mark.parametrize("language", ["anbn", "anbncn"])
@pytest.mark.parametrize("depth", [2, 4])
def test_complete_words_of_letters_are_those_with_equal_counts(language, depth):
    letters = language.replace("n", "")
    task = tasks.get("counting")(language=language, depth=depth, variant="complete")
    accepted = {"".join(word) for word in itertools.product(letters, repeat=6) if after(task, word)[-1] == "accepted"}
    words = ["".join(letter * n for letter in letters) for n in range(1, depth + 1)]
    expected = {"".join(some) for count in range(1, 4) for some in itertools.product(words, repeat=count)}
    assert accepted == {word for word in expected if len(word) == 6} != set()


@pytest.mark.parametrize(("kinds", "depth"), [(1, 3), (2, 2), (2, 3)])
def test_complete_words_of_brackets_are_those_that_vanish_when_pairs_are_removed(kinds, depth):
    task = tasks.get("counting")(language="dyck", kinds=kinds, depth=depth, variant="complete", steps=12)
    for word in itertools.product(task.automaton.symbols, repeat=6):
        rest, layers = "".join(word), 0
        while (less := re.sub(r"(?:\(\))+|(?:\[\])+", "", rest)) != rest:
            rest, layers = less, layers + 1
        open_most = max(sum((s in "([") - (s in ")]") for s in word[:end]) for end in range(7))
        assert (after(task, word)[-1] == "accepted") == (rest == "" and open_most <= depth), word


@pytest.mark.parametrize(
    "axes",
    [
        {"depth": 3},
        {"language": "anbncn", "depth": 3},
        {"language": "dyck", "depth": 2},
        {"language": "dyck", "kinds": 5, "depth": 2},
    ],
)
def test_symbols_that_may_follow_are_those_with_which_some_word_goes_on(axes):
    task = tasks.get("counting")(**axes)
    longer = set(allowed(task, 5))
    for word in allowed(task, 4):
        said = set(after(task, word)[-1].split(","))
        drawn = {symbol for symbol in task.automaton.symbols if (*word, symbol) in longer}
        full = task.language != "dyck" and word[-task.depth :] == ("a",) * task.depth
        assert said == drawn | ({"a"} if full else set()), word  # another a may follow, and is not drawn
