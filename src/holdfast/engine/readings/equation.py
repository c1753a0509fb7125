"""A recorded step as equations, in text or LaTeX: one line for every gate and state, each named by a letter."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast import alphabet
from holdfast.core.cell import CONSTANT, Cell, Map
from holdfast.core.ops import ATOM, PRODUCT, SUM, Word
from holdfast.engine.readings.record import Node, Recording, Unsupported, record

SYMBOLS = {"x": ("W", "b"), "h": ("U", "d"), "c": ("P", "e"), "k": ("V", "a"), CONSTANT: ("", "b")}
"""The letters of the matrix and bias of a map, by its source. A diagonal map has a vector, in lower case, in place of a
matrix."""
MORE_SYMBOLS = (("A", "c"), ("B", "f"), ("D", "g"), ("Q", "j"), ("S", "l"), ("M", "o"), ("N", "r"), ("R", "v"))
"""The letters of maps with other sources, in the order of the cell's maps. In a stack, maps that have the same name in
their own cells share letters; the letters of the gates distinguish them."""
LEVELS = {"": SUM, "product": PRODUCT, "atom": ATOM}


@dataclass(frozen=True)
class Piece:
    """A part of a formula with its precedence ``level``. ``biases`` come last in the sum that contains it."""

    main: str
    level: int
    biases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " + ".join([self.main, *self.biases] if self.main else self.biases)

    def __format__(self, needed: str) -> str:
        level = SUM if self.biases else self.level
        return str(self) if level >= LEVELS[needed] else f"({self})"


def equation(cell: Cell, latex: bool = False) -> list[str]:
    """The step of ``cell``, one line for every gate and state: ``["i = sigmoid(W_i x + ...)", ...]``.

    Raises ``Unsupported`` if the step cannot be recorded in the words of the alphabet.
    """
    step, written = record(cell), symbols(cell)
    letters = {name: _subscripted(letter) if latex else letter for name, letter in cell.letters.items()}
    before = [_subscripted(s) if latex else s for s in cell.states]
    labels = {**letters, **{s: f"{shown}'" for s, shown in zip(cell.states, before, strict=True)}}
    named = [*zip(cell.gates, step.gates, strict=True), *zip(cell.states, step.after, strict=True)]
    if step.output not in step.after:
        labels["read"] = output_name(cell)
        named.append(("read", step.output))
    given = {step.inputs: "x", **dict(zip(step.before, before, strict=True))}
    names = dict(given)
    for name, node in named:
        names.setdefault(node, labels[name])
    bodies: dict[Node, Piece] = {}
    for node in step.nodes:
        shown = {part: Piece(names[part], ATOM) if part in names else bodies[part] for part in _parts(node)}
        bodies[node] = _body(step, node, shown, latex, written, letters)
    lines = [f"{names[node]} = {bodies[node]}" for node in _in_order(named) if node not in given]
    return lines + [f"{labels[name]} = {names[node]}" for name, node in named if names[node] != labels[name]]


def output_name(cell: Cell) -> str:
    """The name of the output in the equation: h if the cell has no state, as in the literature."""
    step = record(cell)
    if step.output in step.after:
        return f"{cell.states[step.after.index(step.output)]}'"
    return "y" if "h" in cell.states else "h'"


def symbols(cell: Cell) -> dict[str, tuple[str, str]]:
    """The letters of the matrix and bias of each map of ``cell``, by its source. Raises ``Unsupported`` if there are
    more maps than letters."""
    taken = {*cell.states, *cell.letters.values()}
    free = iter(pair for pair in MORE_SYMBOLS if pair[0] not in taken)
    found = dict(SYMBOLS)
    try:
        for own in map(cell.own_name, (m.source for m in cell.maps)):
            found[own] = found.get(own) or next(free)
        return {m.source: found[cell.own_name(m.source)] for m in cell.maps}
    except StopIteration:
        raise Unsupported(f"it has more than {len(MORE_SYMBOLS)} maps, and there are no more letters") from None


def _subscripted(name: str) -> str:
    """A name that ends in a number, with the number as a LaTeX subscript: h_{2}."""
    base = name.rstrip("0123456789")
    return f"{base}_{{{name[len(base) :]}}}" if base != name else name


def _parts(node: Node) -> tuple[Node, ...]:
    return node.operands if node.source is None else (node.source,)


def _in_order(named: list[tuple[str, Node]]) -> list[Node]:
    """The named nodes in topological order."""
    ordered: dict[Node, None] = {}
    wanted = {node for _, node in named}

    def visit(node: Node) -> None:
        for part in _parts(node):
            visit(part)
        if node in wanted:
            ordered.setdefault(node)

    for _, node in named:
        visit(node)
    return list(ordered)


def _body(
    step: Recording,
    node: Node,
    shown: dict[Node, Piece],
    latex: bool,
    written: dict[str, tuple[str, str]],
    letters: dict[str, str],
) -> Piece:
    if node.source is not None:
        weights = next(m for m in step.cell.maps if m.source == node.word)
        letter = letters[weights.gates[node.place]]
        letter = f"{{{letter}}}" if latex and len(letter) > 1 else letter
        return _mapped(weights, letter, written[weights.source], shown[node.source], latex)
    word = alphabet.get(node.word)
    operands = [shown[operand] for operand in node.operands]
    template = word.latex if latex else word.text
    if word.arity is not None:
        return Piece(word.filled(template, operands), word.level)
    return _sum(word, template, operands)


def _sum(word: Word, template: str, operands: list[Piece]) -> Piece:
    """A sum with products before biases, in whatever order the step adds them."""
    main = word.filled(template, [operand.main for operand in operands if operand.main])
    return Piece(main, word.level, tuple(bias for operand in operands for bias in operand.biases))


def _mapped(weights: Map, letter: str, written: tuple[str, str], source: Piece, latex: bool) -> Piece:
    """One gate of a linear map: "W_i x" and its bias, or "p_i * c" where the map is diagonal."""
    matrix, bias = written
    biases = (f"{bias}_{letter}",) if weights.bias else ()
    if weights.source == CONSTANT:
        return Piece("", SUM, biases)
    if not weights.diagonal:
        return Piece(f"{matrix}_{letter} {source:atom}", ATOM, biases)
    word = alphabet.get("multiply")
    factors = [Piece(f"{matrix.lower()}_{letter}", ATOM), source]
    return Piece(word.filled(word.latex if latex else word.text, factors), PRODUCT, biases)
