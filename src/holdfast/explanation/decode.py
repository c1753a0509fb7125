"""Reading something out of states: ridge regression, straight or through a curved kernel, judged on rows not fitted.

    a = (K + l I)^-1 y on half of the rows;   read(s) = k(s)' a on the other half; and back

The strength l is the one with the least leave-one-out error on the fitted half, and so is the kernel of the curved
reading, which may choose the straight one too; a reading that has more units to choose from is not better for that.

Source: ridge regression and its leave-one-out error: Golub, Heath & Wahba 1979, Technometrics 21.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STRENGTHS = (1e-13, 1e-10, 1e-7, 1e-5, 1e-3, 1e-1, 10.0)
"""As shares of the kernel's mean diagonal."""
WIDTH = 2.0
"""Of the Gaussian kernel, times the root mean square distance between states."""
SHARPNESS = (0.0, *np.geomspace(0.5, 500, 13))
MOST_BITS = 50.0
"""Errors below rounding are counted as if they were this small."""


@dataclass(frozen=True)
class Variable:
    """What is to be read: ``columns`` [row, 1] of numbers, or [row, class] of zeros and ones (``symbols``)."""

    name: str
    columns: np.ndarray
    symbols: bool


@dataclass(frozen=True)
class DecodeScore:
    """``recovered``: R^2 of numbers, the share of the entropy for symbols, both not below 0; ``bits``."""

    recovered: float
    bits: float


