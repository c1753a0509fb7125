"""Write every cell's step and its gradient as C++. ``python -m holdfast.engine.native.generate CELLS GATED`` writes two
headers: the cells that ``program.record`` accepts, those that ``program.record_gated`` accepts, and those that
``scan_program.record_scan`` accepts, with a list of the last.

It runs when the package is built, and uses only the standard library. A cell is a ``struct`` with two functions on
vectors of units. ``forward`` maps the outputs of the linear maps (w of x, u of h) and the states before the step to the
states after it, and to the values that the gradient needs (``saved``). ``backward`` maps the cotangents of the states
after the step to those of w and u (``dz``), and to the part of the cotangents of the states before the step that does
not pass through a linear map.

The columns of dz are ordered as follows: first the columns of the map of x alone, then the columns that both maps share
(if a gate only reads the sum of w and u, their cotangents are equal), then the columns of the map of h alone. The
columns of each map are therefore contiguous, in the order of ``x_gates`` and ``h_gates``, and no column is computed or
stored twice.
"""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from holdfast import alphabet, cells
from holdfast.core.cell import Cell
from holdfast.engine.native import scan_writer
from holdfast.engine.native.program import Node, Program, Unsupported, record, record_gated
from holdfast.engine.native.scan_program import Scan, record_scan


@dataclass(frozen=True)
class Columns:
    """Indices of the gates, in the order of the columns of dz: of x alone, shared as pairs (x, h), of h alone."""

    x_only: tuple[int, ...]
    shared: tuple[tuple[int, int], ...]
    h_only: tuple[int, ...]

    @property
    def x_gates(self) -> list[int]:
        return [*self.x_only, *(x for x, _ in self.shared)]

    @property
    def h_gates(self) -> list[int]:
        return [*(h for _, h in self.shared), *self.h_only]


