"""Which word made a gate or a state: read off every cell's own step."""

from __future__ import annotations

import pytest

from holdfast import cells
from holdfast.core.ops import WORDS
from holdfast.engine.readings.squashed import squashed, squashed_states


def test_the_gates_of_an_lstm_and_the_state_of_a_plain_network():
    lstm = cells.get("lstm")
    assert squashed(lstm) == {"input": "sigmoid", "forget": "sigmoid", "candidate": "tanh", "output": "sigmoid"}
    assert squashed_states(lstm) == {"h": "multiply", "c": "add"}
    assert squashed_states(cells.get("elman")) == {"h": "tanh"}


@pytest.mark.parametrize("cell", cells.FOLDER.names())
def test_every_cell_is_read(cell):
    kind = cells.get(cell)
    gates, states = squashed(kind), squashed_states(kind)
    assert set(gates) == set(kind.gates)
    assert set(states) == set(kind.states)
    assert set(gates.values()) | set(states.values()) <= set(WORDS) | set(kind.states)
