"""Read bits, and tell whether the number of ones so far is odd.

The smallest task that needs a state which every input may change: one wrong step makes all later answers wrong.

Source: Minsky & Papert 1969; as a test of the states that a recurrent layer can track: Grazzi et al. 2024,
arXiv:2411.12537.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.tasks._automaton import FiniteAutomaton
from holdfast.tasks._automaton_task import AutomatonTask

ANSWERS = ("even", "odd")


@dataclass(frozen=True)
class Parity(AutomatonTask):
    """inputs one-hot [time, 2] over 0 and 1; targets one-hot [time, 2] over even and odd."""

    def _made(self):
        table = np.array([[0, 1], [1, 0]])
        return FiniteAutomaton(("0", "1"), ANSWERS, ANSWERS, table, np.arange(2), np.full((2, 2), 0.5))

    def _answers(self, word):
        return [ANSWERS[word[: end + 1].count("1") % 2] for end in range(len(word))]
