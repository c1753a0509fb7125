"""Why is the well-known recipe, one update after every step, a coin flip?

Two sequences, 3,0,1,2,3 and 4,0,1,2,4; given a symbol, predict the next. A tutorial of 2017 trains an LSTM of 20 units
with an update after every single step: the state is carried on, but no gradient ever flows from a step to the one
before. 256 initialisations are trained for 100 to 1500 epochs: updating per step, per sequence and per batch (both
sequences at once), in fixed and in shuffled order, with Keras's first weights and Adam's defaults.

Source: a tutorial on memory in LSTMs, machinelearningmastery.com, 2017. It gives no success rate; the rates beside ours
are of the same recipe in Keras, measured by ``benchmarks/keras_tutorial.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict, apart, difference
from holdfast.core.rates import Rate
from holdfast.demonstration.demonstrate import SEQUENCES, UNITS
from holdfast.studies.questions._measures import NOTHING, Figures, percent
from holdfast.tasks.echo import Echo
from holdfast.training.settings import Settings

EPOCHS = (100, 250, 500, 750, 1500)
INITIALISATIONS = 256
KERAS = {
    ("step", 250): Rate(449, 1024),
    ("step", 1500): Rate(234, 1024),
    ("sequence", 250): Rate(925, 1024),
    ("sequence", 750): Rate(1021, 1024),
}
"""Initialisations with everything right in Keras 3.15, its own layers, initialisers, loss and optimiser, by update and
epochs; fixed order."""


def grids() -> tuple[Grid, ...]:
    made = []
    for epochs in EPOCHS:
        made += [_grid(epochs, ("step", "sequence"), ("fixed", "shuffled")), _grid(epochs, ("batch",), ("fixed",))]
    return tuple(made)


def _grid(epochs: int, updates: tuple[str, ...], orders: tuple[str, ...]) -> Grid:
    budget = epochs * len(SEQUENCES)
    base = Settings(
        Echo(sequences=SEQUENCES),
        "lstm",
        UNITS,
        initialisation="keras",
        learning_rate=1e-3,
        seeds=INITIALISATIONS,
        clip=None,
        budget=budget,
        check_every=budget,
        stop="budget",
    )
    return Grid(base, {"update": updates, "order": orders})


def verdicts(results: Results) -> tuple[Verdict, ...]:
    def at(update: str, epochs: int, order: str = "fixed") -> Rate:
        return _rate(_points(results, update, epochs, order))

    agreements = [_agrees(at(update, epochs), update, epochs, theirs) for (update, epochs), theirs in KERAS.items()]
    return (
        _curve(results),
        *agreements,
        _apart(
            "per step, more training makes it worse", "250 epochs", at("step", 250), "1500 epochs", at("step", 1500)
        ),
        _apart(
            "one update per sequence succeeds more often than one per step",
            "per sequence, 250 epochs",
            at("sequence", 250),
            "per step, 250 epochs",
            at("step", 250),
        ),
        _apart(
            "one update for both sequences at once needs more epochs than one for each",
            "per sequence, 250 epochs",
            at("sequence", 250),
            "per batch, 250 epochs",
            at("batch", 250),
        ),
        *(
            _apart(
                f"shuffled order helps, update per {update}, 250 epochs",
                "shuffled",
                at(update, 250, "shuffled"),
                "fixed",
                at(update, 250),
            )
            for update in ("step", "sequence")
        ),
        _why(results),
    )


def _points(results: Results, update: str, epochs: int, order: str) -> list[Result]:
    """The configurations that were trained for exactly so long, found by their grid."""
    keys = {
        configuration.key
        for grid in results.grids
        if grid.base.budget == epochs * len(SEQUENCES)
        for configuration in grid.configurations()
    }
    return [p for p in results.where(update=update, order=order) if p.place.configuration in keys]


def _rate(points: Sequence[Result]) -> Rate:
    return Rate(sum(p.solved for p in points), len(points))


def _curve(results: Results) -> Verdict:
    """Not a comparison of two numbers but the whole picture: success over epochs, every way of updating."""
    claim = "updating per step, success never comes near certainty; per sequence it does"
    figures: Figures = {}
    best = {"step": Rate(0, 0), "sequence": Rate(0, 0)}
    for update, order in (
        ("step", "fixed"),
        ("step", "shuffled"),
        ("sequence", "fixed"),
        ("sequence", "shuffled"),
        ("batch", "fixed"),
    ):
        rates = [(epochs, _rate(_points(results, update, epochs, order))) for epochs in EPOCHS]
        known = [(epochs, rate) for epochs, rate in rates if rate.of]
        figures[f"per {update}, {order}: after {', '.join(str(e) for e, _ in known)} epochs"] = ", ".join(
            percent(rate) for _, rate in known
        )
        if order == "fixed" and update in best and known:
            best[update] = max((rate for _, rate in known), key=lambda rate: rate.solved / rate.of)
    if not all(rate.of for rate in best.values()):
        return Verdict(claim, figures, "undecided", NOTHING)
    step, sequence = (best[update].simultaneous(len(EPOCHS)) for update in ("step", "sequence"))
    word = (
        "holds"
        if step[1] < 0.9 < sequence[0]
        else "does not hold"
        if step[0] > 0.9 or sequence[1] < 0.9
        else "undecided"
    )
    why = (
        f"the best of {len(EPOCHS)} durations, all intervals at once: per step at most {100 * step[1]:.0f} %, per "
        f"sequence at least {100 * sequence[0]:.0f} %; the line is drawn at 90 %"
    )
    return Verdict(claim, figures, word, why)


def _agrees(ours: Rate, update: str, epochs: int, theirs: Rate) -> Verdict:
    claim = f"as in Keras, {100 * theirs.solved / theirs.of:.0f} % succeed after {epochs} epochs, update per {update}"
    figures: Figures = {"here": str(ours), "Keras": str(theirs)}
    if not ours.of:
        return Verdict(claim, figures, "undecided", NOTHING)
    low, high = difference(ours, theirs)
    words = f"the difference is {100 * low:+.0f} to {100 * high:+.0f} points (95 %)"
    if low <= 0 <= high:
        # An interval that includes 0 shows agreement only where it leaves no room for much else.
        near = max(-low, high) <= 0.1
        return Verdict(claim, figures, "holds" if near else "undecided", words + ", which includes 0")
    return Verdict(claim, figures, "does not hold", words + ": not reproduced")


def _apart(claim: str, name: str, more: Rate, other: str, less: Rate) -> Verdict:
    figures: Figures = {name: str(more), other: str(less)}
    if not more.of or not less.of:
        return Verdict(claim, figures, "undecided", NOTHING)
    low, high = difference(more, less)
    why = f"the difference is {100 * low:+.0f} to {100 * high:+.0f} points (95 %)"
    return Verdict(claim, figures, apart(more, less), why)


def _why(results: Results) -> Verdict:
    claim = "updating per step, no gradient reaches an earlier step: what is learned of the lag is luck"

    def arrived(update: str) -> Rate:
        points = results.where(update=update)
        return Rate(sum(p.slope_start is not None for p in points), len(points))

    step, sequence = arrived("step"), arrived("sequence")
    figures: Figures = {
        "per step, networks in which a gradient arrives at an earlier input": str(step),
        "per sequence": str(sequence),
    }
    if not step.of or not sequence.of:
        return Verdict(claim, figures, "undecided", NOTHING)
    word = "holds" if step.solved == 0 and sequence.solved == sequence.of else "does not hold"
    return Verdict(claim, figures, word, "measured in every network before training")
