"""Sequences of symbols as a user writes them: ``3,0,1,2,3`` or ``to,be,or,not``.

Here they are read, and refused where no network could satisfy them.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.core.errors import BadValue

Words = tuple[str, ...]


def parse(texts: Sequence[str]) -> tuple[Words, ...]:
    """``["3,0,1", "4,0,1"]`` as tuples of symbols. Raises ``BadValue`` on an empty symbol or a contradiction."""
    parsed = tuple(tuple(word.strip() for word in text.split(",")) for text in texts)
    check(parsed)
    return parsed


def check(sequences: Sequence[Words]) -> None:
    """Refuse what cannot be learned: nothing to predict, empty symbols, or two sequences that contradict."""
    where = "--sequences"
    example = "Try --sequences 3,0,1,2,3 4,0,1,2,4."
    if not sequences:
        raise BadValue(f"{where}: no sequence was given.", example)
    for number, words in enumerate(sequences, 1):
        text = ",".join(words)
        if any(not word for word in words):
            raise BadValue(f"{where}: sequence {number}, '{text}', has an empty symbol.", example)
        if len(words) < 2:
            raise BadValue(
                f"{where}: sequence {number}, '{text}', has one symbol, so there is nothing to predict; "
                f"expected at least two, separated by commas.",
                example,
            )
    _refuse_contradictions(sequences)


def _refuse_contradictions(sequences: Sequence[Words]) -> None:
    seen: dict[Words, tuple[str, int]] = {}
    for number, words in enumerate(sequences, 1):
        for end in range(1, len(words)):
            prefix, follows = words[:end], words[end]
            other, where = seen.setdefault(prefix, (follows, number))
            if other != follows:
                raise BadValue(
                    f"--sequences: sequences {where} and {number} contradict each other: after "
                    f"{','.join(prefix)} one continues with {other}, the other with {follows}. They are equal "
                    "up to there, so no network can predict both.",
                    "Make them differ earlier, or leave one out.",
                )


def alphabet(sequences: Sequence[Words]) -> Words:
    """Every symbol once: numbers by value, then other words in alphabetical order."""
    words = {word for sequence in sequences for word in sequence}

    def order(word: str) -> tuple[int, float, str]:
        try:
            return (0, float(word), word)
        except ValueError:
            return (1, 0.0, word)

    return tuple(sorted(words, key=order))


def memory_bits(sequences: Sequence[Words]) -> list[float]:
    """log2 of how many prefixes have to be told apart after each step, beyond what the coming inputs tell.

    Two prefixes of equal length have to be told apart where the inputs that follow can be the same while an
    answer differs; they are grouped greedily, which is exact where that relation is transitive.
    """
    import math

    longest = max(len(words) for words in sequences) - 1
    bits: list[float] = []
    for end in range(1, longest + 1):
        groups: list[list[Words]] = []
        for rest in {words[:end]: words[end:] for words in sequences if len(words) > end + 1}.values():
            for group in groups:
                if not any(_conflict(rest, other) for other in group):
                    group.append(rest)
                    break
            else:
                groups.append([rest])
        bits.append(math.log2(max(1, len(groups))))
    return bits


def _conflict(a: Words, b: Words) -> bool:
    """Whether two continuations read the same inputs up to a step whose answers differ."""
    for i in range(1, min(len(a), len(b))):
        if a[i - 1] != b[i - 1]:
            return False
        if a[i] != b[i]:
            return True
    return False
