"""Read words of a counting language one after another, and tell which symbols may follow.

``anbn``: n times a, then as often b; ``anbncn``: then as often c; ``dyck``: brackets of several kinds that match. n, or
the number of brackets that are open at once, is at most ``--depth``.

Variant ``next``: the answer after each symbol is the set of all symbols that may follow, which is right or wrong as a
whole. After n times a, both a and b may follow, whatever n is; no bracket may be opened at the depth. Variant
``complete``: the answer is whether what was read so far consists of complete words; symbols that do not fit are drawn
too, with the probability ``--stray``.

Source: sets of next symbols: Gers & Schmidhuber 2001, IEEE Transactions on Neural Networks 12(6); brackets of bounded
depth, and the memory that they need: Hewitt et al. 2020, arXiv:2010.07515.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.core.task import axis
from holdfast.tasks._automaton import FiniteAutomaton
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks._explored import explored, with_errors

WORDS = ("rejected", "accepted")
LETTERS = {"anbn": "ab", "anbncn": "abc"}
BRACKETS = ("()", "[]", "{}", "<>")

Place = tuple[int, ...]
"""Of letters: () between words; (0, n) after n times the first; (k, n, left) in the letters of number k of a word, of
which some are left to come. Of brackets: the kinds that are open, the innermost last."""


@dataclass(frozen=True)
class Counting(AutomatonTask):
    """inputs one-hot [time, symbol]; targets one-hot over the sets of symbols that may follow, or over rejected and
    accepted."""

    language: str = axis("anbn", "what the words are", choices=("anbn", "anbncn", "dyck"))
    depth: int = axis(5, "largest n, or most brackets that are open at once", least=1)
    kinds: int = axis(2, "kinds of brackets, dyck", least=1)
    variant: str = axis("next", "which symbols may follow, or whether words are complete", choices=("next", "complete"))
    stray: float = axis(0.05, "probability of a symbol that does not fit, variant complete", least=0)

    @property
    def unused(self) -> frozenset[str]:
        return frozenset({"kinds"} if self.language != "dyck" else ()) | (
            {"stray"} if self.variant == "next" else set()
        )

    def _own_mistakes(self):
        return [f"--stray is {self.stray:g}, expected less than 1"] if self.stray >= 1 else []

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        """The opening and closing bracket of each kind."""
        known = [(pair[0], pair[1]) for pair in BRACKETS]
        return [*known, *((f"({kind}", f"){kind}") for kind in range(len(known), self.kinds))][: self.kinds]

    def _made(self):
        partial = self._brackets() if self.language == "dyck" else self._letters()
        return with_errors(partial, self.stray, WORDS[0]) if self.variant == "complete" else partial

    def _letters(self) -> FiniteAutomaton:
        letters = LETTERS[self.language]
        last, most = len(letters) - 1, self.depth

        def rest(letter: int, n: int, left: int) -> Place:
            if letter < last:
                return (letter, n, left)
            return (letter, 0, left) if left else ()

        def step(place: Place, symbol: int) -> Place | None:
            match place:
                case ():
                    return (0, 1) if symbol == 0 else None
                case (0, n):
                    if symbol == 0:
                        return (0, n + 1) if n < most else None
                    return rest(1, n, n - 1) if symbol == 1 else None
                case (letter, n, left):
                    now = letter + (left == 0)
                    return None if symbol != now else rest(now, n, (left or n) - 1)

        def follows(place: Place) -> str:
            match place:
                case ():
                    return letters[0]
                case (0, _):
                    return f"{letters[0]},{letters[1]}"
                case _:
                    letter, _, left = place
                    return letters[letter + (left == 0)]

        def weights(place: Place) -> dict[int, float]:
            if len(place) == 2:  # so that every n has the same probability
                ends = 1 / (most - place[1] + 1)
                return {0: 1 - ends, 1: ends}
            return {symbol: 1.0 for symbol in range(len(letters)) if step(place, symbol) is not None}

        sets = (letters[0], f"{letters[0]},{letters[1]}", *letters[1:])
        return self._explored(tuple(letters), step, follows, sets, weights, _letters_named)

    def _brackets(self) -> FiniteAutomaton:
        pairs = self._pairs
        symbols = tuple(itertools.chain(*pairs))

        def step(place: Place, symbol: int) -> Place | None:
            kind, closes = divmod(symbol, 2)
            if closes:
                return place[:-1] if place[-1:] == (kind,) else None
            return (*place, kind) if len(place) < self.depth else None

        def follows(place: Place) -> str:
            return ",".join(symbol for number, symbol in enumerate(symbols) if step(place, number) is not None)

        def weights(place: Place) -> dict[int, float]:
            opens = 1.0 if not place else 0.0 if len(place) == self.depth else 0.5
            closes = {2 * place[-1] + 1: 1 - opens} if place else {}
            return dict.fromkeys(range(0, len(symbols), 2), opens / len(pairs)) | closes

        tops = [(kind,) * depth for depth in (1, self.depth) for kind in range(len(pairs))]
        sets = tuple(dict.fromkeys(map(follows, [(), *tops])))
        return self._explored(symbols, step, follows, sets, weights, lambda place: " ".join(pairs[k][0] for k in place))

    def _explored(
        self,
        symbols: tuple[str, ...],
        step: Callable[[Place, int], Place | None],
        follows: Callable[[Place], str],
        sets: tuple[str, ...],
        weights: Callable[[Place], dict[int, float]],
        name: Callable[[Place], str],
    ) -> FiniteAutomaton:
        complete = self.variant == "complete"
        return explored(
            (),
            symbols,
            step,
            (lambda place: WORDS[not place]) if complete else follows,
            answers=WORDS if complete else sets,
            name=lambda place: name(place) or "complete",
            weights=weights,
        )

    def _answers(self, word):
        read = [word[: end + 1] for end in range(len(word))]
        if self.language == "dyck":
            return list(map(self._of_brackets, read))
        return [self._of_letters("".join(part)) for part in read]

    def _of_letters(self, read: str) -> str:
        letters = LETTERS[self.language]
        shape = "".join(f"({letter}*)" for letter in letters)
        if self.variant == "complete":
            words = re.findall(shape.replace("(a*)", "(a+)"), read)
            whole = "".join(map("".join, words)) == read
            fit = all(len(set(map(len, word))) == 1 and len(word[0]) <= self.depth for word in words)
            return WORDS[whole and fit]
        found = re.search(f"{shape}$", read)
        assert found is not None
        n, *others = map(len, found.groups())
        if not any(others) or all(count == n for count in others):
            return f"{letters[0]},{letters[1]}" if not any(others) else letters[0]
        return next(letter for letter, count in zip(letters[1:], others, strict=True) if count < n)

    def _of_brackets(self, read: list[str]) -> str:
        pairs, open_ones = dict(self._pairs), list[str]()
        fits = True
        for symbol in read:
            if symbol in pairs:
                open_ones.append(symbol)
            else:
                fits = fits and bool(open_ones) and pairs[open_ones.pop()] == symbol
            fits = fits and len(open_ones) <= self.depth
        if self.variant == "complete":
            return WORDS[fits and not open_ones]
        may = [opens for opens in pairs if len(open_ones) < self.depth] + [pairs[one] for one in open_ones[-1:]]
        return ",".join(symbol for pair in pairs.items() for symbol in pair if symbol in may)


def _letters_named(place: Place) -> str:
    match place:
        case (0, n):
            return f"{n} a"
        case (letter, n, left):
            return f"{left} {'abc'[letter]} left" + (f" of {n}" if n else "")
        case _:
            return ""
