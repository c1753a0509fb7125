"""What does the bias of the forget gate decide, and is there one that fits every lag?

A forget gate with bias b keeps sigmoid(b) of the state at every step before anything is learned: 0.5 at b = 0, 0.73 at
1, 0.95 at 3, 0.99 at 5. The gradient shrinks by as much per step going back. Here LSTMs with biases 0, 1, 3 and 5, and
with the time scales of chrono initialisation (log-uniform up to the lag), learn the first of two symbols over 30, 100
and 300 steps; so does the GRU, whose update gate does the same.

Source: Gers, Schmidhuber & Cummins 2000; Jozefowicz, Zaremba & Sutskever 2015 (bias 1); Tallec & Ollivier 2018,
arXiv:1804.11188 (chrono).
"""

from __future__ import annotations

import math

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.core.rates import Rate
from holdfast.studies.questions import _echo
from holdfast.studies.questions._measures import NOTHING, Figures, compared, crossed, middle, mostly, rounded, said

CELLS = ("lstm", "gru")
BIASES = (0, 1, 3, 5)
CHRONO = "pytorch+chrono"
LAGS = (30, 100, 300)
CLOSE = 0.15
"""How near the measured slope has to be to log10 sigmoid(b), as a share of it: inputs and recurrence add their part."""


def grids() -> tuple[Grid, ...]:
    return (_echo.grid(CELLS, LAGS, budget=_echo.LESS, initialisations=(*(_how(bias) for bias in BIASES), CHRONO)),)


def _how(bias: int) -> str:
    return f"pytorch+forget={bias}"


def verdicts(results: Results) -> tuple[Verdict, ...]:
    lags = sorted({p["lag_steps"] for p in results.points})
    return (
        *(_slope(results, cell, lags) for cell in CELLS),
        *(v for cell in CELLS for v in _by_lag(results, cell, lags)),
    )


def _by_lag(results: Results, cell: str, lags: list[int]):
    for lag in lags:

        def at(how: str, lag: int = lag):
            return f"{cell}, {how.removeprefix('pytorch+')}, lag {lag}", results.where(
                cell=cell, lag_steps=lag, initialisation=how
            )

        yield compared(f"a bias of 1 learns more often than 0: {cell}, lag {lag}", at(_how(1)), at(_how(0)))
        yield compared(f"a bias of 5 learns more often than 1: {cell}, lag {lag}", at(_how(5)), at(_how(1)))
        best = max(BIASES, key=lambda bias: _share(crossed(at(_how(bias))[1])))
        yield _as_good(results, cell, lag, best)


def _share(rate: Rate) -> float:
    return rate.solved / max(1, rate.of)


def _as_good(results: Results, cell: str, lag: int, best: int) -> Verdict:
    """The best bias was chosen after looking, which flatters it: what chrono reaches beside it is not."""
    claim = f"chrono, which is told the lag, is as good as the best single bias: {cell}, lag {lag}"
    chosen, chrono = (results.where(cell=cell, lag_steps=lag, initialisation=how) for how in (_how(best), CHRONO))
    figures: Figures = {
        **{f"bias {bias}": said(results.where(cell=cell, lag_steps=lag, initialisation=_how(bias))) for bias in BIASES},
        "chrono": said(chrono),
    }
    a, b = crossed(chosen), crossed(chrono)
    if not a.of or not b.of:
        return Verdict(claim, figures, "undecided", NOTHING)
    from holdfast.comparison.results.verdicts import difference

    low, high = difference(a, b)
    why = f"the best bias, {best}, minus chrono: {100 * low:+.0f} to {100 * high:+.0f} points (95 %)"
    word = "does not hold" if low > 0 else "holds" if high <= 0.2 else "undecided"
    return Verdict(claim, figures, word, why)


def _slope(results: Results, cell: str, lags: list[int]) -> Verdict:
    """Before training the only path that reaches far is the state's own: sigmoid(b) a step."""
    claim = f"before training the gradient shrinks by sigmoid(bias) at every step: {cell}"
    figures: Figures = {}
    near = of = 0
    lag = lags[0] if lags else 0
    for bias in BIASES[1:]:
        expected = math.log10(1 / (1 + math.exp(-bias)))
        points = results.where(cell=cell, lag_steps=lag, initialisation=_how(bias))
        slowest = min((p["learning_rate"] for p in points), default=0.0)
        slopes = [p.slope_start for p in points if p.slope_start is not None and p["learning_rate"] == slowest]
        near += sum(abs(slope - expected) <= CLOSE * abs(expected) for slope in slopes)
        of += len(slopes)
        measured = middle(slopes)
        figures[f"bias {bias}: expected {rounded(expected):g} decades per step, measured"] = measured
    rate = Rate(near, of)
    if not of:
        return Verdict(claim, figures, "undecided", NOTHING)
    figures[f"networks within {100 * CLOSE:.0f} % of it"] = str(rate)
    return Verdict(claim, figures, mostly(rate), f"{rate} are that near, at lag {lag}, biases above 0")
