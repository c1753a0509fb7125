"""How long a lag does each cell learn in a fixed number of sequences, and what do first weights change about it?

The first of two symbols has to be said again after 10, 30, 100 or 300 steps of distractors; every network has 5,000
sequences. Cells with a gate that keeps are trained with PyTorch's first weights, with the bias of that gate at 1, and
with time scales up to the lag (chrono); the others with what is usual for them. The longest lag of a cell is the
longest that at least half of its networks learn, at the better of two learning rates.

Source: Tallec & Ollivier 2018, arXiv:1804.11188 (chrono initialisation); Jozefowicz, Zaremba & Sutskever 2015 (forget
bias 1); Le, Jaitly & Hinton 2015, arXiv:1504.00941 (identity recurrence).
"""

from __future__ import annotations

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict, Word
from holdfast.studies.questions import _echo
from holdfast.studies.questions._measures import NOTHING, Figures, compared, half, line, said

GATED = ("lstm", "gru", "coupled")
PLAIN = {"elman": "keras", "irnn": "keras+identity", "lstm1997": "keras"}
INITIALISATIONS = {"default": "pytorch", "bias 1": "pytorch+forget=1", "chrono": "pytorch+chrono"}
LAGS = (*_echo.LAGS, _echo.LONG)


def grids() -> tuple[Grid, ...]:
    gated = _echo.grid(GATED, LAGS, budget=_echo.LESS, initialisations=tuple(INITIALISATIONS.values()))
    plain = [_echo.grid((cell,), LAGS, budget=_echo.LESS, initialisations=(how,)) for cell, how in PLAIN.items()]
    return (gated, *plain)


def verdicts(results: Results) -> tuple[Verdict, ...]:
    lags = sorted({p["lag_steps"] for p in results.points})
    longest = lags[-1] if lags else 0
    asked = [(cell, name, how) for cell in GATED for name, how in INITIALISATIONS.items()]
    asked += [(cell, "default", how) for cell, how in PLAIN.items()]

    def at(cell: str, how: str):
        points = results.where(cell=cell, lag_steps=longest, initialisation=INITIALISATIONS[how])
        return f"{cell}, {how}, lag {longest}", points

    return (
        *(_longest(results, cell, name, how, lags) for cell, name, how in asked),
        *(
            compared(f"a bias of 1 reaches further than the default, {cell}", at(cell, "bias 1"), at(cell, "default"))
            for cell in GATED
        ),
        *(
            compared(f"chrono reaches further than a bias of 1, {cell}", at(cell, "chrono"), at(cell, "bias 1"))
            for cell in GATED
        ),
    )


def _longest(results: Results, cell: str, name: str, how: str, lags: list[int]) -> Verdict:
    """The claim is about the longest lag of the grid; the figures say how far it goes."""
    figures: Figures = {}
    words: dict[int, Word] = {}
    for lag in lags:
        points = results.where(cell=cell, lag_steps=lag, initialisation=how)
        found = line(points)
        if found is None:
            continue
        words[lag] = half(points)
        taken = found.sequences_to_success
        figures[f"lag {lag}"] = said(points) + (f", {taken[1]:,.0f} sequences" if taken else "")
    longest = lags[-1] if lags else 0
    claim = f"{cell}, {name}: at least half of the networks learn a lag of {longest} steps"
    if not words:
        return Verdict(claim, figures, "undecided", NOTHING)
    reached = [lag for lag, word in words.items() if word == "holds"]
    open_ = [lag for lag, word in words.items() if word == "undecided"]
    figures["longest lag that surely at least half learn"] = max(reached) if reached else "none of these"
    why = f"surely at least half at {_listed(reached)}"
    if open_:
        why += f"; not decided at {_listed(open_)}"
    return Verdict(claim, figures, words[longest], why)


def _listed(lags: list[int]) -> str:
    return f"lag {', '.join(map(str, lags))}" if lags else "no lag"
