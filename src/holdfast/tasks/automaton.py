"""Read symbols, and tell after each whether a finite automaton accepts the word so far.

The automaton is the smallest of a regular expression, or a table: one list of states for every state, the next one for
each symbol; state 0 is the first. With ``--accepting none`` the answer is the state itself. While a word may still
become an accepted one, a symbol after which it may not is drawn with the probability ``--stray``; otherwise all symbols
are equally probable.

Source: Tomita 1982, Proceedings of the Cognitive Science Society, for seven languages of this kind; the default is the
binary numbers that 3 divides, the highest digit first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.task import axis
from holdfast.tasks._automaton import MOST_STATES, FiniteAutomaton
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks._regular_expression import Language, language

ANSWERS = ("rejected", "accepted")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Automaton(AutomatonTask):
    """inputs one-hot [time, symbol]; targets one-hot over rejected and accepted, or over the states."""

    expression: str = axis("(0|1(01*0)*1)*", "regular expression of symbols, | * + ? ( ) . {n} {n,m}")
    alphabet: str | None = axis(None, "all symbols, where they are more than the expression has")
    table: tuple[tuple[str, ...], ...] | None = axis(None, "next states of every state, instead of an expression")
    accepting: tuple[int, ...] | None = axis(None, "accepting states of the table")
    stray: float = axis(0.1, "probability of a symbol after which a word cannot be accepted any more", least=0)

    @property
    def unused(self) -> frozenset[str]:
        return frozenset({"expression"} if self.table else {"table", "accepting"})

    def _own_mistakes(self):
        return [f"--stray is {self.stray:g}, expected less than 1"] if self.stray >= 1 else []

    @cached_property
    def _language(self) -> Language:
        return language(self.expression, self.alphabet)

    def _made(self):
        if self.table:
            symbols, table = _symbols(self.alphabet, self.table), _read(self.table)
            accepting = _accepting(self.accepting, len(table))
        else:
            symbols, table, accepting = self._language.symbols, self._language.next, self._language.accepting
        if len(table) > MOST_STATES:
            raise BadValue(f"the automaton has {len(table)} states, expected at most {MOST_STATES}.")
        states = tuple(f"q{number}" for number in range(len(table)))
        goal = np.ones(len(table), bool) if accepting is None else accepting
        answers, answer = (states, np.arange(len(table))) if accepting is None else (ANSWERS, accepting.astype(int))
        made = FiniteAutomaton(symbols, states, answers, table, answer, _weights(table, goal, self.stray))
        if len(said := set(answer[_reachable(made)].tolist())) == 1:
            raise BadValue(f"after every word the answer is {answers[said.pop()]}, so that there is nothing to learn.")
        return made

    def _answers(self, word):
        if not self.table:
            return [ANSWERS[accepted] for accepted in self._language.accepted(word)]
        symbols, states = _symbols(self.alphabet, self.table), ["0"]
        for symbol in word:
            states.append(self.table[int(states[-1])][symbols.index(symbol)])
        if self.accepting is None:
            return [f"q{int(state)}" for state in states[1:]]
        return [ANSWERS[int(state) in self.accepting] for state in states[1:]]


def _symbols(alphabet: str | None, table: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """One symbol for every column: a, b, ... by default."""
    kinds = len(table[0])
    symbols = tuple(dict.fromkeys(LETTERS[:kinds] if alphabet is None else alphabet))
    if len(symbols) != kinds:
        raise BadValue(
            f"the first state of --table has {kinds} next states, but there are {len(symbols)} symbols. Name as many "
            "with --alphabet."
        )
    return symbols


def _read(table: tuple[tuple[str, ...], ...]) -> np.ndarray:
    """The table as numbers. Raises ``BadValue`` for a partial automaton, and for a state that does not exist."""
    rows = list[list[int]]()
    for state, row in enumerate(table):
        if len(row) != len(table[0]):
            raise BadValue(
                f"--table is partial: state {state} has {len(row)} next states, state 0 has {len(table[0])}. Every "
                "state needs one for each symbol; a state that is never left can take the others."
            )
        for place, to in enumerate(row, 1):
            if not (to.isascii() and to.isdigit() and int(to) < len(table)):
                raise BadValue(
                    f"--table: next state {place} of state {state} is '{to}', expected a number from 0 to "
                    f"{len(table) - 1}. No automaton may be partial; a state that is never left can take the others."
                )
        rows.append([int(to) for to in row])
    return np.array(rows)


def _accepting(states: tuple[int, ...] | None, count: int) -> np.ndarray | None:
    if states is None:
        return None
    if wrong := [state for state in states if not 0 <= state < count]:
        raise BadValue(f"--accepting has the state {wrong[0]}, expected numbers from 0 to {count - 1}.")
    return np.isin(np.arange(count), states)


def _weights(table: np.ndarray, goal: np.ndarray, stray: float) -> np.ndarray:
    """The probability of every symbol in every state, [state, symbol]."""
    live = goal.copy()
    while (more := live | live[table].any(1)).sum() > live.sum():
        live = more
    lost = live[:, None] & ~live[table]
    mixed = lost.any(1, keepdims=True) & ~lost.all(1, keepdims=True)
    of_lost = stray / np.maximum(1, lost.sum(1, keepdims=True))
    of_others = (1 - stray) / np.maximum(1, (~lost).sum(1, keepdims=True))
    return np.where(mixed, np.where(lost, of_lost, of_others), 1 / table.shape[1])


def _reachable(made: FiniteAutomaton) -> np.ndarray:
    """The states after words of at least one symbol."""
    found = np.zeros(len(made.states), bool)
    found[made.next[0]] = True
    while (more := found | np.isin(np.arange(len(found)), made.next[found])).sum() > found.sum():
        found = more
    return found
