"""Read an expression of numbers, +, -, * and brackets, and give its value modulo a number.

Products come before sums, as usual. The answer is asked for after every number and every closing bracket: it is the
value, so far, of the innermost bracket that is open; after a closing bracket the value of the expression around it.
Without brackets the last value alone can be asked for.

Source: Delétang et al. 2022, arXiv:2207.02098 (modular arithmetic, simple and with brackets); there brackets enclose
every operation, are nested without a limit, and only the value of the whole is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.task import axis
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks._explored import explored

Level = tuple[int, int]
"""An expression so far, as (a, c): after an operator the value is a + c * what follows, after a number it is a + c."""
Reading = tuple[tuple[Level, ...], bool]
"""The expressions that are open, the innermost last, and whether a number or bracket has just ended."""


@dataclass(frozen=True)
class Modular(AutomatonTask):
    """inputs one-hot [time, symbol] over 0 ... modulus - 1, +, -, * and, with depth, ( and ); targets one-hot over the
    values."""

    modulus: int = axis(5, "values are taken modulo this", least=2)
    depth: int = axis(0, "brackets that are open at once, at most", least=0)

    def _own_mistakes(self):
        if self.scored == "last" and self.depth > 0:
            return ["--scored last needs --depth 0: with brackets, not every row ends with a value"]
        if self.scored == "last" and self.steps % 2 == 0:
            return [f"--steps is {self.steps}; an expression that ends with a number has an odd number of symbols"]
        return []

    def _made(self):
        n = self.modulus
        names = tuple(str(value) for value in range(n))
        signs = ("+", "-", "*", "(", ")") if self.depth else ("+", "-", "*")

        def step(reading: Reading, symbol: int) -> Reading | None:
            (*outer, (a, c)), ended = reading
            sign = "" if symbol < n else signs[symbol - n]
            if ended == (sign in ("", "(")):
                return None
            if sign == "(":
                return ((*outer, (a, c), (0, 1)), False) if len(outer) < self.depth else None
            if sign == ")":
                return ((*outer[:-1], (outer[-1][0], outer[-1][1] * (a + c) % n)), True) if outer else None
            after = {"": (a, c * symbol % n), "+": ((a + c) % n, 1), "-": ((a + c) % n, n - 1), "*": (a, c)}[sign]
            return (*outer, after), sign == ""

        def answer(reading: Reading) -> str | None:
            return names[sum(reading[0][-1]) % n] if reading[1] else None

        def name(reading: Reading) -> str:
            levels = " ( ".join(f"{a}+{c}" for a, c in reading[0])
            return levels if reading[1] else f"{levels}*"

        return explored((((0, 1),), False), (*names, *signs), step, answer, answers=names, name=name)

    def _answers(self, word):
        return [
            str(_value(word[: end + 1]) % self.modulus) if symbol.isdigit() or symbol == ")" else None
            for end, symbol in enumerate(word)
        ]


def _value(word: list[str]) -> int:
    """The value of the innermost expression that is open at the end of this word, by the arithmetic of Python."""
    depth, begin = 0, 0
    for place in range(len(word) - 1, -1, -1):
        depth += (word[place] == ")") - (word[place] == "(")
        if depth < 0:
            begin = place + 1
            break
    return eval("".join(word[begin:]), {"__builtins__": {}})