class Writer:
    """Writes the ``struct`` of one cell."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.columns = _columns(program)
        self.cotangents = self._cotangents()
        self.saved: list[Node] = []
        self.state_slots: dict[int, int] = {}
        self.reads_after = False
        self.backward = self._backward()
        for place in sorted(self.state_slots):
            self.state_slots[place] = len(self.saved) + sorted(self.state_slots).index(place)

    def text(self) -> str:
        cell, columns = self.program.cell, self.columns
        slots = [self.state_slots.get(place, -1) for place in range(len(cell.states))]
        saved = len(self.saved) + len(self.state_slots)
        total = len(columns.x_only) + len(columns.shared) + len(columns.h_only)
        return "\n".join(
            [
                f"struct {cell.name} {{",
                f"  // {cell.title}",
                f"  static constexpr int states = {len(cell.states)}, saved = {saved};",
                f"  static constexpr int state_slots[] = {{{_list(slots)}}};",
                f"  static constexpr int columns = {total}, h_first = {len(columns.x_only)};",
                f"  static constexpr int x_count = {len(columns.x_gates)}, h_count = {len(columns.h_gates)};",
                f"  static constexpr int x_gates[] = {{{_list(columns.x_gates)}}};",
                f"  static constexpr int h_gates[] = {{{_list(columns.h_gates or [-1])}}};",
                f"  static constexpr bool reads_after = {str(self.reads_after).lower()};",
                "  template <class V>",
                "  static INLINE void forward(const V* w, const V* u, const V* before, V* after, V* saved) {",
                *(f"    {line}" for line in self._forward()),
                "  }",
                "  template <class V>",
                "  static INLINE void backward(const V* saved, const V* before, V after, const V* d_after, V* dz,",
                "                              V* d_before) {",
                *(f"    {line}" for line in self.backward),
                "  }",
                "};",
            ]
        )

    def _forward(self) -> list[str]:
        name = {node: f"before[{node.place}]" for node in self.program.before}
        name |= {node: self._given(node) or f"v{index}" for index, node in enumerate(self.program.nodes)}
        lines = [
            f"const V {name[node]} = {_computed(node, [name[o] for o in node.operands])};"
            for node in self.program.nodes
            if node.operands
        ]
        lines += [f"after[{place}] = {name[node]};" for place, node in enumerate(self.program.after)]
        lines += [f"saved[{slot}] = {name[node]};" for slot, node in enumerate(self.saved)]
        return lines

    def _given(self, node: Node) -> str | None:
        if node.word == "x":
            return f"w[{self.columns.x_gates.index(node.place)}]"
        if node.word == "h":
            return f"u[{self.columns.h_gates.index(node.place)}]"
        return None

    def value(self, node: Node) -> str:
        """The C++ expression for this value in the gradient. The value is marked as saved unless it is available."""
        if node in self.program.before:
            if node.place > 0:
                self.state_slots.setdefault(node.place, -1)
            return f"before[{node.place}]"
        if node is self.program.after[0]:
            self.reads_after = True
            return "after"
        if node not in self.saved:
            self.saved.append(node)
        return f"saved[{self.saved.index(node)}]"

    def _cotangents(self) -> dict[Node, str]:
        return {node: f"d{index}" for index, node in enumerate(self.program.nodes)}

    def _backward(self) -> list[str]:
        lines: list[str] = []
        reached: defaultdict[Node, list[str]] = defaultdict(list)
        for place, node in enumerate(self.program.after):
            reached[node].append(f"d_after[{place}]")
        for node in reversed(self.program.nodes):
            terms = reached[node]
            if not terms or not node.operands:
                continue
            name = terms[0]
            if len(terms) > 1:
                name = self.cotangents[node]
                lines.append(f"const V {name} = {' + '.join(terms)};")
            lines += self._hand_down(node, name, reached)
        width = len(self.columns.x_only)
        for source, gates, first in (("x", self.columns.x_gates, 0), ("h", self.columns.h_gates, width)):
            outputs = self.program.gates_of(source)
            for column, gate in enumerate(gates):
                if source == "x" or column >= len(self.columns.shared):
                    lines.append(f"dz[{first + column}] = {' + '.join(reached[outputs[gate]]) or 'V{}'};")
        for place, node in enumerate(self.program.before):
            lines.append(f"d_before[{place}] = {' + '.join(reached[node]) or 'V{}'};")
        return lines

    def _hand_down(self, node: Node, d: str, reached: defaultdict[Node, list[str]]) -> list[str]:
        """The C++ lines that pass the cotangent ``d`` of ``node`` on to its operands."""
        index = self.program.nodes.index(node)
        lines: list[str] = []
        for number, (operand, factor) in enumerate(zip(node.operands, self._factors(node, d), strict=True)):
            if factor == d:
                reached[operand].append(d)
                continue
            name = f"p{index}_{number}"
            lines.append(f"const V {name} = {factor};")
            reached[operand].append(name)
        return lines

    def _factors(self, node: Node, d: str) -> list[str]:
        word = alphabet.get(node.word)
        assert word.gradient is not None
        templates = word.gradient * len(node.operands) if word.arity is None else word.gradient
        operands = [Read(self, operand) for operand in node.operands]
        return [template.format(*operands, d=d, y=Read(self, node)) for template in templates]


@dataclass(frozen=True)
class Read:
    """A value that counts as needed by the gradient only when a template formats it."""

    writer: Writer
    node: Node

    def __str__(self) -> str:
        return self.writer.value(self.node)

    def __format__(self, spec: str) -> str:
        return str(self)


def _computed(node: Node, operands: list[str]) -> str:
    word = alphabet.get(node.word)
    assert word.cpp is not None
    return word.filled(word.cpp, operands)


def _columns(program: Program) -> Columns:
    x, h = program.gates_of("x"), program.gates_of("h")
    users: defaultdict[Node, list[Node]] = defaultdict(list)
    for node in program.nodes:
        for operand in node.operands:
            users[operand].append(node)

    def only_added(node: Node) -> Node | None:
        used = users[node]
        return used[0] if len(used) == 1 and used[0].word == "add" else None

    pairs = [(a.place, b.place) for a in x for b in h if only_added(a) is not None and only_added(a) is only_added(b)]
    x_only = tuple(a.place for a in x if a.place not in {p for p, _ in pairs})
    h_only = tuple(b.place for b in h if b.place not in {p for _, p in pairs})
    return Columns(x_only, tuple(pairs), h_only)


def _list(numbers: list[int]) -> str:
    return ", ".join(str(n) for n in numbers)


def written(program: Program | Scan) -> str:
    """The ``struct`` of a cell."""
    return Writer(program).text() if isinstance(program, Program) else scan_writer.text(program)


def digest(program: Program | Scan) -> str:
    """A digest of the step. The library and the cell's file must agree on it; it changes when the step changes."""
    maps = "".join(f"{m.source}:{','.join(m.gates)}:{m.bias};" for m in program.cell.maps)
    return hashlib.sha256((maps + written(program)).encode()).hexdigest()[:16]


def header(recorded: Callable[[Cell], Program | Scan], name: str) -> str:
    """The header with all cells that ``recorded`` accepts, and a macro of this name that lists them."""
    texts: list[str] = []
    entries: list[str] = []
    for file in sorted(Path(cells.__file__).parent.glob("[!_]*.py")):
        cell = cells.get(file.stem)
        try:
            program = recorded(cell)
            texts.append(written(program))
            entries.append(f'X({cell.name}, "{digest(program)}")')
        except Unsupported as why:
            texts.append(f"// {cell.name} is not here: {why}.")
    listed = " ".join(entries)
    return "\n\n".join(
        ["// Written by generate.py from the cells' own files.", *texts, f"#define {name}(X) {listed}", ""]
    )


def write(path: Path, text: str) -> None:
    """Write a header if its text has changed. An unchanged file does not trigger recompilation."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), header(record, "HOLDFAST_CELLS"))
    write(Path(sys.argv[2]), header(record_gated, "HOLDFAST_GATED"))
    scanned = header(record_scan, "HOLDFAST_SCANNED")
    write(Path(sys.argv[3]), scanned)
    write(Path(sys.argv[4]), scanned[scanned.rindex("#define ") :])
