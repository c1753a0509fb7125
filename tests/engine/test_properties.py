"""Which word made a gate or a state, and what follows from it: read off every cell's recorded step."""

from __future__ import annotations

import pytest

from holdfast import alphabet, cells
from holdfast.engine.readings.properties import limits_of, made_by, openings


def test_the_gates_and_states_of_an_lstm_and_of_a_plain_network():
    assert made_by(cells.get("lstm")) == {
        "input": "sigmoid",
        "forget": "sigmoid",
        "candidate": "tanh",
        "output": "sigmoid",
        "h": "multiply",
        "c": "add",
    }
    assert made_by(cells.get("elman")) == {"candidate": "tanh", "h": "tanh"}


def test_what_is_bounded_on_both_sides_has_limits():
    assert limits_of(cells.get("irnn")) == {}  # relu has no largest value
    assert limits_of(cells.get("gru")) == {"reset": (0, 1), "update": (0, 1), "candidate": (-1, 1)}
    assert openings(cells.get("lstm")) == ("input", "forget", "output")


@pytest.mark.parametrize("cell", cells.FOLDER.names())
def test_every_cell_is_read(cell):
    kind = cells.get(cell)
    found = made_by(kind)
    assert set(found) == {*kind.gates, *kind.states}
    assert set(found.values()) <= {*alphabet.FOLDER.names(), "linear", "before", "input"}
