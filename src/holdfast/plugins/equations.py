"""A parser of the equations that ``engine/readings/equation.py`` writes: it evaluates the text lines with NumPy.

``*`` multiplies elementwise, ``W_i x`` is a matrix times a vector, ``h'`` is the state after the step. A value with
fewer axes than another is repeated along the last axes. Lines may refer to each other in any order.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings.equation import equation, output_name, symbols
from holdfast.plugins.laws import expect


class Matrix:
    """A matrix in a formula. A product such as ``W_i x`` is parsed as ``**``, which binds tighter than ``*``.
    ``values`` is [source, column]; the product has the gate's ``shape``."""

    def __init__(self, values: np.ndarray, shape: tuple[int, ...]) -> None:
        self.values, self.shape = values, shape

    def __pow__(self, source: np.ndarray) -> np.ndarray:
        flat = np.asarray(source).reshape(len(source), -1)
        return (flat @ self.values).reshape(len(source), *self.shape).view(BroadcastArray)


class BroadcastArray(np.ndarray):
    """An array [batch, ...] that is repeated along its last axes if the other operand has more axes."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(one) for one in inputs]
        options.pop("out", None)  # in-place operators pass an array here
        if method == "__call__" and ufunc.signature is None:
            most = max(one.ndim for one in plain)
            plain = [one.reshape(*one.shape, *(1,) * (most - one.ndim)) if one.ndim else one for one in plain]
        found = getattr(ufunc, method)(*plain, **options)
        return found.view(BroadcastArray) if isinstance(found, np.ndarray) else found


WORDS: dict[str, Any] = {name: alphabet.get(name).reference for name in alphabet.FOLDER.names()}
WORDS |= {"max": np.maximum, "abs": np.abs, "__builtins__": {}}
"""The functions that a formula may call."""


def evaluate(
    cell: Cell,
    weights: dict[str, np.ndarray],
    shapes: dict[str, tuple[int, ...]],
    x: np.ndarray,
    state: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """The value of every left-hand side. There must be one line for each gate, each state and the output.

    ``weights`` are named as in the equation (``W_i``, ``b_i``); ``shapes`` has the shape of each gate by its letter.
    Raises ``LawViolation`` if lines are missing or unexpected, or refer to unknown names.
    """
    told = equation(cell)
    lines = dict(line.split(" = ") for line in told)
    expect(len(lines) == len(told), f"one name has two lines: {told}")
    wanted = {*cell.letters.values(), *(f"{label}'" for label in cell.states), output_name(cell)}
    expect(set(lines) == wanted, f"the equation has lines for {sorted(lines)}, expected {sorted(wanted)}")
    given = {"x": x} | {label: np.asarray(value).view(BroadcastArray) for label, value in state.items()}
    matrices = "".join(matrix for matrix, _ in symbols(cell).values())
    known = given | {
        name: _written(w, shapes[name.split("_")[1]], None if name[0] in matrices else len(x))
        for name, w in weights.items()
    }
    values: dict[str, Any] = {}
    while lines:
        ready = [name for name, text in lines.items() if _names(text) <= known.keys() | values.keys()]
        expect(bool(ready), f"these lines need each other or something unknown: {lines}")
        for name in ready:
            python = re.sub(rf"\b([{matrices}]_\w+) ", r"\1 ** ", lines.pop(name))
            scope = {_python(n): v for n, v in (known | values).items()}
            values[name] = eval(python.replace("'", "_after"), WORDS, scope)
    return {name: np.asarray(value) for name, value in values.items()}


def _written(values: np.ndarray, shape: tuple[int, ...], batch: int | None) -> Any:
    """A matrix if ``batch`` is None, otherwise a constant that is repeated for every row."""
    if batch is None:
        return Matrix(values, shape)
    return np.broadcast_to(values.reshape(shape), (batch, *shape)).view(BroadcastArray)


def _names(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]\w*'?", text)) - WORDS.keys()


def _python(name: str) -> str:
    return name.replace("'", "_after")
