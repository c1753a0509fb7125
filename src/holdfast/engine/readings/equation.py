"""The alphabet read as an equation: the same step that computes also prints itself, as text and as LaTeX.

A step builds a graph of terms. Terms that the cell names (its gates and states) become lines of their own and
appear by their letter elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.core.cell import Cell, Map

TEXT = {"tanh": "tanh", "sigmoid": "sigmoid", "relu": "relu", "multiply": " * "}
LATEX = {
    "tanh": r"\tanh",
    "sigmoid": r"\sigma",
    "relu": r"\mathrm{relu}",
    "multiply": r" \odot ",
}
SYMBOLS = {"x": ("W", "b"), "h": ("U", "d"), "c": ("P", "e"), "k": ("V", "a")}
"""By what a map reads: its matrix and its bias. Of a map that is diagonal the matrix is a vector, written small."""
SUM, PRODUCT, ATOM = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Term:
    """A word with its operands. Two terms are the same only if they are one object."""

    word: str
    operands: tuple[Term, ...] = ()
    name: str = ""


class Equation:
    """Words on terms."""

    def __init__(self, letters: Mapping[str, str]) -> None:
        self.letters = letters

    def linear(self, weights: Map, source: Term) -> Mapping[str, Term]:
        matrix, bias = SYMBOLS[weights.source]
        lines = {}
        for gate in weights.gates:
            letter = self.letters[gate]
            if weights.diagonal:
                product = Term("multiply", (Term("leaf", name=f"{matrix.lower()}_{letter}"), source))
            else:
                product = Term("apply", (Term("leaf", name=f"{matrix}_{letter}"), source))
            shift = (Term("leaf", name=f"{bias}_{letter}"),) if weights.bias else ()
            lines[gate] = Term("add", (product, *shift)) if shift else product
        return lines

    def add(self, *terms: Term) -> Term:
        return Term("add", terms)

    def multiply(self, a: Term, b: Term) -> Term:
        return Term("multiply", (a, b))

    def mix(self, keep: Term, kept: Term, new: Term) -> Term:
        return Term("add", (self.multiply(keep, kept), self.multiply(Term("complement", (keep,)), new)))

    def sigmoid(self, a: Term) -> Term:
        return Term("sigmoid", (a,))

    def tanh(self, a: Term) -> Term:
        return Term("tanh", (a,))

    def relu(self, a: Term) -> Term:
        return Term("relu", (a,))

    def share(self, a: Term, b: Term) -> Term:
        one, other = self.sigmoid(a), self.sigmoid(b)
        return Term("divide", (one, Term("add", (one, other))))


def equation(cell: Cell, latex: bool = False) -> list[str]:
    """The step of ``cell``, one line for every gate and state: ``["i = sigmoid(W_i x + ...)", ...]``."""
    words = LATEX if latex else TEXT
    state = cell.state_type(*(Term("leaf", name=s) for s in cell.states))
    weights = {m.source: m for m in cell.maps}
    step = cell.step(Equation(cell.letters), weights, Term("leaf", name="x"), state)
    labels = {**cell.letters, **{s: s + "'" for s in cell.states}}
    named = [*zip(cell.gates, step.gates, strict=True), *zip(cell.states, step.state, strict=True)]
    if all(step.output is not after for after in step.state):
        # The output of a cell without a state is called h in the literature too.
        labels["read"] = "y" if "h" in cell.states else "h'"
        named.append(("read", step.output))
    names: dict[Term, str] = {}
    for name, term in named:
        names.setdefault(term, labels[name])
    lines = [f"{names[term]} = {_write(term, words, names, top=True)}" for term in _in_order(names)]
    return lines + [f"{labels[name]} = {names[term]}" for name, term in named if names[term] != labels[name]]


def _in_order(names: dict[Term, str]) -> list[Term]:
    """The named terms, each behind those that it is made of."""
    ordered: dict[Term, None] = {}

    def visit(term: Term) -> None:
        for operand in term.operands:
            visit(operand)
        if term in names:
            ordered.setdefault(term)

    for term in names:
        visit(term)
    return list(ordered)


def _terms(term: Term, names: Mapping[Term, str]) -> list[Term]:
    """A sum's terms, sums within it that have no name taken apart, products before biases."""

    def parts(operand: Term) -> list[Term]:
        return _terms(operand, names) if operand.word == "add" and operand not in names else [operand]

    flat = [part for operand in term.operands for part in parts(operand)]
    return sorted(flat, key=lambda t: t.word == "leaf")


def _write(term: Term, words: dict[str, str], names: dict[Term, str], level: int = SUM, top: bool = False) -> str:
    if not top and term in names:
        return names[term]

    def sub(operand: Term, level: int) -> str:
        return _write(operand, words, names, level)

    match term.word:
        case "leaf":
            return term.name
        case "apply":
            return f"{sub(term.operands[0], ATOM)} {sub(term.operands[1], ATOM)}"
        case "add":
            text = " + ".join(sub(operand, SUM) for operand in _terms(term, names))
            return text if level == SUM else f"({text})"
        case "multiply":
            text = words["multiply"].join(sub(operand, PRODUCT) for operand in term.operands)
            return text if level < ATOM else f"({text})"
        case "divide":
            return f"{sub(term.operands[0], ATOM)} / {sub(term.operands[1], ATOM)}"
        case "complement":
            return f"(1 - {sub(term.operands[0], PRODUCT)})"
        case function:
            return f"{words[function]}({sub(term.operands[0], SUM)})"
