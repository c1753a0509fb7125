"""Sequences as a user writes them: read, refused in words, put in order, and weighed in bits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core.errors import BadValue
from holdfast.core.sequences import alphabet, memory_bits, parse

DEMONSTRATION = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
EXAMPLE = "Try --sequences 3,0,1,2,3 4,0,1,2,4."


def test_text_becomes_symbols_without_the_blanks_around_them():
    assert parse(["3,0,1,2,3", "4,0,1,2,4"]) == DEMONSTRATION
    assert parse([" to, be ,or"]) == (("to", "be", "or"),)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("abc12", min_size=1), min_size=2, max_size=5))
def test_what_was_written_is_read_again(words):
    assert parse([",".join(words)]) == (tuple(words),)


@pytest.mark.parametrize(
    ("texts", "message", "fix"),
    [
        ([], "--sequences: no sequence was given.", EXAMPLE),
        (["1,2", "3,,4"], "--sequences: sequence 2, '3,,4', has an empty symbol.", EXAMPLE),
        ([""], "--sequences: sequence 1, '', has an empty symbol.", EXAMPLE),
        (
            ["7"],
            "--sequences: sequence 1, '7', has one symbol, so there is nothing to predict; expected at least two, "
            "separated by commas.",
            EXAMPLE,
        ),
        (
            ["3,0,1,2,3", "9,9", "3,0,1,5"],
            "--sequences: sequences 1 and 3 contradict each other: after 3,0,1 one continues with 2, the other "
            "with 5. They are equal up to there, so no network can predict both.",
            "Make them differ earlier, or leave one out.",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_in_words(texts, message, fix):
    with pytest.raises(BadValue) as caught:
        parse(texts)
    assert caught.value.message == message
    assert caught.value.fix == fix


def test_a_sequence_twice_or_as_the_beginning_of_another_is_no_contradiction():
    assert len(parse(["1,2,3", "1,2,3", "1,2"])) == 3


def test_the_alphabet_is_numbers_by_value_and_then_words():
    assert alphabet((("10", "9", "b"), ("a", "-1", "9.5"))) == ("-1", "9", "9.5", "10", "a", "b")


@pytest.mark.parametrize(
    ("sequences", "bits"),
    [
        (DEMONSTRATION, [1, 1, 1, 0]),
        ((("1", "2", "3", "4"),), [0, 0, 0]),  # every symbol tells what follows
        ((("a", "x", "a"), ("b", "x", "b"), ("c", "x", "c")), [math.log2(3), 0]),
        ((("a", "x", "a"), ("b", "x", "a")), [0, 0]),  # both go on alike
        ((("a", "x", "p"), ("b", "x", "q"), ("c", "y", "p")), [1, 0]),  # c can share with either: its input tells
        ((("a", "x", "x", "p"), ("b", "x")), [0, 0, 0]),  # the short one is over before they differ
    ],
)
def test_memory_is_counted_in_bits(sequences, bits):
    assert memory_bits(sequences) == bits
