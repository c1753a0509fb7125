"""A finite automaton whose words are drawn symbol by symbol, and what follows from its table alone.

The chance level, the memory demand and the scenario of a task are computed here from the table, exactly. A state may
allow only some symbols: those have a positive weight.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from holdfast.core import splits
from holdfast.core.arrays import Array
from holdfast.core.scenario import Class, Edge, Scenario, one_hot
from holdfast.core.task import Split

MOST_STATES = 2048
"""Larger tables are refused: pairs of states are compared."""
FREQUENT = 0.5
"""The largest probability of a single word: otherwise training or tests might consist of the others alone."""
STEADY = 1e-13
"""Probabilities of states that change less than this between two steps and the next two do not change any more."""


@dataclass(frozen=True, eq=False)
class FiniteAutomaton:
    """State 0 is the first. ``next`` [state, symbol]: the state after a symbol. ``answer`` [state]: the number of the
    answer, an entry of ``answers``, or -1 where none is asked for. ``weights`` [state, symbol]: the probability with
    which a symbol is drawn, 0 where it is not allowed; the default is uniform. States and symbols have names."""

    symbols: tuple[str, ...]
    states: tuple[str, ...]
    answers: tuple[str, ...]
    next: np.ndarray
    answer: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        shape = (len(self.states), len(self.symbols))
        assert self.next.shape == self.weights.shape == shape, "one entry for every state and symbol"
        assert self.answer.shape == shape[:1], "one answer for every state"
        assert len(set(self.states)) == len(self.states), "two states have one name"
        assert np.allclose(self.weights.sum(1), 1), "a state draws no symbol"

    @cached_property
    def allowed(self) -> np.ndarray:
        """Whether a symbol is drawn in a state, [state, symbol]."""
        return self.weights > 0

    @cached_property
    def _uniform(self) -> bool:
        return bool((self.weights == self.weights[0, 0]).all())

    def word(self, key: Array, steps: int, split: Split) -> tuple[Array, Array]:
        """The symbols [time] of a word of this split, and the state after each, [time]."""
        if self._uniform:
            read = splits.symbols(key, steps, len(self.symbols), split)
            return read, self._walk(steps, lambda state, step: read[step])[1]
        total = np.cumsum(self.weights, 1)
        last = len(self.symbols) - 1 - self.allowed[:, ::-1].argmax(1)
        total[np.arange(len(total)), last] = np.inf  # whatever rounding makes of the sum
        bounds = jnp.asarray(total, jnp.float32)

        def draw(key: Array) -> tuple[Array, Array]:
            numbers = jax.random.uniform(key, (steps,), jnp.float32)
            return self._walk(steps, lambda state, step: (numbers[step] >= bounds[state]).sum())

        return splits.dependent(key, draw, split)

    def _walk(self, steps: int, read: Callable[[Array, Array], Array]) -> tuple[Array, Array]:
        """The symbols that ``read(state, step)`` gives, and the state after each. One look-up a step: composing the
        maps of all states, as an associative scan would, costs as many look-ups as there are states."""
        table = jnp.asarray(self.next, jnp.int32)

        def step(t: Array, so_far: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            state, symbols, states = so_far
            symbol = read(state, t).astype(jnp.int32)
            state = table[state, symbol]
            return state, symbols.at[t].set(symbol), states.at[t].set(state)

        none = jnp.zeros(steps, jnp.int32)
        return lax.fori_loop(0, steps, step, (jnp.int32(0), none, none))[1:]

    def most_frequent(self, steps: int) -> float:
        """The probability of the most frequent word of this length, or a bound below ``FREQUENT``."""
        best = np.zeros(len(self.states))
        best[0] = 1.0
        for _ in range(min(steps, 10_000)):  # a word that goes on for so long is one that goes on for ever
            after = np.zeros_like(best)
            np.maximum.at(after, self.next, best[:, None] * self.weights)
            best = after
            if best.max() <= FREQUENT:
                break
        return float(best.max())

    def count(self, steps: int, most: int) -> int:
        """The number of words of this length, or ``most`` where there are more."""
        ways = {0: 1}
        for _ in range(min(steps, 10_000)):
            after: dict[int, int] = {}
            for state, number in ways.items():
                for symbol in np.flatnonzero(self.allowed[state]):
                    to = int(self.next[state, symbol])
                    after[to] = min(most, after.get(to, 0) + number)
            ways = after
            if sum(ways.values()) >= most:
                return most
        return sum(ways.values())

    def visits(self, steps: int, first: int) -> np.ndarray:
        """How often each state is expected before the steps ``first`` ... ``steps`` - 1, from 0; [state]."""
        total, now = np.zeros(len(self.states)), np.zeros(len(self.states))
        now[0] = 1.0
        before = two_before = np.full(len(self.states), np.inf)
        for step in range(steps):
            if np.abs(now - two_before).max() < STEADY:  # numbers and operators may take turns
                rest = np.arange(max(first, step), steps)
                as_now = int(((rest - step) % 2 == 0).sum())
                return total + as_now * now + (len(rest) - as_now) * before
            if step >= first:
                total += now
            two_before, before = before, now
            now = np.bincount(self.next.ravel(), (now[:, None] * self.weights).ravel(), len(self.states))
        return total

    def chance(self, steps: int, first: int) -> float:
        """The share of right answers, of those from step ``first`` on, of the best guess from the last symbol alone."""
        drawn = self.visits(steps, first)[:, None] * self.weights
        given = np.zeros((len(self.symbols), len(self.answers)))
        answer = self.answer[self.next]
        asked = answer >= 0
        symbol = np.broadcast_to(np.arange(len(self.symbols)), drawn.shape)
        np.add.at(given, (symbol[asked], answer[asked]), drawn[asked])
        return float(given.max(1).sum() / given.sum())

    def bits(self, steps: int, every: bool) -> list[float]:
        """log2 of the number of states that have to be told apart after each step, for the answers after it: to every
        step, or to the last alone.

        Two states are told apart by a word that both allow and that leads to two answers. Where all symbols are allowed
        in all states, that is an equivalence; otherwise states are put into groups greedily.
        """
        places = np.arange(len(self.states))
        none = np.zeros((len(places), len(places)), bool)
        apart, of_rest = _orbit(self._told_apart(none, True), steps, lambda known: self._told_apart(known, every))
        reached, of_step = _orbit(places == 0, steps, lambda now: np.isin(places, self.next[now][self.allowed[now]]))
        found: dict[tuple[int, int], float] = {}
        made = list[float]()
        for step in range(1, steps):
            pair = of_step[step], of_rest[steps - step - 1]
            if pair not in found:
                here = np.flatnonzero(reached[pair[0]])
                found[pair] = math.log2(_groups(apart[pair[1]][np.ix_(here, here)]))
            made.append(found[pair])
        return [*made, 0.0]

    def _told_apart(self, known: np.ndarray, asked: bool) -> np.ndarray:
        """Which pairs of states differ by a word that is one symbol longer than those of ``known``, [state, state]."""
        differ = known.copy()
        if asked:
            differ |= (self.answer[:, None] != self.answer) & (self.answer[:, None] >= 0) & (self.answer >= 0)
        found = np.zeros_like(known)
        for symbol in range(len(self.symbols)):
            here = np.flatnonzero(self.allowed[:, symbol])
            to = self.next[here, symbol]
            found[np.ix_(here, here)] |= differ[np.ix_(to, to)]
        return found

    def scenario(self, steps: int) -> Scenario:
        """The automaton itself: every allowed word is a path. A node is a state and the symbol by which it was entered,
        since a network may keep both: the sets of a proof are then those of one transition each."""
        edges, answers = list[Edge](), dict[str, Class]()
        waiting: list[tuple[str, int]] = [("start", 0)]
        known = {"start"}
        while waiting:
            node, state = waiting.pop(0)
            for symbol in np.flatnonzero(self.allowed[state]).tolist():
                target = int(self.next[state, symbol])
                name = f"{self.states[target]} by {self.symbols[symbol]}"
                edges.append(Edge(node, name, one_hot(len(self.symbols), symbol)))
                if name not in known:
                    known.add(name)
                    waiting.append((name, target))
                    if self.answer[target] >= 0:
                        answers[name] = Class(int(self.answer[target]))
        return Scenario("start", tuple(edges), answers, {}, steps)


def _orbit(
    first: np.ndarray, count: int, step: Callable[[np.ndarray], np.ndarray]
) -> tuple[list[np.ndarray], list[int]]:
    """``first``, ``step(first)``, ...: the different arrays, and for ``count`` of them which it is."""
    known: dict[bytes, int] = {}
    arrays, numbers = list[np.ndarray](), list[int]()
    now = first
    for _ in range(count):
        number = known.setdefault(now.tobytes(), len(arrays))
        if number < len(arrays):
            cycle = numbers[number:]
            return arrays, numbers + list(itertools.islice(itertools.cycle(cycle), count - len(numbers)))
        arrays.append(now)
        numbers.append(number)
        now = step(now)
    return arrays, numbers


def _groups(apart: np.ndarray) -> int:
    """Into how many groups these states are put such that none holds two that differ, [state, state]."""
    _, first = np.unique(apart, axis=0, return_index=True)  # states that differ from the same others go together
    distinct = apart[np.ix_(first, first)]
    groups: list[np.ndarray] = []
    for state in np.argsort(-distinct.sum(1), kind="stable"):
        fits = next((group for group in groups if not distinct[state] @ group), None)
        if fits is None:
            fits = np.zeros(len(distinct), bool)
            groups.append(fits)
        fits[state] = True
    return len(groups)
