"""What the studies' verdicts are made of: rates of seeds, compared by their intervals and by nothing else."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

from holdfast.comparison.results.result import Result
from holdfast.comparison.results.summary import Summary, summarise
from holdfast.comparison.results.verdicts import Verdict, Word, apart
from holdfast.core.rates import Rate

Figures = dict[str, str | float | int | None]

NOTHING = "nothing was measured"


def line(points: Sequence[Result]) -> Summary | None:
    """The points of one place of a grid as one line, its learning rate chosen; None where there are none."""
    lines = summarise(points)
    assert len(lines) <= 1, f"these are points of {len(lines)} places"
    return lines[0] if lines else None


def crossed(points: Sequence[Result]) -> Rate:
    """Success at the learning rate that the *other* half of the seeds chose: no luck of a choice is in it, so two of
    these can be compared."""
    found = line(points)
    return found.crossed if found else Rate(0, 0)


def said(points: Sequence[Result]) -> str:
    """A success as it stands among a verdict's figures: crossed, with its interval, and at which rate all are best."""
    found = line(points)
    if found is None:
        return "not measured"
    return f"{found.crossed}, best learning rate {found.best_rate:g}"


def half(points: Sequence[Result]) -> Word:
    """Whether at least half of all seeds succeed: by the interval that holds for all learning rates at once."""
    found = line(points)
    low, high = found.interval if found else (0.0, 1.0)
    return "holds" if low >= 0.5 else "does not hold" if high < 0.5 else "undecided"


def learned(claim: str, points: Sequence[Result], more: Callable[[], Figures] = dict) -> Verdict:
    """``claim`` says that at least half of the networks learn the task. ``more`` are figures beside their number and
    the median of their accuracy, at the best learning rate."""
    found = line(points)
    if found is None:
        return Verdict(claim, {}, "undecided", NOTHING)
    best = [point.accuracy for point in points if point["learning_rate"] == found.best_rate]
    figures: Figures = {
        "networks that solve the task": said(points),
        "right answers, median of the networks": middle(best),
        **more(),
    }
    return Verdict(claim, figures, half(points), said(points))


def mostly(rate: Rate) -> Word:
    """Whether something is so in more than half of all cases."""
    low, high = rate.interval
    return "holds" if low > 0.5 else "does not hold" if high < 0.5 else "undecided"


def compared(claim: str, more: tuple[str, Sequence[Result]], less: tuple[str, Sequence[Result]]) -> Verdict:
    """``claim`` says that ``more`` succeeds more often than ``less``; each is a name with its points."""
    (name, one), (other_name, other) = more, less
    a, b = crossed(one), crossed(other)
    if not a.of or not b.of:
        return Verdict(claim, {name: said(one), other_name: said(other)}, "undecided", NOTHING)
    word = apart(a, b)
    both = f"{percent(a)} against {percent(b)}"
    why = {
        "holds": f"{both}: the 95 % interval of the difference lies above 0",
        "does not hold": f"{both}: the 95 % interval of the difference leaves nothing above 10 points",
        "undecided": f"{both}: the 95 % interval of the difference includes both 0 and more than 10 points",
    }[word]
    return Verdict(claim, {name: said(one), other_name: said(other)}, word, why)


def paired(one: Sequence[Result], other: Sequence[Result], value: Callable[[Result], float | None]) -> Rate:
    """In how many (seed, learning rate) pairs ``value`` is smaller in ``one``. First weights do not depend on the
    learning rate, so only the smallest of these is taken: pairs are independent."""
    smallest = min((r["learning_rate"] for r in (*one, *other)), default=0.0)
    ours = {r.seed: value(r) for r in one if r["learning_rate"] == smallest}
    theirs = {r.seed: value(r) for r in other if r["learning_rate"] == smallest}
    pairs = [(ours[s], theirs[s]) for s in ours if s in theirs]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return Rate(sum(a < b for a, b in known), len(known))


def middle(values: Iterable[float | None]) -> float | None:
    """The median of what is known, to three figures, which is what a page shows."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    return rounded(statistics.median(known)) if known else None


def rounded(value: float) -> float:
    return float(f"{value:.3g}")


def percent(rate: Rate) -> str:
    low, high = rate.interval
    return f"{100 * rate.solved / max(1, rate.of):.0f} % ({100 * low:.0f}-{100 * high:.0f})"
