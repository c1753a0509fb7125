"""A reader of the equations that ``engine/readings/equation.py`` writes: text lines back into numbers, in NumPy.

``*`` multiplies component by component, ``W_i x`` is a matrix times a vector, ``h'`` is the state after the step.
Lines may refer to each other in any order.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings.equation import equation
from holdfast.plugins.laws import expect


class Matrix:
    """Written beside what it multiplies; ``**`` stands for that, since it binds tighter than ``*``."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __pow__(self, source: np.ndarray) -> np.ndarray:
        return source @ self.values


WORDS = {name: alphabet.get(name).reference for name in alphabet.FOLDER.names()} | {"__builtins__": {}}


def evaluate(cell: Cell, weights: dict[str, np.ndarray], x: Any, state: dict[str, Any]) -> dict[str, np.ndarray]:
    """Every left-hand side with its value; there has to be one for each gate, each state and the output h'.

    Raises ``Broken`` where the lines are others, or refer to what there is not.
    """
    told = equation(cell)
    lines = dict(line.split(" = ") for line in told)
    expect(len(lines) == len(told), f"one name has two lines: {told}")
    wanted = {*cell.letters.values(), *(f"{label}'" for label in cell.states), "h'"}
    expect(set(lines) == wanted, f"the equation has lines for {sorted(lines)}, expected {sorted(wanted)}")
    known = {n: Matrix(w) if n[0] in "WUPV" else w for n, w in weights.items()} | {"x": x} | state
    values: dict[str, np.ndarray] = {}
    while lines:
        ready = [name for name, text in lines.items() if _names(text) <= known.keys() | values.keys()]
        expect(bool(ready), f"these lines need each other or something unknown: {lines}")
        for name in ready:
            python = re.sub(r"\b([WUPV]_\w+) ", r"\1 ** ", lines.pop(name))
            scope = {_python(n): v for n, v in (known | values).items()}
            values[name] = eval(python.replace("'", "_after"), WORDS, scope)
    return values


def _names(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]\w*'?", text)) - WORDS.keys()


def _python(name: str) -> str:
    return name.replace("'", "_after")
