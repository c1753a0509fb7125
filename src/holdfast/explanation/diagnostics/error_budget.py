"""Which parts of the answer's error come from writing, drift, leak and read-out, and at which length is it too large?

Pairs of rows with the same answer and different other inputs are run at several lengths. The mean of a pair is the code
of the answer: its shape is the write error, its scale the read-out error, and the change of the scale with the length
is the drift. The difference within a pair is the leak of the other inputs.

Units: those of the answer (for symbols: the margin of the right one over the next), per step where the name says so.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.core.results import Line, LinePlot, Part, Table, finite
from holdfast.core.task import Task
from holdfast.explanation.dynamics import bound_to_time
from holdfast.explanation.finding import Finding
from holdfast.explanation.lengths import AnswersAtLength, answers, at_lengths
from holdfast.explanation.subject import Subject

level = "answers"
formula = (
    "y_n = alpha_n + beta_n x + write(x) + leak_n;  read-out: alpha + (beta - 1) x at the shortest length; drift: "
    "change of alpha + beta x per step; leak^2: growth per step of the variance within pairs;  error(n) = error(N) + "
    "drift from N to n, its rate extrapolated, + 3 times the growth of the leak"
)
source = "Terms: those of the bounds of 'holdfast construct'; horizon: the length at which their sum reaches the bound"
caveat = (
    "The predicted horizon is extrapolated from lengths up to the task's own, the measured one is run. Both are for "
    "random inputs of the task; 'holdfast refute' finds worse ones. A factor common to write and read-out counts as "
    "read-out. A network that answers at one length only shows no drift: its read-out is fitted to that length."
)

PAIRS = 10
SHARES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Lengths, as shares of the task's own."""
MOST_STEPS = 2000
"""Longest rows that are run, or twice the task's own length if that is more."""
FINER = 5
"""Lengths tried between the last that was answered and the first that was not."""
SIGMAS = 3.0
ANSWERS = 0.5
"""A length counts as answered if the worst error is less than this share of the largest answer."""


@dataclass(frozen=True)
class Level:
    """The answers at one length: the ``worst`` error (for symbols: minus the least margin), the regression line
    ``offset`` + ``scale`` x, the largest distance of a pair's mean from it (``shape``), the standard deviation within
    pairs (``spread``), the largest answer (``size``)."""

    length: int
    worst: float
    offset: float
    scale: float
    shape: float
    spread: float
    size: float

    def line(self) -> np.ndarray:
        return self.offset + self.scale * np.array([-self.size, self.size])


def measure(subject: Subject) -> Finding:
    """Run the task at several lengths, split the error into terms, and extrapolate it."""
    task, network = subject.task, subject.model
    if task.examples() is not None:
        return Finding({"reason": "The task is a fixed list of sequences: it has one length only."})
    own = getattr(task, task.length_axis)
    longest = max(2 * task.longest, MOST_STEPS)
    shares = SHARES if not bound_to_time(network) else tuple(s for s in SHARES if s <= 1)
    tasks = {
        n: t
        for n, t in at_lengths(task, sorted({max(1, round(share * own)) for share in shares})).items()
        if t.longest <= longest
    }
    padded = max(t.longest for t in tasks.values())
    levels = _levels(subject, tasks, padded)
    observed, certain = _observed(subject, levels, own, padded)
    return _finding(task, levels, own, observed, certain)


def _levels(subject: Subject, tasks: dict[int, Task], padded: int) -> list[Level]:
    symbols = subject.task.criterion.metric == "accuracy"
    found = answers(subject.model, tasks, PAIRS, subject.seed, longest=padded, lengths=len(SHARES))
    return [level for level in (_level(a, symbols) for a in found) if math.isfinite(level.worst)]


