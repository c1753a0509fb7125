"""A recorded step in stages, and the JavaScript of each: a loop, a linear map, or a word on whole arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast import alphabet
from holdfast.core.cell import CONSTANT
from holdfast.core.ops import Word
from holdfast.engine.readings.record import Node, Recording, Unsupported

OPERANDS = "abcdef"


@dataclass
class Stage:
    """``kind`` is ``loop`` (words that act component by component, all with the same ``axes``), ``map`` (all gates of
    one linear map) or ``whole`` (one word on whole arrays)."""

    kind: str
    axes: tuple[str, ...] = ()
    nodes: list[Node] = field(default_factory=list[Node])


def stages_of(recording: Recording) -> list[Stage]:
    """The stages in the order of computation. A word joins the first loop over its axes that comes after everything
    that it reads from other stages."""
    stages: list[Stage] = []
    place: dict[Node, int] = {}
    for node in recording.nodes:
        if node.source is not None:
            if node.place == 0:
                stages.append(Stage("map"))
            stages[-1].nodes.append(node)
            place[node] = len(stages) - 1
            continue
        if alphabet.get(node.word).axes is not None:
            stages.append(Stage("whole", node.axes))
        here = _loop_for(node, stages, place)
        if here is None:
            stages.append(Stage("loop", node.axes))
            here = len(stages) - 1
        stages[here].nodes.append(node)
        place[node] = here
    return stages


def _loop_for(node: Node, stages: list[Stage], place: dict[Node, int]) -> int | None:
    if alphabet.get(node.word).axes is not None:
        return len(stages) - 1
    first = max((place[o] + (o.axes != node.axes) for o in node.operands if o in place), default=0)
    return next(
        (n for n in range(first, len(stages)) if stages[n].kind == "loop" and stages[n].axes == node.axes), None
    )


class Slots:
    """The places of the values of one step: the input, the states before, the results of the nodes."""

    def __init__(self, recording: Recording) -> None:
        values = [recording.inputs, *recording.before, *recording.nodes]
        self._places = {node: n for n, node in enumerate(values)}
        self.axes = [node.axes for node in values]
        self.distinct = list(dict.fromkeys(self.axes))
        self.whole = {
            self.of(node): [self.of(o) for o in node.operands]
            for node in recording.nodes
            if node.source is None and alphabet.get(node.word).axes is not None
        }
        self.map_number: dict[Node, int] = {}
        self.maps: list[dict[str, object]] = []
        for node in recording.nodes:
            if node.source is not None:
                self._add(recording, node)

    def _add(self, recording: Recording, node: Node) -> None:
        m = next(m for m in recording.cell.maps if m.source == node.word)
        if node.place == 0:
            self.maps.append(
                {
                    "name": m.source,
                    "gates": list(m.gates),
                    "bias": m.bias,
                    "diagonal": m.diagonal,
                    "per_head": m.per_head,
                    "source": -1 if m.source == CONSTANT or node.source is None else self.of(node.source),
                    "slots": [],
                }
            )
        self.map_number[node] = len(self.maps) - 1
        slots = self.maps[-1]["slots"]
        assert isinstance(slots, list)
        slots.append(self.of(node))

    def of(self, node: Node) -> int:
        """The place of this value."""
        return self._places[node]

    def size(self, axes: tuple[str, ...]) -> str:
        """How many numbers a value of these axes has, with all rows."""
        return f"n[{self.distinct.index(axes)}]"


def forward(recording: Recording, slots: Slots, stages: list[Stage], kept: set[Node]) -> str:
    """The body of ``forward``. ``kept``: values that the gradient reads; those read by other stages, gates, states and
    the output are stored too."""
    stored = kept | {*recording.after, *recording.gates, recording.output}
    for stage in stages:
        inside = set(stage.nodes)
        stored |= {o for node in stage.nodes for o in node.operands if o not in inside}
        stored |= {node.source for node in stage.nodes if node.source is not None}
    lines: list[str] = []
    for stage in stages:
        if stage.kind == "map":
            lines.append(f"  map({slots.map_number[stage.nodes[0]]});")
        elif stage.kind == "whole":
            lines += _whole_forward(stage.nodes[0], slots)
        else:
            lines += _Loop(stage, slots).forward(stored)
    return "".join(f"{line}\n" for line in lines)


def backward(recording: Recording, slots: Slots, stages: list[Stage]) -> tuple[str, set[Node]]:
    """The body of ``backward``, and the values that it reads."""
    lines: list[str] = []
    kept: set[Node] = set()
    seeds = {*recording.after, recording.output}
    users: defaultdict[Node, set[int]] = defaultdict(set)
    for n, stage in enumerate(stages):
        for node in stage.nodes:
            for operand in node.operands:
                users[operand].add(n)
    for n, stage in reversed(list(enumerate(stages))):
        if stage.kind == "map":
            lines.append(f"  back({slots.map_number[stage.nodes[0]]});")
        elif stage.kind == "whole":
            lines += _whole_backward(stage.nodes[0], slots)
        else:
            outside = {node for node in stage.nodes if node in seeds or users[node] - {n} or _is_source(node, stages)}
            lines += _Loop(stage, slots).backward(outside, kept)
    return "".join(f"{line}\n" for line in lines), kept


def _is_source(node: Node, stages: list[Stage]) -> bool:
    return any(other.source is node for stage in stages if stage.kind == "map" for other in stage.nodes)


def _whole_forward(node: Node, slots: Slots) -> list[str]:
    word, names = alphabet.get(node.word), OPERANDS[: len(node.operands)]
    head = f"  {{ const out = values[{slots.of(node)}], {_read(node, slots)};"
    return [head, *_text(word.javascript.format(*names)), "  }"]


def _whole_backward(node: Node, slots: Slots) -> list[str]:
    word, names = alphabet.get(node.word), OPERANDS[: len(node.operands)]
    here, lines = slots.of(node), list[str]()
    for operand, template in zip(node.operands, cotangents(word, len(node.operands)), strict=True):
        head = f"  {{ const dy = cotangents[{here}], y = values[{here}], to = cotangents[{slots.of(operand)}];"
        lines += [head, f"    const {_read(node, slots)};"]
        lines += [*_text(template.format(*names, d="dy", y="y", to="to")), "  }"]
    return lines


def _read(node: Node, slots: Slots) -> str:
    """The operands of a word on whole arrays, and their shapes, as constants."""
    operands = (f"{name} = values[{slots.of(o)}]" for name, o in zip(OPERANDS, node.operands, strict=False))
    return f"{', '.join(operands)}, sizes = shapes[{slots.of(node)}]"


def cotangents(word: Word, operands: int) -> tuple[str, ...]:
    """One JavaScript template for every operand of the word. Raises ``Unsupported`` where its file has none."""
    templates = word.javascript_gradient or word.gradient
    if templates is None:
        raise Unsupported(f"the word {word.name} has no gradient in JavaScript")
    return templates * operands if word.arity is None else templates


def _text(text: str) -> Iterator[str]:
    return (f"    {line}" for line in text.strip().splitlines())


class _Loop:
    """One loop over the components of values with the same axes."""

    def __init__(self, stage: Stage, slots: Slots) -> None:
        self.stage, self.slots = stage, slots
        self.inside = set(stage.nodes)
        self.head: dict[str, str] = {}
        """Constants before the loop, by name."""
        self.read: dict[Node, str] = {}
        """Values that the loop reads from the array, and how."""

    def forward(self, stored: set[Node]) -> list[str]:
        body: list[str] = []
        for node in self.stage.nodes:
            word = alphabet.get(node.word)
            operands = [f"x{self.slots.of(o)}" if o in self.inside else self._load(o) for o in node.operands]
            here = self.slots.of(node)
            body.append(f"const x{here} = {word.filled(word.javascript, operands)};")
            if node in stored:
                body.append(f"V[{self._offset(node)}] = x{here};")
        return self._written([*self.read.values(), *body])

    def backward(self, outside: set[Node], kept: set[Node]) -> list[str]:
        """``outside``: nodes that get a cotangent from other stages. Values that are read are added to ``kept``."""
        body: list[str] = []
        reached: defaultdict[Node, list[str]] = defaultdict(list)
        for node in reversed(self.stage.nodes):
            here, terms = self.slots.of(node), reached[node]
            if node in outside:
                terms.append(f"D[{self._offset(node, cotangent=True)}]")
            if not terms:
                continue
            name = terms[0]
            if len(terms) > 1 or node in outside:
                name = f"d{here}"
                body.append(f"const {name} = {' + '.join(terms)};")
            word = alphabet.get(node.word)
            values = [_Read(self, operand, kept) for operand in node.operands]
            templates = cotangents(word, len(node.operands))
            for place, (operand, template) in enumerate(zip(node.operands, templates, strict=True)):
                factor = template.format(*values, d=name, y=_Read(self, node, kept))
                if factor != name:
                    body.append(f"const p{here}_{place} = {factor};")
                    factor = f"p{here}_{place}"
                reached[operand].append(factor)
        for operand, terms in reached.items():
            if operand not in self.inside and terms:
                body.append(f"D[{self._offset(operand, cotangent=True)}] += {' + '.join(terms)};")
        return self._written([*self.read.values(), *body])

    def _load(self, node: Node) -> str:
        name = f"x{self.slots.of(node)}"
        self.read[node] = f"const {name} = V[{self._offset(node)}];"
        return name

    def value(self, node: Node, kept: set[Node]) -> str:
        """The value of a node in the gradient."""
        kept.add(node)
        return self._load(node)

    def _offset(self, node: Node, cotangent: bool = False) -> str:
        """The index of the current component, repeated along the last axes where the value has fewer."""
        slot = self.slots.of(node)
        name = f"{'c' if cotangent else 'a'}{slot}"
        self.head[name] = f"o[{slot}]" if cotangent else f"b + o[{slot}]"
        if node.axes == self.stage.axes:
            return f"{name} + i"
        ratio = f"r{self.slots.distinct.index(node.axes)}"
        self.head[ratio] = f"{self.slots.size(self.stage.axes)} / {self.slots.size(node.axes)}"
        return f"{name} + ((i / {ratio}) | 0)"

    def _written(self, body: list[str]) -> list[str]:
        head = ", ".join(f"{name} = {value}" for name, value in self.head.items())
        size = self.slots.size(self.stage.axes)
        return [
            f"  {{ const {head};",
            f"  for (let i = 0; i < {size}; i++) {{",
            *(f"    {line}" for line in body),
            "  } }",
        ]


@dataclass(frozen=True)
class _Read:
    """A value that is read only where a template formats it."""

    loop: _Loop
    node: Node
    kept: set[Node]

    def __format__(self, spec: str) -> str:
        return self.loop.value(self.node, self.kept)
