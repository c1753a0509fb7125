"""The profile of one unit: when its state changes, which input it holds, whether it is a flag, a counter or a delay."""

from __future__ import annotations

import numpy as np

from holdfast.engine.readings.properties import shown
from holdfast.explanation.gating import spans
from holdfast.explanation.subject import Subject

SAME = 0.02
"""A state is the same in every sequence if its variance over sequences is below this share of its mean square."""
LEVEL = 0.25
"""A flag differs from 0 or from its level by at most this share of the level."""
SEEN = 0.9
"""R² of a unit's state on an earlier input, from which on it is a delay."""
MOST_DELAY_STEPS = 32


class UnitProfile:
    """One unit's state and output [row, time]. ``step`` (from 0): after it states were exchanged (see ``roles``)."""

    def __init__(self, subject: Subject, layer: int, unit: int, step: int | None) -> None:
        self.subject, self.layer, self.unit, self.step = subject, layer, unit, step
        self.present = subject.present
        states = subject.states[layer]
        name = shown(subject.network.cell)
        arrays = (
            states[subject.kept_in],
            subject.before[layer][subject.kept_in],
            states.get(name if name in states else "h", states[subject.kept_in]),
        )
        self.kept, self.before, self.shown = (np.ascontiguousarray(a[..., unit]) for a in arrays)

    def moves(self) -> np.ndarray:
        """[row, time] where its state changes by more than a tenth of its range."""
        range_ = np.ptp(np.concatenate([self.kept[self.present], [0.0]]))
        return self.present & (np.abs(self.kept - self.before) > 0.1 * range_)

    def writes(self) -> list[list[int]]:
        return spans(self.moves().mean(0) * (self.present.any(0)))

    def slope(self) -> float | None:
        """Regression of the written change on the old state, over all writes; None where the old state never varied."""
        where = self.moves()
        old, change = self.before[where], (self.kept - self.before)[where]
        if len(old) < 2 or not old.var() > 1e-3 * self.kept[self.present].var():
            return None
        return float(np.cov(old, change)[0, 1] / old.var(ddof=1))

    def source(self) -> tuple[int, int, float] | None:
        """The single input that explains the state at ``step`` best: (step from 1, channel from 0, R²)."""
        if self.step is None:
            return None
        rows = self.present[:, self.step]
        kept = self.kept[rows, self.step]
        inputs = self.subject.inputs[rows, : self.step + 1]
        if len(kept) < 3 or not kept.var() > 0:
            return None
        x, m = inputs - inputs.mean(0), kept - kept.mean()
        power = (x**2).sum(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = np.where(power > 0, (x * m[:, None, None]).sum(0) ** 2 / power / (m**2).sum(), 0)
        step, channel = np.unravel_index(int(np.argmax(r2)), r2.shape)
        return int(step) + 1, int(channel), float(min(r2[step, channel], 1.0))

    def answer_r2(self) -> float | None:
        """R² of the targets on the state at the scored steps."""
        asked = self.subject.scored
        if not asked.any():
            return None
        m = self.kept[asked]
        y = np.asarray(self.subject.batch.targets, np.float64)[asked]
        y = y - y.mean(0)
        if not (m.var() > 0 and (y**2).sum() > 0):
            return None
        m = (m - m.mean()) / m.std()
        return float((((m[:, None] * y).mean(0)) ** 2).sum() / (y**2).mean(0).sum())

    def is_same_in_every_row(self) -> bool:
        there = self.present.all(0)
        kept = self.kept[:, there]
        return bool(kept.var(0).mean() <= SAME * (kept**2).mean())

    def rise(self) -> int | None:
        """The mean step, from 1, at which a flag is set: in at least half of the rows its output goes from near 0 to
        near its level once, before the last step, and stays. None if it does not."""
        size = np.abs(self.shown)
        if not size[self.present].max() > 0:
            return None
        level = np.median(self.shown[self.present & (size > 0.5 * size[self.present].max())])
        if not abs(level) > 0:
            return None
        v = self.shown / level
        up = v > 0.5
        clear = np.abs(np.where(up, v - 1, v)) <= LEVEL
        falls = up[:, :-1] & ~up[:, 1:] & self.present[:, 1:]
        if falls.any() or not up[self.present].any() or clear[self.present].mean() < 1 - 2 / self.shown.shape[1]:
            return None
        first = [int(np.argmax(row)) for row in up if row.any()]
        step = round(float(np.mean(first))) + 1
        return step if 2 * len(first) >= len(up) and step < self.subject.steps else None

    def goes_one_way(self) -> bool:
        """Whether its mean state only rises or only falls from step to step."""
        change = np.diff(self.kept.mean(0))
        least = 1e-9 * np.abs(self.kept).max()
        return bool((change >= -least).all() or (change <= least).all())


def delays(subject: Subject, layer: int) -> list[int | None]:
    """Of every unit of a layer, the least k for which its state at every step is a linear function of one input channel
    k steps earlier; None if there is none.

    k is at most half of the steps, so that the fit has many points even on a task of a few short sequences.
    """
    states, steps = subject.states[layer][subject.kept_in], subject.steps
    found: list[int | None] = [None] * states.shape[-1]
    for k in range(min(MOST_DELAY_STEPS, steps // 2) + 1):
        there = subject.present[:, k:]
        m, x = states[:, k:][there], subject.inputs[:, : steps - k][there]
        m, x = m - m.mean(0), x - x.mean(0)
        power = (x**2).sum(0)[:, None] * (m**2).sum(0)
        seen = ((power > 0) & ((x.T @ m) ** 2 >= SEEN * power)).any(0)
        found = [k if unit is None and here else unit for unit, here in zip(found, seen, strict=True)]
    return found