def _level(a: AnswersAtLength, symbols: bool) -> Level:
    if symbols:
        right = a.targets == a.targets.max(-1, keepdims=True)
        lead = np.where(right, a.outputs, -np.inf).max(-1) - np.where(right, -np.inf, a.outputs).max(-1)
        offset, scale, x = float(lead.mean()), 0.0, np.zeros_like(lead)
        y, worst = lead, -float(lead.min())
    else:
        x, y = a.targets, a.outputs
        worst = float(np.abs(y - x).max())
        spread = x - x.mean()
        scale = float((spread * y).sum() / (spread**2).sum()) if (spread**2).sum() > 0 else 1.0
        offset = float(y.mean() - scale * x.mean())
    within = float(np.sqrt(((y[:, 0] - y[:, 1]) ** 2).mean() / 2))
    bent = float(np.abs((y - offset - scale * x).mean(1)).max()) if not symbols else 0.0
    return Level(a.length, worst, offset, scale, bent, within, float(np.abs(x).max()))


def _bound(task: Task) -> float:
    return 0.0 if task.criterion.metric == "accuracy" else task.criterion.bound


def _observed(subject: Subject, levels: list[Level], own: int, padded: int) -> tuple[int | None, bool]:
    """The greatest length up to which all tried lengths from the task's own on are answered, and whether the next
    fails."""
    bound, task = _bound(subject.task), subject.task
    right = {level.length: level.worst < bound for level in levels}
    for finer in (True, False):
        tried = sorted(n for n in right if n >= own) if right.get(own) else sorted(n for n in right if n <= own)
        good = next((i for i, n in enumerate(tried) if not right[n]), len(tried))
        if not right.get(own):  # the longest right one below the own length
            below = [n for n in tried if right[n]]
            good = tried.index(below[-1]) + 1 if below else 0
        if good == 0:
            return None, True
        if good == len(tried):
            return tried[-1], False
        between = np.unique(np.round(np.geomspace(tried[good - 1], tried[good], FINER + 2)[1:-1]).astype(int))
        more = at_lengths(task, [int(n) for n in between if n not in right])
        more = {n: t for n, t in more.items() if t.longest <= padded}
        if not finer or not more:
            return tried[good - 1], True
        right |= {level.length: level.worst < bound for level in _levels(subject, more, padded)}
    raise AssertionError("the second round returns")


def _finding(task: Task, levels: list[Level], own: int, observed: int | None, certain: bool) -> Finding:
    bound, symbols = _bound(task), task.criterion.metric == "accuracy"
    errors = [_as_json(level) for level in levels]
    known: list[Level] = []  # a read-out fitted to one length gives no drift at shorter ones
    for level in reversed([level for level in levels if level.length <= own]):
        if level.worst >= max(bound, ANSWERS * level.size):
            break
        known.insert(0, level)
    if not known or known[-1].length != own:
        return Finding({"reason": "The task is not answered at its own length.", "errors": errors})
    first, last, timed = known[0], known[-1], len(known) == 1
    steps = max(1, last.length - (0 if timed else first.length))
    drift = None if timed else float(np.abs(last.line() - first.line()).max()) / steps
    leak = math.sqrt(max(0.0, last.spread**2 - (0.0 if timed else first.spread**2)) / steps)
    implied = None if timed else _implied(known, bound)
    straight = None
    if drift is not None and last.worst < bound and drift + leak > 0:
        straight = last.length + (bound - last.worst) / (drift + leak)
    figures: dict[str, Any] = {
        "unit": "lead" if symbols else "answer",
        "bound": bound,
        "write_error": None if symbols else first.shape,
        "readout_error": None if symbols else float(np.abs(first.line() - [-first.size, first.size]).max()),
        "drift_per_step": drift,
        "leak_per_step": leak,
        "error_at_own_length": last.worst if not symbols else None,
        "lead_at_own_length": -last.worst if symbols else None,
        "own_length_steps": own,
        "shortest_length_steps": first.length,
        "horizon_implied_steps": None if implied is None else finite(implied),
        "horizon_implied_without_end": implied == math.inf,
        "horizon_straight_steps": straight,
        "horizon_observed_steps": observed,
        "horizon_observed_is_least": not certain,
        "errors": errors,
    }
    return Finding(figures, tuple(_parts(figures, task.length_axis)), _sentence(figures, symbols))


