"""Which word made a gate: read off every cell's own step."""

from __future__ import annotations

import pytest

from holdfast import cells
from holdfast.core.ops import WORDS
from holdfast.engine.network import create
from holdfast.explain.squashes import Last, squashes


def test_the_reading_has_every_word():
    assert all(hasattr(Last, word) for word in WORDS)


def test_the_gates_of_an_lstm_and_the_state_of_a_plain_network():
    gates, states = squashes(create("lstm", 1, 2, 1))
    assert gates == {"input": "sigmoid", "forget": "sigmoid", "candidate": "tanh", "output": "sigmoid"}
    assert states == {"h": "multiply", "c": "add"}
    assert squashes(create("elman", 1, 2, 1))[1] == {"h": "tanh"}


@pytest.mark.parametrize("cell", cells.FOLDER.names())
def test_every_cell_is_read(cell):
    gates, states = squashes(create(cell, 1, 2, 1))
    assert set(gates) == set(cells.get(cell).gates)
    assert set(gates.values()) | set(states.values()) <= set(WORDS) | {"state"}
