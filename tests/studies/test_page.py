"""The bound that a page invites to break: proved where that goes, else claimed, and of no other task."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast import tasks
from holdfast.construction.evaluation.construction import construct
from holdfast.studies.page import band

TASK = tasks.get("recall")(steps=20, tolerance=1e-3)


@pytest.fixture(scope="module")
def made():
    told = construct(TASK, "lstm", units=3, steps=20, tolerance=1e-3)
    return told.construction, told.origin()


def test_what_was_constructed_is_proved_for_the_page(made):
    construction, origin = made
    found = band(construction.network, TASK, origin)
    assert found is not None
    assert 0 < found.error <= construction.claim.error
    assert (found.steps, found.least_steps, found.range) == (20, 1, (-1.0, 1.0))
    assert found.by == "proved for all of them in IEEE float32 arithmetic"


def test_without_time_for_a_proof_it_is_a_claim_and_says_so(made):
    construction, origin = made
    found = band(construction.network, TASK, origin, seconds=1e-9)
    assert found is not None
    assert found.error == construction.claim.error
    assert found.by == "claimed by its construction, not proved here"


def test_a_claim_says_nothing_of_another_task(made):
    construction, origin = made
    assert band(construction.network, replace(TASK, range=(-9.0, 9.0)), origin, seconds=1e-9) is None
    assert band(construction.network, tasks.get("adding")(steps=20), origin) is None


def test_a_network_that_was_not_constructed_has_no_bound(made):
    construction, _ = made
    assert band(construction.network, TASK, {}) is None
    assert band(construction.network, TASK, {"settings": {"task": {"name": "recall"}}}) is None