def _as_json(level: Level) -> dict[str, float | None]:
    return {name: finite(float(value)) for name, value in vars(level).items()}


def _implied(known: list[Level], bound: float) -> float:
    """The greatest length at which the error, extrapolated from the known lengths, stays below the bound.

    If the drift rate fell from the second last interval of lengths to the last, it is assumed to fall on exponentially,
    so that a drift that rounding stops has a finite sum.
    """
    last = known[-1]
    if last.worst >= bound:
        return max((level.length for level in known if level.worst < bound), default=0)
    rates, middles = [], []
    for before, after in itertools.pairwise(known):
        rates.append(float(np.abs(after.line() - before.line()).max()) / (after.length - before.length))
        middles.append((after.length + before.length) / 2)
    rate = rates[-1] if rates else 0.0
    if len(rates) > 1 and 0 < rate < rates[-2]:
        decay = math.log(rates[-2] / rate) / (middles[-1] - middles[-2])
        rate *= math.exp(-decay * (last.length - middles[-1]))
    else:
        decay = 0.0
    growth = 0.0
    if len(known) > 1:
        growth = max(0.0, last.spread**2 - known[0].spread ** 2) / (last.length - known[0].length)

    def error(more: float) -> float:
        drift = rate * (-math.expm1(-decay * more) / decay if decay else more)
        leak = math.sqrt(last.spread**2 + growth * more) - last.spread
        return last.worst + drift + SIGMAS * leak

    low, high = 0.0, 1.0
    while error(high) < bound:
        low, high = high, 2 * high
        if high > 1e12:
            return math.inf
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) < bound else (low, middle)
    return math.floor(last.length + low)


def _parts(figures: dict[str, Any], axis: str) -> list[Part]:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3g}"

    terms = ("write_error", "readout_error", "drift_per_step", "leak_per_step")
    named = ("write", "read-out", "drift per step", "leak per step (standard deviation)")
    rows = tuple((name, shown(figures[term])) for name, term in zip(named, terms, strict=True))
    x = tuple(float(e["length"]) for e in figures["errors"])
    sign = -1.0 if figures["unit"] == "lead" else 1.0
    worst = Line("worst row", x, tuple(None if e["worst"] is None else sign * e["worst"] for e in figures["errors"]))
    within = Line("leak (standard deviation within pairs)", x, tuple(e["spread"] for e in figures["errors"]))
    needed = Line("bound", (x[0], x[-1]), (figures["bound"], figures["bound"]))
    label = "margin of the right symbol" if figures["unit"] == "lead" else "error of the answer"
    return [
        Table(("term", "of the margin" if figures["unit"] == "lead" else "of the answer"), rows, "error budget"),
        LinePlot((worst, within, needed), f"{axis} (steps)", label, "error against length", x_log=True),
    ]


def _sentence(figures: dict[str, Any], symbols: bool) -> str:
    observed, implied, own = (figures[f"{n}_steps"] for n in ("horizon_observed", "horizon_implied", "own_length"))
    if symbols:
        terms = f"Margin of the right symbol: {figures['lead_at_own_length']:.3g}"
    else:
        terms = f"Error: {figures['write_error']:.2g} from writing, {figures['readout_error']:.2g} from the read-out"
    if observed is None:
        seen = f"no length was answered within {figures['bound']:g}"
    else:
        seen = f"measured horizon {'at least ' if figures['horizon_observed_is_least'] else ''}{observed} steps"
    if figures["drift_per_step"] is None:
        spent = f"leak {figures['leak_per_step']:.2g} per step"
        return f"{terms}; {spent}. Only lengths near {own} are answered, so the drift cannot be measured; {seen}."
    follows = "infinite" if figures["horizon_implied_without_end"] else f"{implied:.0f} steps"
    spent = f"drift {figures['drift_per_step']:.2g} and leak {figures['leak_per_step']:.2g} per step"
    return f"{terms}; {spent}. Predicted horizon {follows}; {seen}."
