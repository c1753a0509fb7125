"""The steps that the compiled library runs over all time steps in one kernel, although a state is a matrix, or the
output a linear map of states: those in which no linear map leads from one step to the next.

``record_scan`` divides a step into four parts. What depends on constants alone, and what depends on the input through
words without a kernel, is computed by JAX beforehand, for all steps. The kernel computes the states, and what is
``emitted`` in each step. What reads that, such as a linear map of the states, is computed by JAX afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from holdfast import alphabet
from holdfast.core.cell import CONSTANT, Cell
from holdfast.engine.native.components import COLUMN, MATRIX, ONE, ROW, Axes, StepValue, StepValues
from holdfast.engine.readings import record as recorded
from holdfast.engine.readings.record import Node, Recording, Unsupported

FIXED, GIVEN, MOVING, AFTER = range(4)
"""What a value depends on: constants alone; the input; the states; the states by an operation outside the kernel."""


@dataclass(frozen=True)
class Scan:
    """A step for the kernel. ``heads`` is whether a leading axis divides it into parts that do not read each other.

    Leaves are arrays ``gate`` (the outputs of the map of x, then ``extras``), ``constant``, ``before``.
    """

    cell: Cell
    step: Recording
    heads: bool
    axes: tuple[str, str | None]
    components: StepValues
    gate_axes: tuple[Axes, ...]
    state_axes: tuple[Axes, ...]
    extras: tuple[Node, ...]
    constants: tuple[Node, ...]
    constant_axes: tuple[Axes, ...]
    after: tuple[StepValue, ...]
    emitted: tuple[Node, ...]
    emitted_axes: tuple[Axes, ...]
    emits: tuple[StepValue, ...]


def record_scan(cell: Cell) -> Scan:
    """The step of ``cell``. Raises ``Unsupported`` if it does not have the form described in this module."""
    step = recorded.record(cell)
    if not cell.states:
        raise Unsupported("it has no state")
    if any(m.diagonal for m in cell.maps):
        raise Unsupported("it has a diagonal map")
    longest = max((node.axes for node in step.before), key=len)
    if not longest:
        raise Unsupported("its states have no axes")
    lead, rows, columns = longest[:-2], longest[-2:][0], longest[1:][-1:]
    if len(lead) > 1:
        raise Unsupported(f"its states have {len(longest)} axes")
    return _Division(step, lead, rows, columns[0] if columns else None).scan()


@dataclass
class _Division:
    """Divides the nodes of a step among the parts, and writes those of the kernel as components."""

    step: Recording
    lead: tuple[str, ...]
    rows: str
    columns: str | None
    components: StepValues = field(default_factory=StepValues)
    kind: dict[Node, int] = field(default_factory=dict[Node, int])
    inside: dict[Node, StepValue] = field(default_factory=dict[Node, StepValue])
    extras: list[Node] = field(default_factory=list[Node])
    constants: list[Node] = field(default_factory=list[Node])

    def scan(self) -> Scan:
        step, cell = self.step, self.step.cell
        x = next((m for m in cell.maps if m.source == "x"), None)
        if x is None:
            raise Unsupported("it has no map of x")
        self.first_extra = len(x.gates)
        gate_axes = [self.axes(cell.axes_of(gate)) for gate in x.gates]
        if MATRIX in gate_axes:
            raise Unsupported("a gate is a matrix")
        self.kind[step.inputs] = GIVEN
        for place, node in enumerate(step.before):
            self.kind[node] = MOVING
            self.inside[node] = self.components.leaf(f"before[{place}]", self.axes(node.axes))
        for node in step.nodes:
            self.kind[node] = self._place(node)
        for node in step.after:
            if self.kind[node] != MOVING or node not in self.inside:
                raise Unsupported("a new state is computed from a linear map of states")
        after = tuple(self.inside[node] for node in step.after)
        emitted = self._emitted()
        return Scan(
            cell,
            step,
            bool(self.lead),
            (self.rows, self.columns),
            self.components,
            (*gate_axes, *(self.axes(node.axes) for node in self.extras)),
            tuple(self.axes(node.axes) for node in step.before),
            tuple(self.extras),
            tuple(self.constants),
            tuple(self.axes(node.axes) for node in self.constants),
            after,
            emitted,
            tuple(self.axes(node.axes) for node in emitted),
            tuple(self.inside[node] for node in emitted),
        )

    def axes(self, names: tuple[str, ...]) -> Axes:
        """Rows and columns of a value with these axes."""
        known: dict[tuple[str | None, ...], Axes] = {
            (): ONE,
            (self.rows,): ROW,
            (self.columns,): COLUMN,
            (self.rows, self.columns): MATRIX,
        }
        rest = names[len(self.lead) :]
        if names[: len(self.lead)] != self.lead or rest not in known:
            raise Unsupported(f"it has a value with the axes {names}")
        return known[rest]

    def _place(self, node: Node) -> int:
        """What a node depends on; where the kernel computes it, it is put there."""
        if node.source is not None:
            if node.word == CONSTANT:
                return FIXED
            if node.source is self.step.inputs:
                self.inside[node] = self.components.leaf(f"gate[{node.place}]", self.axes(node.axes))
                return GIVEN
            return GIVEN if self.kind[node.source] <= GIVEN else AFTER
        kind = max(self.kind[operand] for operand in node.operands)
        word = alphabet.get(node.word)
        has_kernel = word.kernel is not None or (word.cpp is not None and word.gradient is not None)
        if kind == MOVING and not has_kernel:
            return AFTER
        if kind in (GIVEN, MOVING) and has_kernel and not (kind == GIVEN and self._is_outside(node.operands)):
            self.inside[node] = self.components.word(word, *map(self._operand, node.operands))
        return kind

    def _is_outside(self, operands: Sequence[Node]) -> bool:
        """Whether one of the operands was computed from the input by JAX, so that it may compute the result too."""
        return any(self.kind[one] == GIVEN and one not in self.inside for one in operands)

    def _operand(self, node: Node) -> StepValue:
        if node not in self.inside:
            if self.kind[node] == FIXED:
                self.inside[node] = self.components.leaf(f"constant[{len(self.constants)}]", self.axes(node.axes))
                self.constants.append(node)
            else:
                place = self.first_extra + len(self.extras)
                self.inside[node] = self.components.leaf(f"gate[{place}]", self.axes(node.axes))
                self.extras.append(node)
        return self.inside[node]

    def _emitted(self) -> tuple[Node, ...]:
        """The values of the kernel that are read outside."""
        outside = [node for node in self.step.nodes if self.kind[node] == AFTER]
        read = [part for node in outside for part in ((node.source,) if node.source is not None else node.operands)]
        found = [node for node in dict.fromkeys([*read, self.step.output]) if self.kind[node] == MOVING]
        if not found:
            raise Unsupported("its output does not read its states")
        return tuple(found)
