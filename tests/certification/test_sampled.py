"""The error on a few rows is what the network makes of them, and spares the search a cut that cannot help."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from holdfast.certification import search
from holdfast.certification.prove import prove
from holdfast.certification.sampled import sampled_error
from holdfast.certification.weights import weights_of
from holdfast.engine.unroll import unroll
from holdfast.tasks.recall import Recall
from tests.certification import latches
from tests.networks import random_network

TASK = Recall(steps=6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_is_the_error_on_rows_of_numbers_at_the_ends_of_their_ranges(cell, float64):
    network = random_network(cell, 1, 3, 1, layers=2)
    rows = np.array([[first, *[others] * 5] for first, others in itertools.product((-1.0, 1.0), repeat=2)])[..., None]
    outputs, _ = unroll(network, rows)
    wanted = float(np.abs(np.asarray(outputs)[:, -1, 0] - rows[:, 0, 0]).max())
    found = sampled_error(weights_of(network, every_unit=False), TASK.scenario(), TASK.lengths())
    assert found == pytest.approx(wanted, rel=1e-12)


def test_a_bound_close_to_it_is_not_cut(float64, monkeypatch):
    task, network = Recall(steps=50), latches.designed(1e-3, 50)
    pieces = []
    monkeypatch.setattr(search.Pieces, "cut_worst", lambda self, hope: pieces.append(hope) or False)
    error = prove(network, task).error
    assert not pieces
    monkeypatch.setattr(search, "sampled_error", lambda *_: 0.0)
    assert prove(network, task).error == error
    assert len(pieces) == 1
