"""Write a step and its gradient as C++ loops over rows and columns (``scan_program.py``), for ``scanned.cpp``.

Values are sorted into levels: a sum is known one level after what it adds. Within a level there is one loop over rows,
one over columns and one over the matrix, whose rows fill a register; its columns are the inner loop, so that sums over
columns stay in registers. What another loop reads is kept in scratch memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.engine.native.components import (
    CODES,
    COLUMN,
    COLUMNS,
    MATRIX,
    ONE,
    ROW,
    ROWS,
    Axes,
    StepValue,
    StepValues,
)
from holdfast.engine.native.scan_program import Scan

PLACES = {ONE: "one", ROW: "row", COLUMN: "column", MATRIX: "matrix"}
"""The arrays of scratch memory."""


@dataclass(frozen=True)
class StoredValue:
    """An array that a value is stored in, or added to."""

    array: str
    axes: Axes
    value: StepValue
    adds: bool = False


@dataclass
class _Loops:
    """The C++ lines of one function, level by level."""

    components: StepValues
    outputs: Sequence[StoredValue]
    slots: dict[StepValue, str] = field(default_factory=dict[StepValue, str])
    used: dict[Axes, int] = field(default_factory=lambda: dict.fromkeys((ROW, COLUMN, MATRIX), 0))
    partial: int = 0

    def lines(self) -> list[str]:
        stores = defaultdict[StepValue, list[StoredValue]](list)
        for output in self.outputs:
            stores[self.components.function("{0}", [output.value], axes=output.axes)].append(output)
        needed = self._needed(list(stores))
        self.level: dict[StepValue, int] = {}
        for value in needed:
            below = max((self.level[one] for one in value.operands), default=0)
            self.level[value] = below + 1 if value.over else below
        self.name = {value: f"v{number}" for number, value in enumerate(needed)}
        functions = [value for value in needed if value.template]
        sums = [value for value in needed if value.over]
        self._find_slots(needed)
        lines: list[str] = []
        for level in range(max(self.level.values()) + 1):
            for axes in (ONE, ROW, COLUMN, MATRIX):
                mine = [value for value in functions if self.level[value] == level and value.axes == axes]
                added = [value for value in sums if value.operands[0] in mine]
                if mine:
                    lines += self._loop(axes, mine, added, stores)
        return lines

    def _needed(self, ends: Sequence[StepValue]) -> list[StepValue]:
        reached = set(ends)
        for value in reversed(self.components.values):
            if value in reached:
                reached.update(value.operands)
        return [value for value in self.components.values if value in reached]

    def _home(self, value: StepValue) -> tuple[int, Axes]:
        """The loop in which a function is computed."""
        return self.level[value], value.axes

    def _find_slots(self, needed: Sequence[StepValue]) -> None:
        """Give scratch memory to all values that another loop reads."""
        for value in needed:
            if value.over:
                continue
            for one in value.operands:
                elsewhere = one.over or (one.template and self._home(one) != self._home(value))
                if elsewhere and one.axes and one not in self.slots:
                    self.slots[one] = f"{PLACES[one.axes]}[{self.used[one.axes]}]"
                    self.used[one.axes] += 1

    def _loop(
        self,
        axes: Axes,
        mine: Sequence[StepValue],
        added: Sequence[StepValue],
        stores: Mapping[StepValue, list[StoredValue]],
    ) -> list[str]:
        arrays: dict[str, str] = {}

        def pointer(array: str) -> str:
            name = f"{array.replace('[', '_').replace(']', '')}_at"
            return f"f.{array}" if axes == ONE else arrays.setdefault(array, name)

        outer: dict[StepValue, str] = {}  # what a loop over a matrix reads of each row
        inner: list[str] = []
        where = {ONE: "0", ROW: "at", COLUMN: "at", MATRIX: "at * columns + column * W"}[axes]
        for value in mine:
            names = [self._read(one, value, axes, pointer, outer, mine) for one in value.operands]
            inner.append(f"const V {self.name[value]} = {value.template.format(*names)};")
            targets = [(output.array, output.adds) for output in stores.get(value, ())]
            if value in self.slots:
                targets.append((self.slots[value], False))
            for array, adds in targets:
                to, name = f"{pointer(array)} + {where}", self.name[value]
                new = f"{name} + V::load({to})" if adds else name
                one = f"{pointer(array)}[0] {'+' if adds else ''}= {name}.part[0][0];"
                inner.append(one if axes == ONE else f"({new}).store({to});")
        before, after, rows_after = self._sums(axes, added, inner, pointer)
        return self._nested(axes, arrays, outer, inner, before, after, rows_after)

    def _sums(self, axes: Axes, added: Sequence[StepValue], inner: list[str], pointer: object) -> tuple[list[str], ...]:
        """The lines before and after the loop, and after each row, of sums over it."""
        before, after, rows_after = list[str](), list[str](), list[str]()
        assert callable(pointer)
        for value in added:
            name, term = self.name[value], self.name[value.operands[0]]
            if axes == MATRIX and value.over == COLUMNS:
                before.append(f"V {name}_sum{{}};")
                inner.append(f"{name}_sum = {name}_sum + {term};")
                rows_after.append(f"{name}_sum.store({pointer(self.slots[value])} + at);")
            elif axes == MATRIX:
                to = f"f.partial[{self.partial}] + column * W"
                self.partial += 1
                inner.append(f"const V {name}_term = masked({term}, here);")
                inner.append(f"(at == 0 ? {name}_term : {name}_term + V::load({to})).store({to});")
                after.append(f"totals<V>({to.split(' +')[0]}, f.columns, {pointer(self.slots[value])});")
            else:
                before.append(f"V {name}_sum{{}};")
                inner.append(f"{name}_sum = {name}_sum + masked({term}, here);")
                after.append(f"const V {name}(total({name}_sum));")
        return before, after, rows_after

    def _read(
        self,
        one: StepValue,
        value: StepValue,
        axes: Axes,
        pointer: object,
        outer: dict[StepValue, str],
        mine: Sequence[StepValue],
    ) -> str:
        """The C++ expression of an operand within a loop."""
        assert callable(pointer)
        if one in mine or (not one.axes and not one.leaf):
            return self.name[one]
        array = one.leaf or self.slots[one]
        at = pointer(array)
        if not one.axes:
            return f"V({at}[0])"
        if axes != MATRIX:
            return f"V::load({at} + at)"
        if one.axes == MATRIX:
            return f"V::load({at} + at * columns + column * W)"
        if one.axes == COLUMN:
            return f"V({at}[column])"
        outer[one] = f"const V {self.name[one]}_row = V::load({at} + at);"
        return f"{self.name[one]}_row"

    def _nested(
        self,
        axes: Axes,
        arrays: Mapping[str, str],
        outer: Mapping[StepValue, str],
        inner: Sequence[str],
        before: Sequence[str],
        after: Sequence[str],
        rows_after: Sequence[str],
    ) -> list[str]:
        lines = [f"T* const {name} = f.{array};" for array, name in arrays.items()]
        if axes == ONE:
            return [*lines, *inner] if not after else ["#error"]
        count = "f.padded_columns" if axes == COLUMN else "f.padded_rows"
        mask = f"const V here = V::load(f.{COLUMNS if axes == COLUMN else ROWS}_mask + at);"
        loop = f"for (Index at = 0; at < {count}; at += W) {{"
        masks = [mask] if any("here" in line for line in inner) else []
        if axes != MATRIX:
            body = [loop, *(f"  {line}" for line in (*masks, *inner)), "}"]
            ends, starts = [line for line in after if line.startswith("const V ")], before
            declared = [line.split("(")[0].replace("const ", "") + ";" for line in ends]
            set_later = [line.replace("const V ", "").replace("(", " = V(", 1).replace(";", ";") for line in ends]
            rest = [line for line in after if line not in ends]
            return [*declared, "{", *lines, *starts, *body, *set_later, *rest, "}"]
        body = [
            loop,
            *(f"  {line}" for line in (*masks, *outer.values(), *before)),
            "  for (Index column = 0; column < columns; ++column) {",
            *(f"    {line}" for line in inner),
            "  }",
            *(f"  {line}" for line in rows_after),
            "}",
        ]
        return ["{", "const Index columns = f.columns;", *lines, *body, *after, "}"]


def _codes(axes: Sequence[Axes]) -> str:
    return ", ".join(str(CODES[one]) for one in axes) or "0"


def text(scan: Scan) -> str:
    """The ``struct`` of a cell: the axes of its arrays, and three functions of a ``Frame``. ``forward`` computes the
    states after a step and what is emitted, ``advance`` the states alone; ``backward`` computes all cotangents."""
    step = StepValues(list(scan.components.values))
    after = [StoredValue(f"after[{n}]", a, v) for n, (a, v) in enumerate(zip(scan.state_axes, scan.after, strict=True))]
    emits = [
        StoredValue(f"emit[{n}]", a, v) for n, (a, v) in enumerate(zip(scan.emitted_axes, scan.emits, strict=True))
    ]
    forward = _Loops(StepValues(list(step.values)), [*after, *emits])
    advance = _Loops(StepValues(list(step.values)), after)
    backward = _Loops(step, _cotangents(scan, step))
    functions = [("forward", forward), ("advance", advance), ("backward", backward)]
    bodies = [(name, loops.lines()) for name, loops in functions]
    lines = [f"struct {scan.cell.name} {{", f"  // {scan.cell.title}"]
    for name, axes in (
        ("gate", scan.gate_axes),
        ("constant", scan.constant_axes),
        ("state", scan.state_axes),
        ("emit", scan.emitted_axes),
    ):
        lines.append(f"  static constexpr int {name}s = {len(axes)}, {name}_axes[] = {{{_codes(axes)}}};")
    for axes in (ROW, COLUMN, MATRIX):
        most = max(loops.used[axes] for _, loops in functions)
        lines.append(f"  static constexpr int {PLACES[axes]}_places = {most};")
    lines.append(f"  static constexpr int partials = {max(loops.partial for _, loops in functions)};")
    for name, body in bodies:
        lines += ["  template <class V, class F>", f"  static void {name}(const F& f) {{"]
        lines += ["    using T = typename V::Scalar;", "    constexpr Index W = V::size;"]
        lines += [*(f"    {line}" for line in body), "  }"]
    return "\n".join([*lines, "};"])


def _cotangents(scan: Scan, step: StepValues) -> list[StoredValue]:
    """What the backward pass stores: the cotangents of gates, constants and old states."""
    given: dict[StepValue, StepValue] = {}
    for kind, values, axes in (("after", scan.after, scan.state_axes), ("emit", scan.emits, scan.emitted_axes)):
        for place, (value, its) in enumerate(zip(values, axes, strict=True)):
            d = step.leaf(f"d_{kind}[{place}]", its)
            given[value] = step.function("{0} + {1}", [given[value], d]) if value in given else d
    found = step.gradient(given)
    leaves = {value.leaf: value for value in scan.components.values if value.leaf}
    outputs: list[StoredValue] = []
    for kind, axes in (("gate", scan.gate_axes), ("constant", scan.constant_axes), ("before", scan.state_axes)):
        for place, its in enumerate(axes):
            leaf = leaves.get(f"{kind}[{place}]")
            d = None if leaf is None else found.get(leaf)
            none = step.function("V{{}}", []) if d is None else d
            outputs.append(StoredValue(f"d_{kind}[{place}]", its, none, adds=kind == "constant"))
    return outputs
