"""The profile of one unit: when its state changes, what it holds, and whether it is a flag, a counter or a delay."""

from __future__ import annotations

import numpy as np

from holdfast.engine.readings.properties import shown
from holdfast.explain.gating import spans
from holdfast.explain.subject import Subject

SAME = 0.02
"""A unit is the same in every sequence if its variance between them is less than this share of its mean square."""
LEVEL = 0.25
"""A flag is within this share of its level, or of 0."""
SEEN = 0.9
"""The share of a unit's variance that a past input has to explain, for a delay."""
DELAYS = 4


class UnitProfile:
    """One unit over all rows of the subject: what it keeps, and what it shows."""

    def __init__(self, subject: Subject, layer: int, unit: int, step: int | None) -> None:
        self.subject, self.step = subject, step
        self.present = subject.present
        states = subject.states[layer]
        self.kept = states[subject.kept_in][..., unit]
        self.before = subject.before[layer][subject.kept_in][..., unit]
        name = shown(subject.network.cell)
        self.shown = states.get(name if name in states else "h", states[subject.kept_in])[..., unit]

    def moves(self) -> np.ndarray:
        """[row, time] where what it holds changes by more than a tenth of the range in which it moves."""
        range_ = np.ptp(np.concatenate([self.kept[self.present], [0.0]]))
        return self.present & (np.abs(self.kept - self.before) > 0.1 * range_)

    def writes(self) -> list[list[int]]:
        return spans(self.moves().mean(0) * (self.present.any(0)))

    def slope(self) -> float | None:
        """Of what is written on what was there, over all writes; None where there was never anything."""
        where = self.moves()
        old, change = self.before[where], (self.kept - self.before)[where]
        if len(old) < 2 or not old.var() > 1e-3 * self.kept[self.present].var():
            return None
        return float(np.cov(old, change)[0, 1] / old.var(ddof=1))

    def source(self) -> tuple[int, int, float] | None:
        """Which single past input explains most of what it holds at the swapped step: (step from 1, channel, R2)."""
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
        """How much of the right answers' variance what it holds when they are asked for explains, linearly."""
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

    def delay(self) -> int | None:
        """k, if at every step it is a line of one channel's input k steps ago."""
        for k in range(min(DELAYS, self.kept.shape[1] - 1)):
            there = self.present[:, k:]
            m = self.kept[:, k:][there]
            x = self.subject.inputs[:, : self.subject.steps - k][there]
            m, x = m - m.mean(), x - x.mean(0)
            power = (x**2).sum(0) * (m**2).sum()
            if np.any((x * m[:, None]).sum(0)[power > 0] ** 2 >= SEEN * power[power > 0]):
                return k
        return None

    def is_same_in_every_row(self) -> bool:
        there = self.present.all(0)
        kept = self.kept[:, there]
        return bool(kept.var(0).mean() <= SAME * (kept**2).mean())

    def rise(self) -> int | None:
        """The step, from 1, at which a flag is up on the mean: what it shows goes once from near 0 to near its level
        in at least half of the rows, before the last step, and stays. None where it does not."""
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
        """Whether what it keeps only rises or only falls from step to step, on the mean."""
        change = np.diff(self.kept.mean(0))
        least = 1e-9 * np.abs(self.kept).max()
        return bool((change >= -least).all() or (change <= least).all())
