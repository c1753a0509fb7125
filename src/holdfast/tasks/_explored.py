"""A finite automaton from its first state and its step, by visiting every state that can be reached."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.tasks._automaton import MOST_STATES, FiniteAutomaton

Node = TypeVar("Node", bound=Hashable)
DEAD = "rejected"
"""The state from which no word is accepted any more."""


def explored(
    start: Node,
    symbols: tuple[str, ...],
    step: Callable[[Node, int], Node | None],
    answer: Callable[[Node], str | None],
    *,
    answers: tuple[str, ...],
    name: Callable[[Node], str] = str,
    weights: Callable[[Node], Mapping[int, float]] | None = None,
) -> FiniteAutomaton:
    """The automaton of all states that ``step`` reaches from ``start``; it gives None for a symbol that is not allowed.

    ``answer`` gives one of ``answers``, or None where none is asked for; ``weights`` gives the probabilities of the
    symbols of a state, in place of equal ones. Raises ``BadValue`` for more than ``MOST_STATES`` states.
    """
    numbers: dict[Node, int] = {start: 0}
    rows = list[list[int]]()
    nodes = [start]
    for node in nodes:  # it grows
        row = list[int]()
        for symbol in range(len(symbols)):
            to = step(node, symbol)
            if to is None:
                row.append(-1)
                continue
            if to not in numbers:
                numbers[to] = len(nodes)
                nodes.append(to)
            row.append(numbers[to])
        rows.append(row)
        if len(nodes) > MOST_STATES:
            raise BadValue(f"the automaton has more than {MOST_STATES} states, all of which have to be compared.")
    table = np.array(rows)
    drawn = (table >= 0).astype(float)
    if weights is not None:
        drawn = np.array([[weights(node).get(symbol, 0.0) for symbol in range(len(symbols))] for node in nodes])
    return FiniteAutomaton(
        symbols,
        tuple(map(name, nodes)),
        answers,
        np.maximum(table, 0),
        np.array([-1 if (said := answer(node)) is None else answers.index(said) for node in nodes]),
        drawn / drawn.sum(1, keepdims=True),
    )


def with_errors(partial: FiniteAutomaton, stray: float, answer: str) -> FiniteAutomaton:
    """The automaton that allows every symbol everywhere: one that was not allowed leads to a state that is never left,
    with this answer, and such symbols are drawn with the total probability ``stray``, all equally."""
    dead = len(partial.states)
    kinds = len(partial.symbols)
    allowed = np.vstack([partial.allowed, np.ones((1, kinds), bool)])
    wrong = ~allowed
    several = wrong.any(1, keepdims=True)
    right = np.vstack([partial.weights, np.full((1, kinds), 1 / kinds)])
    weights = np.where(several, (1 - stray) * right, right) + stray * wrong / np.maximum(1, wrong.sum(1, keepdims=True))
    return FiniteAutomaton(
        partial.symbols,
        (*partial.states, DEAD),
        partial.answers,
        np.where(allowed, np.vstack([partial.next, np.full((1, kinds), dead)]), dead),
        np.append(partial.answer, partial.answers.index(answer)),
        weights,
    )
