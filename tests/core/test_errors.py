"""Errors as words: the nearest name is suggested, all reasons come at once, and the tree is the one drawn."""

from __future__ import annotations

import pytest

from holdfast.core import errors
from holdfast.core.errors import BadFile, BadRun, BadValue, Problem, UnknownName, refuse


def test_the_nearest_name_is_suggested():
    error = UnknownName("task", "recal", ["echo", "recall", "adding"])
    assert error.message == "there is no task named 'recal'; there are: adding, echo, recall."
    assert error.fix == "Did you mean 'recall'?"


def test_a_name_like_no_other_gets_no_suggestion():
    error = UnknownName("cell", "xyzzy", ["gru", "lstm"])
    assert error.fix == ""
    assert str(error) == "there is no cell named 'xyzzy'; there are: gru, lstm."


def test_every_kind_is_a_problem_and_says_its_name():
    for kind in (BadFile, BadRun, BadValue):
        error = kind("what is wrong.", "What to do.")
        assert isinstance(error, Problem)
        assert error.kind == kind.__name__
        assert str(error) == "what is wrong. What to do."
    assert UnknownName("cell", "a", []).kind == "UnknownName"


def test_a_problem_without_a_fix_ends_with_its_message():
    assert str(Problem("the disk is full.")) == "the disk is full."


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = [line.split()[1] for line in errors.__doc__.splitlines() if line.strip().startswith(("├", "└"))]
    assert drawn == [kind.__name__ for kind in Problem.__subclasses__() if kind.__module__ == errors.__name__]


def test_all_reasons_are_told_at_once():
    with pytest.raises(BadValue) as caught:
        refuse(["one is wrong", "two is wrong"], "echo", "Try again.")
    assert caught.value.message == "echo: one is wrong; two is wrong."
    assert caught.value.fix == "Try again."


def test_no_reason_is_no_refusal():
    refuse([], "echo")
