"""Why gates, and not one network for the state: which of the usual answers are so, measured?

Why not one network that maps input and state to the new state? Why not one for what is seen of it? The answers that
are given: an additive path keeps the error constant, while a learned map has to be gone back through at every step;
identity recurrence keeps everything, but new inputs pile up and saturate it; gates decide what is written and what is
seen; weights of their own for every step cannot serve a longer sequence. Each alternative is a cell here, trained on
the same task: the first of two symbols, after 10, 30 and 100 steps of distractors.

Each claim is about success at the longest lag, or about the gradient at the start of training, seed by seed: how much
the loss depends on earlier inputs, as a slope in decades per step back from the answer.

Source: a public question on why an LSTM has gates, and its answers; Hochreiter & Schmidhuber 1997 (constant error
carousel); Gers, Schmidhuber & Cummins 2000 (forget gate); Le, Jaitly & Hinton 2015 (identity recurrence); Jozefowicz,
Zaremba & Sutskever 2015 (output gate).
"""

from __future__ import annotations

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict, Word
from holdfast.core.rates import Rate
from holdfast.studies.questions import _echo, _trained
from holdfast.studies.questions._measures import NOTHING, Figures, compared, middle, mostly, paired, percent, rounded
from holdfast.training.learner import first_networks

GATED = ("lstm", "gru")
OTHERS = ("irnn", "one_network", "residual", "no_output_gate", "masked_output", "output_network")
IDENTITY = "keras+identity"
"""Of elman: a tanh that begins by copying its state. (That of irnn, a rectifier, is its own.)"""


def grids() -> tuple[Grid, ...]:
    return (
        _echo.grid((*GATED, *OTHERS)),
        _echo.grid(("elman",), initialisations=(IDENTITY,)),
        _echo.grid(("lstm",), _echo.LAGS[:1], weights="per_step"),
    )


def verdicts(results: Results) -> tuple[Verdict, ...]:
    longest = max((p["lag_steps"] for p in results.points), default=0)

    def at(cell: str, lag: int = longest):
        return f"{cell}, lag {lag}", results.where(cell=cell, lag_steps=lag, weights="shared")

    return (
        _saturates(results),
        compared("identity recurrence fails at a long lag where gates succeed", at("lstm"), at("elman")),
        compared("so does identity recurrence with rectifiers, which cannot saturate", at("lstm"), at("irnn")),
        _gradient(
            results,
            longest,
            "one network for the cell state loses the gradient: with a learned map in the place of the gates it falls "
            "faster, going back, than in the LSTM",
            "one_network",
            "lstm",
        ),
        compared("one network for the cell state fails at a long lag", at("lstm"), at("one_network")),
        _gradient(
            results,
            longest,
            "the additive path keeps the gradient: the same network, added to the state instead of replacing it",
            "one_network",
            "residual",
        ),
        compared("with the additive path alone, without gates, the long lag is learned", *_both(at)),
        compared("the output gate is needed", at("lstm"), at("no_output_gate")),
        compared("one network for what is seen of the state is worse than a gate", at("lstm"), at("output_network")),
        compared("a learned mask in the place of the output's gate is worse", at("lstm"), at("masked_output")),
        compared("the GRU, which gates the state without a learned map on it, does better", at("gru"), at("lstm")),
        _per_step(results),
    )


def _both(at):
    return at("residual"), at("one_network")


def _saturates(results: Results) -> Verdict:
    """Before training: what the recurrence does by itself with what comes in."""
    claim = "identity recurrence saturates: new inputs pile up in it until its units are full"
    shares: dict[str, list[tuple[tuple[float, float], ...]]] = {"elman": [], "lstm": []}
    longest = max((p["lag_steps"] for p in results.points), default=0)
    for grid in results.grids:
        for configuration in grid.configurations():
            s = configuration.settings
            if s.cell in shares and s.task.lag_steps == longest and s.learning_rate == grid.values("learning_rate")[0]:
                fresh = first_networks(s, list(range(s.seeds)))
                shares[s.cell] += [_trained.share_full(network, s.task) for network in fresh]
    found = shares["elman"]
    if not found:
        return Verdict(claim, {}, "undecided", NOTHING)
    figures: Figures = {}
    rates = []
    for number, line in enumerate(_trained.FULL):
        one, other = ([network[number] for network in shares[cell]] for cell in shares)
        rates.append(Rate(sum(late > early for early, late in one), len(one)))
        full = f"beyond ±{line:.2f}"
        figures[f"units {full} after a tenth of the steps (median share)"] = middle(early for early, _ in one)
        figures[f"units {full} at the end"] = middle(late for _, late in one)
        figures[f"the same in the LSTM, {full}"] = middle(late for _, late in other)
        figures[f"networks in which more units are {full} at the end"] = str(rates[-1])
    words: set[Word] = {mostly(rate) for rate in rates}
    said = ", ".join(f"{percent(r)} beyond ±{line:.2f}" for r, line in zip(rates, _trained.FULL, strict=True))
    why = f"networks in which, before training, more units are full at the end than after a tenth of the steps: {said}"
    agreed: Word = words.pop() if len(words) == 1 else "undecided"
    return Verdict(claim, figures, agreed, why)


def _gradient(results: Results, lag: int, claim: str, steep: str, flat: str) -> Verdict:
    one, other = (results.where(cell=cell, lag_steps=lag, weights="shared") for cell in (steep, flat))
    rate = paired(one, other, lambda point: point.slope_start)
    figures = {
        f"{steep}, slope at the start (median decades per step)": middle(p.slope_start for p in one),
        f"{flat}, slope at the start": middle(p.slope_start for p in other),
        f"{steep}, slope after training": middle(p.slope_end for p in one),
        f"{flat}, slope after training": middle(p.slope_end for p in other),
        "seeds in which it is steeper": str(rate),
    }
    if not rate.of:
        return Verdict(claim, figures, "undecided", "no gradient arrived in one of the two, or nothing was measured")
    why = f"steeper in {percent(rate)} of seeds, pair by pair at lag {lag}"
    return Verdict(claim, figures, mostly(rate), why)


def _per_step(results: Results) -> Verdict:
    claim = "separate weights for every step cannot generalise in length"
    lag = _echo.LAGS[0]
    points = [p for p in results.where(cell="lstm", lag_steps=lag, weights="per_step") if p.solved]
    if not points:
        return Verdict(claim, {}, "undecided", f"no network with separate weights learned lag {lag}")
    networks = _trained.kept(results, points)
    longer = _trained.longer(points[0], 2)
    read = [_trained.solves(network, longer) for network in networks]
    shared = [p for p in results.where(cell="lstm", lag_steps=lag, weights="shared") if p.solved]
    ours = [_trained.solves(network, longer) for network in _trained.kept(results, shared)]
    refused = Rate(sum(r is None for r in read), len(read))
    figures = {
        f"networks with separate weights that solve lag {lag}": len(points),
        f"of these, unable to read the {longer.longest} steps of lag {longer.lag_steps}": str(refused),
        "numbers in one of them over those in one LSTM": rounded(
            _trained.weights(networks[0]) / _trained.weights(results.networks(shared[0]))
        )
        if shared
        else None,
        f"LSTMs of lag {lag} that also solve lag {longer.lag_steps}": str(
            Rate(sum(r is True for r in ours), len(ours))
        ),
    }
    why = f"{refused.solved} of {refused.of} have no weights for the steps beyond those they were made for"
    return Verdict(claim, figures, mostly(refused), why)
