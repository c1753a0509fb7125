"""What a network predicts for given sequences, step by step, and why a network without memory cannot."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from holdfast.core.sequences import Words
from holdfast.engine.network import Network
from holdfast.engine.traced import TracedProgram, task_identity
from holdfast.engine.unroll import unroll
from holdfast.tasks.echo import Echo


@dataclass(frozen=True)
class SequencePrediction:
    """One sequence: at every step the input, the symbol that follows, and the symbol that was predicted."""

    input: Words
    expected: Words
    predicted: Words


def predictions(network: Network, task: Echo) -> tuple[SequencePrediction, ...]:
    """Every given sequence, read by ``network`` from its start."""
    rows = task.examples()
    assert rows is not None, "only given sequences can be read"
    assert task.sequences is not None
    program = TracedProgram(
        lambda: lambda network: unroll(network, rows.inputs, present=rows.present)[0],
        lambda network: 0,
        lambda network: task_identity("predictions", network.cell_name, task),
    )
    best = np.asarray(program(network)).argmax(-1)
    return tuple(
        SequencePrediction(words[:-1], words[1:], tuple(task.alphabet[n] for n in best[row, : len(words) - 1]))
        for row, words in enumerate(task.sequences)
    )


def ambiguities(sequences: tuple[Words, ...]) -> list[tuple[str, Words]]:
    """Symbols that are followed by different symbols, with what follows: what only a memory can tell apart.

    >>> ambiguities((("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4")))
    [('2', ('3', '4'))]
    """
    follows: dict[str, dict[str, None]] = {}
    for words in sequences:
        for now, then in itertools.pairwise(words):
            follows.setdefault(now, {})[then] = None
    return [(symbol, tuple(after)) for symbol, after in follows.items() if len(after) > 1]


def sentence(name: str, predicted: tuple[SequencePrediction, ...]) -> str:
    """One sentence: how many transitions are right, and which are not."""
    wrong = [
        f"{now} → {then} in sequence {number} (predicted {said})"
        for number, r in enumerate(predicted, 1)
        for now, then, said in zip(r.input, r.expected, r.predicted, strict=True)
        if then != said
    ]
    total = sum(len(r.input) for r in predicted)
    if not wrong:
        return f"{name}: all {total} transitions are right."
    return f"{name}: {total - len(wrong)} of {total} transitions are right; wrong: {', '.join(wrong)}."


def why_control_fails(sequences: tuple[Words, ...], name: str = "the control") -> str:
    """One sentence: why a network that sees only the current symbol cannot have all right, or that it can."""
    found = ambiguities(sequences)
    if not found:
        return "Every symbol here has one successor, so no memory is needed to have all right."
    symbol, after = found[0]
    follows = " or ".join(f"'{then}'" for then in after)
    return (
        f"{name.capitalize()} cannot have all right: after '{symbol}' comes {follows}, depending on what was "
        f"read before, and {name}, which sees only the '{symbol}', must answer the same each time."
    )
