"""Read elements of a finite group, and give their product.

Which layers can do this for every length depends on the group: parity is Z of order 2, S3 is not commutative but
solvable, A5 and S5 are not solvable, so that their word problem is complete for NC1.

Source: Barrington 1989, Journal of Computer and System Sciences 38(1); as a test of recurrent layers: Merrill, Petty &
Sabharwal 2024, arXiv:2404.08819.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from holdfast.core.task import axis
from holdfast.tasks._automaton import FiniteAutomaton
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks._groups_of_states import FiniteGroup, cyclic, permutations

PERMUTATIONS = {"S3": (3, False), "A5": (5, True), "S5": (5, False)}
LARGEST_MODULUS = 1000
"""Of a cyclic group, whose table has the square of its order."""


@dataclass(frozen=True)
class Group(AutomatonTask):
    """inputs one-hot [time, symbol] over the elements, or over some of them; targets one-hot [time, element].

    Exchanges of two things, and permutations that move at most three, are products of one and of two reflections, as
    in Grazzi et al. 2024, arXiv:2411.12537.
    """

    group: str = axis(
        "S3", "integers modulo --modulus (Z), permutations (S), even ones (A)", choices=("Z", "S3", "A5", "S5")
    )
    modulus: int = axis(5, "number of elements of Z", least=2)
    symbols: str = axis(
        "elements",
        "what is read; of permutations also those that exchange two, or move at most three",
        choices=("elements", "generators", "exchanges", "three"),
    )

    def _own_mistakes(self):
        if self.symbols == "exchanges" and self.group in ("Z", "A5"):
            return [f"--symbols exchanges: no element of {self.group} exchanges two things; give --group S3 or S5"]
        if self.symbols == "three" and self.group == "Z":
            return ["--symbols three: the elements of Z move no three things; give --group S3, A5 or S5"]
        if self.group != "Z" or self.modulus <= LARGEST_MODULUS:
            return []
        return [f"--modulus is {self.modulus}, expected at most {LARGEST_MODULUS}"]

    @property
    def unused(self) -> frozenset[str]:
        return frozenset() if self.group == "Z" else frozenset({"modulus"})

    def _group(self) -> FiniteGroup:
        return cyclic(self.modulus) if self.group == "Z" else permutations(*PERMUTATIONS[self.group])

    def _made(self):
        group = self._group()
        read = self._read(group)
        table = group.product[:, list(read)]
        names = tuple(group.names[element] for element in read)
        weights = np.full(table.shape, 1 / len(names))
        return FiniteAutomaton(names, group.names, group.names, table, np.arange(len(table)), weights)

    def _read(self, group: FiniteGroup) -> Sequence[int]:
        if self.symbols == "generators":
            return group.generators
        every = range(len(group.names))
        if self.symbols == "elements":
            return every
        moved = [sum(place != str(n + 1) for n, place in enumerate(name)) for name in group.names]
        return [n for n in every if moved[n] == 2 or (self.symbols == "three" and moved[n] <= 3)]

    def _answers(self, word):
        if self.group == "Z":
            return [str(sum(int(element) for element in word[: end + 1]) % self.modulus) for end in range(len(word))]
        made = list[str]()
        for step in word:
            made.append("".join(step[int(place) - 1] for place in made[-1]) if made else step)
        return made
