"""A counting language of bounded depth: by an automaton, or on an IRNN by units that count.

By an automaton the state is the count, or the open brackets; the argument is in ``construction/machine.py``. Units of
an IRNN count without an end but that of the number format (``backends/irnn.py``): one count for each two letters.

    a^n b^n          a a a b b b          count "a - b"    1 2 3 2 1 0
    may follow       a,b a,b a,b b b a    emptied          0 0 0 0 0 1

After an a both may follow. After a b it is b until the count has fallen to 0, and then the next letter, of which the
count is "b - c" in a^n b^n c^n. So each score is the sum of: its letter was just read, the count of the letter before
it is emptied, less its own count is emptied. Exactly one score is 1, the others are 0.
"""

from __future__ import annotations

import itertools

from holdfast.construction.compile import COUNTS
from holdfast.construction.constructions import _automaton
from holdfast.construction.program import RegisterProgram
from holdfast.tasks.counting import LETTERS, Counting


def program(task: Counting, cell: str) -> RegisterProgram:
    """A program with a count for each two letters on an IRNN, elsewhere with the automaton of the task."""
    if cell != COUNTS or task.language not in LETTERS or task.variant != "next":
        return _automaton.program(task, cell)
    made, letters = RegisterProgram(), LETTERS[task.language]
    symbols = made.symbols(*(f"symbol {letter}" for letter in letters))
    read = [made.latch(f"{letter} read", symbol) for letter, symbol in zip(letters, symbols, strict=True)]
    emptied = [
        made.tally(f"{one} - {other}", f"symbol {one}", f"symbol {other}", most=task.depth)
        for one, other in itertools.pairwise(letters)
    ]
    first, *others = letters
    scores = {first: emptied[-1], f"{first},{letters[1]}": read[0]}
    for place, letter in enumerate(others):
        scores[letter] = read[place + 1] - emptied[place] + (emptied[place - 1] if place else 0.0)
    made.choose([scores[answer] for answer in task.automaton.answers], gap=1.0)
    return made
