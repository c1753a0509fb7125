"""Inputs drawn independently at every step, as unlike a task as can be, over the range that the task uses."""

from __future__ import annotations

import numpy as np

from holdfast.explanation.subject import Subject


def is_symbols(inputs: np.ndarray, present: np.ndarray) -> bool:
    """Whether every step reads one symbol: several inputs, one of them 1 and the others 0."""
    read = np.asarray(inputs)[np.asarray(present)]
    return read.shape[-1] > 1 and bool(((read == 0) | (read == 1)).all() and (read.sum(-1) == 1).all())


def random_inputs(subject: Subject, sequences: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [batch, time, input] and what is to be read of them, [batch, time, value], of variance 1 and independent.

    Numbers: every input uniform over the range seen in the task's rows. Symbols: each of those seen as likely as any
    other; what is read of k symbols is k - 1 contrasts, the first against the second, both against the third, ...
    """
    inputs, present = np.asarray(subject.batch.inputs, np.float64), np.asarray(subject.batch.present)
    generator = np.random.default_rng([subject.seed, 1])
    read = inputs[present]
    if is_symbols(inputs, present):
        symbols = np.flatnonzero(read.any(0))
        which = generator.integers(len(symbols), size=(sequences, steps))
        return np.eye(inputs.shape[-1])[symbols][which], _contrasts(len(symbols))[which]
    low, high = read.min(0), read.max(0)
    uniform = generator.uniform(-1, 1, (sequences, steps, inputs.shape[-1]))
    return (low + high) / 2 + uniform * (high - low) / 2, uniform[..., low < high] * 3**0.5


def _contrasts(count: int) -> np.ndarray:
    """[symbol, contrast]: each of mean 0 and variance 1 over the symbols, no two of them correlated (Helmert's)."""
    columns = []
    for k in range(1, count):
        column = np.r_[np.ones(k), -k, np.zeros(count - k - 1)]
        columns.append(column * (count / (column**2).sum()) ** 0.5)
    return np.stack(columns, 1) if columns else np.zeros((count, 0))
