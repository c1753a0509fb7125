"""Is there one set of weights, or one for every step, and what follows from it?

Many believe that an LSTM has gates of its own for every time step, and ask what happens in step 4 of a network "with
memory for 3". There is one set, used at every step; all that is carried on is the state. Here both are trained: the
LSTM, and the same with weights of its own for every step, on the first of two symbols after 10 and 20 steps of
distractors. Then: how many numbers does each hold, which of them can read a longer sequence, and is reading a
sequence in pieces, with the state carried on, the same as reading it whole?

Source: a public question on the weights of an LSTM; weight sharing in time is as old as recurrent networks (Rumelhart,
Hinton & Williams 1986).
"""

from __future__ import annotations

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.core.rates import Rate
from holdfast.studies.questions import _echo, _trained
from holdfast.studies.questions._measures import NOTHING, Figures, compared, middle, mostly, percent

WEIGHTS = ("shared", "per_step")
LAGS = (10, 20)
ROUNDING = 1e-4
"""Outputs are a few units in size; two ways of the same sums in float32 differ by less than this."""


def grids() -> tuple[Grid, ...]:
    return tuple(_echo.grid(("lstm",), LAGS, weights=weights) for weights in WEIGHTS)


def verdicts(results: Results) -> tuple[Verdict, ...]:
    lags = sorted({p["lag_steps"] for p in results.points})
    solved = {
        (weights, lag): _trained.kept(results, [p for p in results.where(weights=weights, lag_steps=lag) if p.solved])
        for weights in WEIGHTS
        for lag in lags
    }
    longest = lags[-1] if lags else 0

    def at(weights: str):
        return f"{weights}, lag {longest}", results.where(weights=weights, lag_steps=longest)

    return (
        _sizes(results, lags),
        _longer(results, "shared", solved, lags, "the same weights at every step serve sequences twice as long"),
        _longer(results, "per_step", solved, lags, "so do weights of their own for every step"),
        _pieces(results, solved, lags),
        compared("sharing makes the task easier to learn", at("shared"), at("per_step")),
    )


def _sizes(results: Results, lags: list[int]) -> Verdict:
    claim = "the number of weights does not grow with the sequence where they are shared, and does where they are not"
    numbers = {
        (weights, lag): _trained.weights(results.networks(results.where(weights=weights, lag_steps=lag)[0]))
        for weights in WEIGHTS
        for lag in lags
        if results.where(weights=weights, lag_steps=lag)
    }
    figures: Figures = {f"{weights}, lag {lag}: weights": count for (weights, lag), count in numbers.items()}
    if len(lags) < 2 or len(numbers) < 4:
        return Verdict(claim, figures, "undecided", NOTHING)
    (shared, separate) = ([numbers[weights, lag] for lag in lags] for weights in WEIGHTS)
    holds = len(set(shared)) == 1 and sorted(set(separate)) == separate
    return Verdict(claim, figures, "holds" if holds else "does not hold", "counted, not estimated")


def _longer(results: Results, weights: str, solved: dict, lags: list[int], claim: str) -> Verdict:
    able = refused = of = 0
    for lag in lags:
        for network in solved[weights, lag]:
            answer = _trained.solves(network, _trained.longer(results.where(lag_steps=lag)[0], 2))
            able, refused, of = able + (answer is True), refused + (answer is None), of + 1
    rate = Rate(able, of)
    figures: Figures = {"networks that solve their own lag": of, "and twice that lag": str(rate)}
    if refused:
        figures["unable to read so many steps"] = refused
    if not of:
        return Verdict(claim, figures, "undecided", "no network learned its own lag")
    return Verdict(claim, figures, mostly(rate), f"{percent(rate)} of the networks that learned their lag")


def _pieces(results: Results, solved: dict, lags: list[int]) -> Verdict:
    claim = "reading a sequence in three pieces, the state carried on, is reading it whole"
    differences = []
    for lag in lags:
        for network in solved["shared", lag]:
            task = _trained.longer(results.where(lag_steps=lag)[0], 1)
            differences.append(_trained.largest_difference_in_pieces(network, task))
    if not differences:
        return Verdict(claim, {}, "undecided", "no network learned its lag")
    same = Rate(sum(d <= ROUNDING for d in differences), len(differences))
    figures: Figures = {
        "largest difference of any output (median over networks)": middle(differences),
        "the largest of all": float(f"{max(differences):.3g}"),
        f"networks within rounding ({ROUNDING:g})": str(same),
    }
    return Verdict(claim, figures, mostly(same), f"{same.solved} of {same.of} networks, 32 sequences each")
