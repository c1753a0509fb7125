"""Regular expressions as automata, in the notation on which textbooks and Python's ``re`` agree.

Symbols are letters and digits. ``ab`` is a, then b; ``a|b`` one of both; ``a*``, ``a+``, ``a?`` any number, at least
one, at most one; ``a{2}``, ``a{2,}``, ``a{2,3}`` so many; ``.`` any symbol; brackets group. The library automata-lib
makes the automaton and minimises it.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.core.errors import BadValue

COUNT = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
REPEATS = "*+?{"
TOKEN = re.compile(COUNT.pattern + "|.", re.DOTALL)
KNOWN = re.compile(COUNT.pattern + r"|[A-Za-z0-9|*+?().]")
LONGEST = 1000
"""Symbols of an expression whose counted repetitions are written out: each has a state of its own at first."""
MOST_SETS = 20_000
"""Sets of states that an automaton is in at once. There may be exponentially many: ``(a|b)*a(a|b){20}`` has 2^21."""


@dataclass(frozen=True, eq=False)
class Language:
    """The words that an expression describes. ``next`` [state, symbol] and ``accepting`` [state] are the smallest
    automaton, state 0 the first; it is whole, so that every word has its path."""

    symbols: tuple[str, ...]
    next: np.ndarray
    accepting: np.ndarray
    _nondeterministic: Any

    def accepted(self, word: list[str]) -> list[bool]:
        """Whether each beginning of this word, of 1, 2, ... symbols, is described, by the sets of states of the
        automaton before it was made deterministic and minimised."""
        from automata.base.exceptions import RejectionException

        made, found = self._nondeterministic, list[bool]()
        try:
            for states in made.read_input_stepwise("".join(word)):
                found.append(bool(states & made.final_states))
        except RejectionException:
            pass  # of the whole word, after all its steps
        return found[1:] + [False] * (len(word) + 1 - len(found))


def language(expression: str, alphabet: str | None) -> Language:
    """The language of an expression over the symbols of ``alphabet``, by default those that occur in it, in
    alphabetical order. Raises ``BadValue`` with what is wrong with the expression."""
    _refuse_unreadable(expression)
    used = sorted(set(re.findall("[A-Za-z0-9]", COUNT.sub("", expression))))
    symbols = tuple(used if alphabet is None else dict.fromkeys(alphabet))
    if unknown := [symbol for symbol in used if symbol not in symbols]:
        raise BadValue(f"--expression has the symbol {unknown[0]}, which is not in --alphabet {alphabet}.")
    if not all(symbol.isascii() and symbol.isalnum() for symbol in symbols):
        raise BadValue(f"--alphabet is '{alphabet}', expected letters and digits.")
    if not symbols:
        raise BadValue(f"--expression is '{expression}', which has no symbol.")
    from automata.base.exceptions import AutomatonException
    from automata.fa.nfa import NFA

    try:
        made = NFA.from_regex(expression, input_symbols=set(symbols))
    except AutomatonException as error:
        raise BadValue(f"--expression is '{expression}', which cannot be read: {error}") from error
    return Language(symbols, *_whole(symbols, _deterministic(made).minify()), made)


def _deterministic(made: Any) -> Any:
    """The automaton whose states are the sets of states that ``made`` may be in. Raises ``BadValue`` for too many."""
    from automata.fa.dfa import DFA

    plain = made.eliminate_lambda()
    start = frozenset({plain.initial_state})
    numbers, transitions = {start: 0}, dict[int, dict[str, int]]()
    sets = [start]
    for here in sets:  # it grows
        after: dict[str, set[Any]] = {}
        for state in here:
            for symbol, to in plain.transitions.get(state, {}).items():
                after.setdefault(symbol, set()).update(to)
        for there in map(frozenset, after.values()):
            if there not in numbers:
                numbers[there] = len(sets)
                sets.append(there)
        if len(sets) > MOST_SETS:
            raise BadValue(f"--expression makes an automaton of more than {MOST_SETS:,} states.")
        transitions[numbers[here]] = {symbol: numbers[frozenset(to)] for symbol, to in after.items()}
    return DFA(
        states=set(transitions),
        input_symbols=plain.input_symbols,
        transitions=transitions,
        initial_state=0,
        final_states={numbers[one] for one in sets if one & plain.final_states},
        allow_partial=True,
    )


def _whole(symbols: tuple[str, ...], made: Any) -> tuple[np.ndarray, np.ndarray]:
    """The table and the accepting states, numbered in the order in which they are reached; where no word that is
    described goes on, a last state, which is never left."""
    order, rows = [made.initial_state], list[list[int | None]]()
    for state in order:  # it grows
        targets = [made.transitions[state].get(symbol) for symbol in symbols]
        order += [to for to in dict.fromkeys(targets) if to is not None and to not in order]
        rows.append([None if to is None else order.index(to) for to in targets])
    accepting = [state in made.final_states for state in order]
    if any(to is None for row in rows for to in row):
        dead = len(rows)
        rows = [[dead if to is None else to for to in row] for row in [*rows, [dead] * len(symbols)]]
        accepting.append(False)
    return np.array(rows), np.array(accepting)


def _refuse_unreadable(expression: str) -> None:
    """Raise ``BadValue`` for an expression that is empty, not well formed, or read differently elsewhere."""
    said = f"--expression is '{expression}'"
    if not expression:
        raise BadValue("--expression is empty, so that it describes the empty word alone. Write for example (ab|ba)*.")
    depth, before = 0, "("
    for found in TOKEN.finditer(expression):
        sign, place = found.group(), found.start() + 1
        if sign.isspace():
            raise BadValue(f"{said}; a blank at place {place} is no symbol. Leave it out.")
        if not KNOWN.match(sign):
            raise BadValue(f"{said}; expected letters, digits, | * + ? ( ) . {{n}} and {{n,m}}, not {sign!r}.")
        repeats = sign[0] in REPEATS
        if repeats and before[0] in REPEATS:
            raise BadValue(
                f"{said}, which is ambiguous: {before}{sign} before place {found.end() + 1} is a repetition of a "
                "repetition to some, and a lazy or possessive one to others. Use brackets, as in (a+)?."
            )
        if before in "(|" and (repeats or sign in "|)"):
            raise BadValue(f"{said}; nothing stands before the {sign} at place {place}.")
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            raise BadValue(f"{said}; the bracket at place {place} was never opened.")
        before = sign
    if before == "|":
        raise BadValue(f"{said}; nothing stands after the | at its end.")
    if depth:
        raise BadValue(f"{said}; {depth} of its brackets {'is' if depth == 1 else 'are'} never closed.")
    if (length := _written_out(expression)) > LONGEST:
        raise BadValue(
            f"{said}, which has {length:,} symbols with its repetitions written out, expected at most {LONGEST:,}."
        )


def _written_out(expression: str) -> int:
    """The number of symbols when every ``x{n}`` is written as n times x."""
    sizes, last = [0], 0
    for part in TOKEN.findall(expression):
        if part == "(":
            sizes.append(0)
        elif part[0] == "{":
            times = max(map(int, re.findall("[0-9]+", part)))
            sizes[-1] += last * (times - 1)
            last *= times
        elif part == ")" or part.isalnum() or part == ".":
            last = sizes.pop() if part == ")" else 1
            sizes = sizes or [0]
            sizes[-1] += last
    return sizes[0]
