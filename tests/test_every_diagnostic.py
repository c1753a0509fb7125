"""Every diagnostic in the folder obeys every law of ``diagnostic_laws.py``, and every law catches the offender planted
for it. What is planted is a latch, which every diagnostic has something to say of; where one needs another case, it is
named here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax.numpy as jnp
import pytest

from holdfast.engine.network import create
from holdfast.explanation import diagnostics
from holdfast.explanation.explain import explain
from holdfast.explanation.subject import Subject, examine
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from tests import diagnostic_laws as laws
from tests.certification.latches import designed
from tests.explanation.test_capacity import shift_register
from tests.networks import ONE_OF_EVERY_KIND, random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")

TASK = Recall(steps=12)
PADDED = Echo(sequences=(("a", "b", "a", "b", "a", "b"), ("b", "a", "a")))
every_diagnostic = pytest.mark.parametrize("name", diagnostics.FOLDER.names())


@cache
def latch() -> Subject:
    return examine(designed(1e-2, 12, dtype="float32"), TASK, rows=8)


def fresh() -> Subject:
    return examine(latch().network, TASK, rows=8)


PLANTED: dict[str, Callable[[], Subject]] = {"capacity": lambda: shift_register(6)}


@every_diagnostic
def test_says_what_it_is(name):
    laws.says_what_it_is(diagnostics.get(name))


@every_diagnostic
def test_finds_what_was_planted(name):
    laws.finds_what_was_planted(diagnostics.get(name), PLANTED.get(name, latch)())


@pytest.mark.parametrize("cell", ["lstm", "elman"])
@every_diagnostic
def test_is_silent_on_nothing(name, cell):
    laws.is_silent_on_nothing(diagnostics.get(name), examine(create(cell, 1, 2, 1), TASK, rows=4))


@every_diagnostic
def test_changes_nothing_and_can_be_told(name):
    laws.changes_nothing(diagnostics.get(name), latch())
    laws.can_be_told(diagnostics.get(name).measure(latch()))


@pytest.mark.slow
@pytest.mark.parametrize("cell", ONE_OF_EVERY_KIND)
def test_works_for_every_kind_of_cell_stacked_and_padded(cell):
    network = random_network(cell, PADDED.inputs, 2, PADDED.outputs, layers=2, dtype=jnp.float32)
    found = explain(network, PADDED)
    assert set(found.findings) == set(diagnostics.FOLDER.names())
    for finding in found.findings.values():
        laws.can_be_told(finding)


@pytest.mark.slow
def test_works_in_double_precision(float64):
    for finding in explain(random_network("lstm", 1, 2, 1), Recall(steps=5), rows=4).findings.values():
        laws.can_be_told(finding)


@pytest.mark.parametrize(
    ("law", "offender", "words"),
    [
        (lambda made: laws.says_what_it_is(made), "asks_nothing", "is no question"),
        (lambda made: laws.is_silent_on_nothing(made, latch()), "talks_of_nothing", "of some size"),
        (lambda made: laws.finds_what_was_planted(made, latch()), "never_speaks", "says nothing"),
        (
            lambda made: laws.changes_nothing(made, examine(latch().network, TASK, rows=2)),
            "meddles",
            "states is changed",
        ),
        (lambda made: laws.can_be_told(made.measure(latch())), "draws_badly", "too short"),
    ],
)
def test_a_law_catches_the_diagnostic_that_breaks_it(law, offender, words, offenders):
    with pytest.raises(AssertionError, match=words):
        law(diagnostics.get(offender))


def test_the_law_of_figures_catches_a_nan(offenders):
    with pytest.raises(ValueError, match="not JSON compliant"):
        laws.can_be_told(diagnostics.get("gives_nan").measure(latch()))
