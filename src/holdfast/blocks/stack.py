"""Several cells in one step, each reading the output of the cell below it.

    r1 = first(x),   r2 = second(r1),   ...,   y = the output of the last

What belongs to the first cell keeps its name. A state, gate, letter or map of the second ends in 2, of the third in 3,
and so on: stack(lstm,gru) has the states h, c and h2, and its gates are those of the LSTM, then reset2, update2 and
candidate2. Its memory, and the gates that keep and write it, are those of the last cell that has a state.

Shapes: each cell's own; x of the first cell [..., input], of every other cell the output of the cell below it.
"""

from __future__ import annotations

from collections import Counter, namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from holdfast.blocks import merged
from holdfast.core.cell import CONSTANT, VECTOR, Cell, Part, Step
from holdfast.core.errors import BadValue
from holdfast.core.ops import Reading, Value

source = "Graves, Mohamed & Hinton 2013, arXiv:1303.5778, section 2"


def joined(name: str, cells: Sequence[Cell], outputs: Sequence[tuple[str, ...]]) -> Cell:
    """The cell called ``name`` whose step runs these, the lowest first; ``outputs`` has the axes of each one's output.

    Raises ``BadValue`` where there is only one, where two of them end up with one name, or where a cell that adds what
    it reads to its units stands above one whose output is no vector over units.
    """
    if len(cells) < 2:
        raise BadValue(f"{name} is a stack of one cell, expected two or more.", "As in stack(lstm,gru).")
    below, parts = 0, list[Part]()
    for cell in cells:
        parts.append(Part(cell, _names(cell, below)))
        below += len(cell.innermost)
    _refuse(name, parts, outputs)
    holding = next((part for part in reversed(parts) if part.cell.states), parts[-1])
    states: Any = namedtuple("State", [part.names[s] for part in parts for s in part.cell.states])
    gates: Any = namedtuple("Gates", [part.names[g] for part in parts for g in part.cell.gates])
    own = holding.names
    return Cell(
        name=name,
        title=f"Cells in one step, each reading the output of the one below it: {', '.join(c.name for c in cells)}.",
        source="; ".join(dict.fromkeys((source, *(cell.source for cell in cells)))),
        maps=merged(m for part in parts for m in _maps(part)),
        letters={part.names[g]: part.names[letter] for part in parts for g, letter in part.cell.letters.items()},
        keep=own.get(holding.cell.keep, ""),
        write=own.get(holding.cell.write, ""),
        states=states._fields,
        gates=gates._fields,
        state_type=states,
        step=_step(parts, states, gates),
        axes=_axes(parts, outputs),
        sizes={axis: size for part in parts for axis, size in part.cell.sizes.items()},
        keeps=own.get(holding.cell.memory, ""),
        parts=tuple(parts),
    )


def _names(cell: Cell, below: int) -> dict[str, str]:
    """What everything of a cell is called in a stack where it stands above so many others."""
    known = {"x", *cell.states, *cell.gates, *(m.source for m in cell.maps), *cell.axes, *cell.letters.values()}
    return {name: name if name == CONSTANT or not below else _numbered(name, below) for name in sorted(known)}


def _numbered(name: str, below: int) -> str:
    """
    >>> _numbered("h", 1), _numbered("h2", 1)
    ('h2', 'h3')
    """
    base = name.rstrip("0123456789")
    return f"{base}{int(name[len(base) :] or 1) + below}"


def _refuse(name: str, parts: Sequence[Part], outputs: Sequence[tuple[str, ...]]) -> None:
    count = Counter(here for part in parts for own, here in part.names.items() if own != CONSTANT)
    if twice := sorted(here for here, n in count.items() if n > 1):
        raise BadValue(f"two cells of {name} both name {', '.join(twice)}.", "Rename these in one of their files.")
    sizes: dict[str, Any] = {}
    for part in parts:
        for axis, size in part.cell.sizes.items():
            if sizes.setdefault(axis, size) != size:
                raise BadValue(
                    f"two cells of {name} have an axis {axis}, of different sizes.", "Rename it in one file."
                )
    for below, shown, part in zip(parts, outputs, parts[1:], strict=False):
        if part.cell.reads_units and shown != VECTOR:
            raise BadValue(
                f"{name}: {part.cell.name} adds what it reads to its units, and the output of {below.cell.name} has "
                f"the axes ({', '.join(shown)}).",
                f"Put {below.cell.name} into a block that gives one number for each unit: prenorm({below.cell.name}).",
            )


def _maps(part: Part) -> list[Any]:
    names = part.names
    return [replace(m, source=names[m.source], gates=tuple(names[gate] for gate in m.gates)) for m in part.cell.maps]


def _axes(parts: Sequence[Part], outputs: Sequence[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found = {part.names[name]: axes for part in parts for name, axes in part.cell.axes.items()}
    return found | {part.names["x"]: below for part, below in zip(parts[1:], outputs, strict=False)}


@dataclass(frozen=True)
class _Inside:
    """The reading that a cell of the stack computes with: its maps give their gates under the cell's own names.
    ``whole`` has the stack's map by the identity of the cell's."""

    ops: Reading
    own: Mapping[str, str]
    whole: Mapping[int, Any]

    def linear(self, weights: Any, source: Value) -> Mapping[str, Value]:
        found = self.ops.linear(self.whole[id(weights)], source)
        return {self.own[gate]: value for gate, value in found.items() if gate in self.own}

    def __getattr__(self, name: str) -> Callable[..., Value]:
        return getattr(self.ops, name)


def _step(parts: Sequence[Part], states: Any, gates: Any) -> Any:
    own = [{part.names[gate]: gate for gate in part.cell.gates} for part in parts]

    def step(ops: Reading, weights: Mapping[str, Any], x: Value, state: Any) -> Step:
        after, opened = list[Value](), list[Value]()
        for part, gates_of in zip(parts, own, strict=True):
            cell, names = part.cell, part.names
            before = cell.state_type(*(getattr(state, names[s]) for s in cell.states))
            maps = {m.source: weights[names[m.source]] for m in cell.maps}
            seen = {s: m.under(gates_of) if hasattr(m, "under") else m for s, m in maps.items()}  # of a step in JAX
            whole = {id(seen[s]): m for s, m in maps.items()}
            found = cell.step(_Inside(ops, gates_of, whole), seen, x, before)
            x = found.output
            after += found.state
            opened += found.gates
        return Step(x, states(*after), gates(*opened))

    return step