def variables(name: str, features: np.ndarray, one_hot: bool, most_classes: int = 16) -> list[Variable]:
    """What varies among inputs [row, input] of one step: one symbol where they are one-hot; else each input by itself,
    a symbol where it takes few values and a number where it takes many."""
    if one_hot:
        seen = features[:, features.any(0)]
        return [Variable(name, seen, True)] if seen.shape[1] > 1 else []
    found = []
    for channel, values in enumerate(features.T):
        called = name if features.shape[1] == 1 else f"{name}[{channel + 1}]"
        distinct = np.unique(values)
        if 1 < len(distinct) <= min(most_classes, len(values) // 8):
            found.append(Variable(called, (values[:, None] == distinct).astype(float), True))
        elif len(distinct) > 1:
            found.append(Variable(called, values[:, None].astype(float), False))
    return found


def read(states: np.ndarray, wanted: Sequence[Variable], curved: bool) -> tuple[list[DecodeScore], list[DecodeScore]]:
    """How much of each variable is read from ``states`` [row, component] on rows that were not fitted: by a straight
    reading and by a curved one (the straight one again where ``curved`` is not asked for)."""
    y = np.concatenate([v.columns for v in wanted], 1)
    groups = np.repeat(np.arange(len(wanted)), [v.columns.shape[1] for v in wanted])
    half = len(states) // 2
    order = np.arange(len(states))
    errors, spreads = np.zeros((2, len(wanted))), np.zeros((2, len(wanted)))
    for fitted, held in ((order[:half], order[half:]), (order[half:], order[:half])):
        known, unknown = y[fitted], y[held]
        found = _fit(states[fitted], known, states[held], groups, curved)
        for form, (alone, predicted) in enumerate(found):
            for number, variable in enumerate(wanted):
                c = slice(*np.searchsorted(groups, [number, number + 1]))
                judge = _surprise if variable.symbols else _squares
                error, spread = judge(known[:, c], alone[:, c], unknown[:, c], predicted[:, c])
                errors[form, number] += error
                spreads[form, number] += spread
    straight, bent = (
        [_score(v, e, s, len(states)) for v, e, s in zip(wanted, *both, strict=True)]
        for both in zip(errors, spreads, strict=True)
    )
    return straight, bent


def read_alone(states: np.ndarray, wanted: Sequence[Variable]) -> np.ndarray:
    """R^2 of each component by itself [component], a straight line for each column, on rows that were not fitted."""
    y = np.concatenate([v.columns for v in wanted], 1)
    half, errors, spreads = len(states) // 2, 0.0, 0.0
    for fitted, held in ((slice(None, half), slice(half, None)), (slice(half, None), slice(None, half))):
        s, mean, level = states[fitted], states[fitted].mean(0), y[fitted].mean(0)
        size = s.std(0)
        scale = np.where(size > 1e-12 * np.abs(s).max(0, initial=0), size, np.inf)
        slope = ((s - mean) / scale).T @ (y[fitted] - level) / half
        guess = ((states[held] - mean) / scale)[:, :, None] * slope + level
        errors = errors + ((y[held][:, None] - guess) ** 2).sum((0, 2))
        spreads = spreads + ((y[held] - level) ** 2).sum()
    return np.maximum(0, 1 - errors / spreads)


def _fit(
    fitted: np.ndarray, y: np.ndarray, held: np.ndarray, groups: np.ndarray, curved: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Leave-one-out predictions on the fitted rows and those on the held ones: straight, and with the curved kernel to
    choose from; strength and kernel for each group."""
    mean, size, level = fitted.mean(0), fitted.std(0), y.mean(0)
    used = size > 1e-12 * np.abs(fitted).max(0, initial=0)
    alone, predicted = np.broadcast_to(level, y.shape).copy(), np.broadcast_to(level, (len(held), y.shape[1])).copy()
    if not used.any():
        return [(alone, predicted)] * 2
    a, b = ((s[:, used] - mean[used]) / size[used] for s in (fitted, held))
    least, found = np.full(groups.max() + 1, np.inf), []
    for kernel in (_straight, _gaussian) if curved else (_straight,):
        values, vectors, across = kernel(a, b)
        turned = vectors.T @ (y - level)
        rest = (y - level) - vectors @ turned  # what the kernel cannot tell of at all
        beyond = 1 - (vectors**2).sum(1)
        for strength in STRENGTHS:
            ridge = strength * values.sum() / len(a)
            damped = 1 / (np.maximum(values, 0) + ridge)
            left = vectors @ (damped[:, None] * turned) + rest / ridge
            left /= ((vectors**2) @ damped + beyond / ridge)[:, None]
            error = np.bincount(groups, (left**2).sum(0))
            better = (error < least)[groups]
            least = np.minimum(least, error)
            alone[:, better] = (y - left)[:, better]
            predicted[:, better] = (level + across @ (damped[:, None] * turned))[:, better]
        found.append((alone.copy(), predicted.copy()))
    return [found[0], found[-1]]


def _straight(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues and vectors of K = A A' + 1 (the 1 is a free constant), and the held rows' likeness to these."""
    a, b = (np.concatenate([s / s.shape[1] ** 0.5, np.ones((len(s), 1))], 1) for s in (a, b))
    vectors, sizes, turn = np.linalg.svd(a, full_matrices=False)
    return sizes**2, vectors, (b @ turn.T) * sizes


def _gaussian(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of K = exp(-|s - s'|^2 / width^2)."""
    squares = (a**2).sum(1)
    within = np.maximum(squares[:, None] + squares - 2 * a @ a.T, 0)
    across = np.maximum((b**2).sum(1)[:, None] + squares - 2 * b @ a.T, 0)
    width = WIDTH**2 * within.mean()
    values, vectors = np.linalg.eigh(np.exp(-within / width))
    return values, vectors, np.exp(-across / width) @ vectors


def _squares(y: np.ndarray, alone: np.ndarray, held: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    return float(((held - predicted) ** 2).sum()), float(((held - y.mean(0)) ** 2).sum())


def _surprise(y: np.ndarray, alone: np.ndarray, held: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Cross entropy in bits of the held rows, read, and by the frequencies alone. How sharp the reading is, is chosen
    on the fitted rows, each left out in turn."""
    share = (y.sum(0) + 0.5) / (len(y) + 0.5 * y.shape[1])

    def bits(right: np.ndarray, scores: np.ndarray, sharpness: float) -> float:
        logits = sharpness * (scores - share) + np.log(share)
        top = logits.max(1, keepdims=True)
        spread = np.log(np.exp(logits - top).sum(1)) + top[:, 0]
        return float((spread - (right * logits).sum(1)).sum() / np.log(2))

    best = min(SHARPNESS, key=lambda sharpness: bits(y, alone, sharpness))
    return bits(held, predicted, best), bits(held, predicted, 0.0)


def _score(variable: Variable, error: float, spread: float, rows: int) -> DecodeScore:
    left = min(1.0, float(error / spread)) if spread > 0 else 1.0
    if variable.symbols:
        return DecodeScore(1 - left, max(0.0, float(spread - error) / rows))
    return DecodeScore(1 - left, float(min(MOST_BITS, -0.5 * np.log2(max(left, 4.0**-MOST_BITS)))))
