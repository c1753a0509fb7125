"""The laws that every diagnostic obeys: it finds what was planted for it, is silent where there is nothing, changes
nothing of what it looks at, and gives figures that any program can read.

Each is a function of a diagnostic and raises ``AssertionError`` where it is broken; ``test_every_diagnostic.py``
applies each to every file of the folder, and to a planted offender that it has to catch.
"""

from __future__ import annotations

import json
import math
from typing import Any

import jax
import numpy as np

from holdfast.core.results import Heatmap, LinePlot, Part, Table, Text
from holdfast.explanation.diagnostics import Diagnostic
from holdfast.explanation.finding import Finding
from holdfast.explanation.subject import Subject


def says_what_it_is(diagnostic: Diagnostic) -> None:
    """A question as its first sentence; formula, source and caveat in words."""
    assert diagnostic.title.endswith("?"), f"'{diagnostic.title}' is no question"
    for word in ("formula", "source", "caveat"):
        told = getattr(diagnostic, word)
        assert isinstance(told, str), f"{word} is no text"
        assert told.strip(), f"{word} is empty"


def finds_what_was_planted(diagnostic: Diagnostic, planted: Subject) -> None:
    found = diagnostic.measure(planted)
    assert found.sentence, "it says nothing of what was planted for it"
    assert found.parts, "it draws nothing of what was planted for it"


def is_silent_on_nothing(diagnostic: Diagnostic, empty: Subject) -> None:
    """A network of zeros holds nothing, keeps nothing and answers 0."""
    found = diagnostic.measure(empty)
    assert not found.sentence, f"of a network of zeros it says: {found.sentence}"


def changes_nothing(diagnostic: Diagnostic, subject: Subject) -> None:
    """Network, rows, trace and what is shared by all diagnostics have the same bits before and after."""
    before = _bits(subject)
    diagnostic.measure(subject)
    for name, (kept, now) in {n: (before[n], b) for n, b in _bits(subject).items()}.items():
        assert kept == now, f"{name} is changed"


def _bits(subject: Subject) -> dict[str, list[bytes]]:
    shared: dict[str, Any] = {
        "the network": subject.network,
        "the rows": subject.batch,
        "the trace": tuple(subject.traced),
        "the states": subject.states,
        "the states before": subject.before,
        "the gates": subject.gates,
        "the inputs": subject.inputs,
        "the outputs": subject.outputs,
        "what is scored": subject.scored,
        "what is present": subject.present,
    }
    jacobians = subject.jacobians
    shared["the Jacobians"] = [jacobians.state]
    return {name: [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(part)] for name, part in shared.items()}


def can_be_told(found: Finding) -> None:
    """Figures are JSON without NaN, by names in lower case; parts are results; the sentence is one line that ends."""
    json.dumps(dict(found.figures), allow_nan=False)
    for name in found.figures:
        words, _, state = name.partition("_by_")  # a state may be a capital letter
        lower = words == words.lower() and (len(state) == 1 or state == state.lower())
        assert lower, f"the figure '{name}' is not in lower case"
        assert " " not in name, f"the figure '{name}' has a space"
    assert "\n" not in found.sentence, "the sentence is more than one line"
    assert not found.sentence or found.sentence.endswith("."), f"the sentence does not end: {found.sentence}"
    assert "nan" not in found.sentence.lower().split(), f"a NaN is told as a number: {found.sentence}"
    for part in found.parts:
        _can_be_drawn(part)


def _can_be_drawn(part: Part) -> None:
    match part:
        case Table():
            assert all(len(row) == len(part.heads) for row in part.rows), f"{part.title}: a row is too short or long"
            assert all(isinstance(cell, str) for row in part.rows for cell in row), f"{part.title}: a cell is no text"
        case Text():
            assert part.text, f"{part.title}: no text"
        case LinePlot():
            for line in part.lines:
                assert len(line.x) == len(line.y), f"{part.title}: {line.name} has {len(line.y)} values"
                numbers = [v for v in (*line.x, *line.y, *line.low, *line.high) if v is not None]
                assert all(map(math.isfinite, numbers)), f"{part.title}: {line.name} has numbers that are not finite"
        case Heatmap():
            assert len(part.values) == len(part.rows), f"{part.title}: {len(part.values)} rows of values"
            assert all(len(row) == len(part.columns) for row in part.values), (
                f"{part.title}: a row is too short or long"
            )
            numbers = [v for row in part.values for v in row if v is not None]
            assert all(map(math.isfinite, numbers)), f"{part.title} has numbers that are not finite"
