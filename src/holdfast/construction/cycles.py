"""Words that lead a finite automaton round a cycle: what a state with monotone dynamics cannot follow for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from holdfast.tasks._automaton import FiniteAutomaton

Word = tuple[int, ...]
"""The numbers of symbols."""
MOST_WORDS = 1000
"""The number of different effects of words that are examined."""
LONGEST = 20_000
"""The number of repetitions of a symbol in which turns are counted."""


@dataclass(frozen=True)
class Cycle:
    """After ``prefix``, repetitions of ``word`` lead round ``length`` states, some of which ``ending`` tells apart."""

    prefix: Word
    word: Word
    ending: Word
    length: int

    def repeated(self, times: int) -> list[int]:
        return [*self.prefix, *self.word * times, *self.ending]


def cycle(automaton: FiniteAutomaton, period: int = 1) -> Cycle | None:
    """A cycle whose answers do not repeat after ``period`` repetitions of its word; None if none is found.

    The search is complete if words have at most ``MOST_WORDS`` different effects. Otherwise None proves nothing.
    """
    reached = _reached(automaton)
    for effect, word in _effects(automaton):
        eventual = effect
        for _ in range(len(effect).bit_length()):
            eventual = eventual[eventual]
        after = np.arange(len(effect))
        for _ in range(period):
            after = effect[after]
        for state in np.unique(eventual[sorted(reached)]).tolist():
            ending = _told_apart(automaton, state, int(after[state])) if after[state] != state else None
            if ending is not None:
                return Cycle(reached[state], word, ending, _length(effect, state))
    return None


def turns(automaton: FiniteAutomaton, steps: int | None) -> tuple[int, Cycle | None]:
    """How often the right answer changes between two answers while one symbol is read for ``steps`` steps (None:
    without end), counted for at most ``LONGEST`` steps; and the symbol, the one with the most changes."""
    most, found = 0, None
    for symbol in range(len(automaton.symbols)):
        answers = _answers(automaton, symbol, LONGEST if steps is None else min(steps, LONGEST))
        last = answers[answers >= 0][::-1]
        pair = np.isin(answers, [last[:1], last[last != last[0]][:1]] if len(set(last)) > 1 else [])
        count = int(np.count_nonzero(np.diff(answers[pair])))
        if count > most:
            most, found = count, Cycle((), (symbol,), (), 2)
    return most, found


def _answers(automaton: FiniteAutomaton, symbol: int, steps: int) -> np.ndarray:
    """The answers after one, two, ... repetitions of a symbol, up to the last that is allowed."""
    orbit, place = [0], {0: 0}
    while automaton.allowed[orbit[-1], symbol]:
        state = int(automaton.next[orbit[-1], symbol])
        if state in place:
            states = np.concatenate([orbit[1:], np.resize(orbit[place[state] :], steps)])
            return automaton.answer[states.astype(int)][:steps]
        place[state] = len(orbit)
        orbit.append(state)
    return automaton.answer[np.array(orbit[1:], int)][:steps]


def _reached(automaton: FiniteAutomaton) -> dict[int, Word]:
    """Every state that is reached, with a shortest word that leads there."""
    found, waiting = {0: Word()}, deque([0])
    while waiting:
        state = waiting.popleft()
        for symbol in np.flatnonzero(automaton.allowed[state]).tolist():
            target = int(automaton.next[state, symbol])
            if target not in found:
                found[target] = (*found[state], symbol)
                waiting.append(target)
    return found


def _effects(automaton: FiniteAutomaton) -> Iterator[tuple[np.ndarray, Word]]:
    """The different effects of words, shortest first: the state after the word for each state before it. The state
    that is one past the last is that of words that are not allowed."""
    outside = len(automaton.states)
    one = np.vstack([np.where(automaton.allowed, automaton.next, outside), np.full(len(automaton.symbols), outside)])
    known, waiting = set[bytes](), deque([(np.arange(outside + 1), Word())])
    while waiting:
        before, word = waiting.popleft()
        for symbol in range(len(automaton.symbols)):
            effect = one[before, symbol]
            if len(known) < MOST_WORDS and effect.tobytes() not in known:
                known.add(effect.tobytes())
                yield effect, (*word, symbol)
                waiting.append((effect, (*word, symbol)))


def _told_apart(automaton: FiniteAutomaton, one: int, other: int) -> Word | None:
    """A shortest word, allowed in both states, after which the answers differ; None if there is none."""
    known, waiting = {(one, other)}, deque([(one, other, Word())])
    while waiting:
        a, b, word = waiting.popleft()
        if automaton.answer[a] != automaton.answer[b] and min(automaton.answer[[a, b]]) >= 0:
            return word
        for symbol in np.flatnonzero(automaton.allowed[a] & automaton.allowed[b]).tolist():
            pair = int(automaton.next[a, symbol]), int(automaton.next[b, symbol])
            if pair[0] != pair[1] and pair not in known:
                known.add(pair)
                waiting.append((*pair, (*word, symbol)))
    return None


def _length(effect: np.ndarray, state: int) -> int:
    after, steps = int(effect[state]), 1
    while after != state:
        after, steps = int(effect[after]), steps + 1
    return steps
