"""The arrays of given sequences as a tutorial prints them: one-hot vectors, pairs, and the shape that a layer reads."""

from __future__ import annotations

import itertools

from holdfast.core.results import Part, Table, Text
from holdfast.core.sequences import Words
from holdfast.tasks.echo import Echo


def arrays(sequences: tuple[Words, ...]) -> list[Part]:
    """What ``holdfast demo --show-arrays`` prints before the training."""
    vectors = one_hot(Echo(sequences=sequences).alphabet)
    encoded = tuple((symbol, _row(vector)) for symbol, vector in vectors.items())
    pairs = tuple(
        (str(number), f"{now} → {then}", f"{_row(vectors[now])} → {_row(vectors[then])}")
        for number, words in enumerate(sequences, 1)
        for now, then in itertools.pairwise(words)
    )
    steps, features = max(map(len, sequences)) - 1, len(vectors)
    shapes = [
        f"all sequences at once: [{len(sequences)}, {steps}, {features}] (holdfast, and a stateless layer of Keras)",
        *(
            f"sequence {number}, one step at a time: [{len(words) - 1}, 1, {features}] (a stateful layer of Keras)"
            for number, words in enumerate(sequences, 1)
        ),
    ]
    return [
        Table(("symbol", "one-hot vector"), encoded, "Symbols"),
        Table(("sequence", "input → target", "as vectors"), pairs, "Pairs: every symbol with the one that follows"),
        Text("\n".join(shapes), "Shapes [samples, time, features]"),
    ]


def one_hot(alphabet: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Every symbol with its vector.

    >>> one_hot(("a", "b"))
    {'a': (1, 0), 'b': (0, 1)}
    """
    return {symbol: tuple(int(n == place) for n in range(len(alphabet))) for place, symbol in enumerate(alphabet)}


def _row(vector: tuple[int, ...]) -> str:
    return f"[{' '.join(map(str, vector))}]"
