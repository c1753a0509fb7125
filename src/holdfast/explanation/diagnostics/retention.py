"""How well can a probe recover x_1, and every other input, from the state at each later step, and from which units?

A linear probe and a kernel probe are fitted to the states of half of the rows and evaluated on the other half, so that
more units do not score higher by overfitting. Numbers are reported as R^2 and bits, symbols as bits.

Shapes: the state is all that is carried, every layer [component]; steps are counted from 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.core.results import Heatmap, Line, LinePlot, Part, Table
from holdfast.explanation.decode import DecodeScore, Variable, read, read_alone, variables
from holdfast.explanation.dynamics import names
from holdfast.explanation.finding import Finding
from holdfast.explanation.random_inputs import is_symbols
from holdfast.explanation.state_snapshots import fresh, spread_steps, state_snapshots
from holdfast.explanation.subject import Subject

level = "steps"
formula = (
    "numbers: R^2 = 1 - mse / variance, bits = 1/2 log2(variance / mse); symbols: bits = entropy - cross entropy; of "
    "ridge regression (straight: linear; curved: with a Gaussian kernel) on rows that were not fitted"
)
source = (
    "Linear probes: Alain & Bengio 2016, arXiv:1610.01644; retention against lag: Jaeger 2001, GMD Report 152; kernel "
    "ridge regression: Saunders, Gammerman & Vovk 1998, ICML"
)
caveat = (
    "Bits of numbers are those of a Gaussian error: a lower bound on the information where the number is Gaussian, at "
    "most 0.25 bits too many where it is uniform. A probe that recovers nothing does not prove that the state holds "
    "nothing. If the task is a fixed list of sequences, the probe is fitted and evaluated on the same rows."
)

ROWS = 400
MOST_STEPS = 16
MOST_LAGS = 1000
WORTH = 0.05
SHOWN_UNITS = 8
PROBES = {"straight": "linear", "curved": "kernel"}
"""The forms of probe, as figures and as plots name them."""


def measure(subject: Subject) -> Finding:
    """Probe for the first input that varies at every step, and for every input at the last step."""
    steps, components = subject.finite_steps, names(subject.stepped)
    if not steps or not components:
        return Finding({"reason": "The network has no state." if steps else "No step gave finite numbers."})
    batch = fresh(subject, ROWS)
    at = spread_steps(steps, MOST_STEPS)
    states = state_snapshots(subject.stepped, batch, at).astype(np.float64)
    good = np.isfinite(states).all((1, 2))
    at, states = at[good], states[good]
    inputs, present = np.asarray(batch.inputs, np.float64), np.asarray(batch.present)
    symbols = is_symbols(inputs, present)
    wanted = {
        t: variables(f"x_{t + 1}", inputs[:, t], symbols) for t in range(min(steps, MOST_LAGS)) if present[:, t].all()
    }
    wanted = {t: found for t, found in wanted.items() if found}
    if not wanted or not len(at):
        return Finding({"reason": "No input varies from row to row."})
    first = min(wanted)
    return _finding(subject, at, states, wanted, first, components)


def _finding(
    subject: Subject,
    at: np.ndarray,
    states: np.ndarray,
    wanted: dict[int, list[Variable]],
    first: int,
    components: list[str],
) -> Finding:
    later = [n for n, t in enumerate(at) if t >= first]
    shown = [int(t) for t in at if t in wanted]
    over_steps: dict[str, list[DecodeScore]] = {"straight": [], "curved": []}
    grid = np.full((len(shown), len(at)), np.nan)
    alone = np.zeros((len(components), len(later)))
    for column, n in enumerate(later):
        for form, score in zip(over_steps, _each(states[n], [wanted[first]], True), strict=True):
            over_steps[form] += score
        times = [t for t in shown if t <= at[n]]
        if times:
            straight, _ = _each(states[n], [wanted[t] for t in times], False)
            grid[: len(times), n] = [score.recovered for score in straight]
        alone[:, column] = read_alone(states[n], wanted[first])
    last = [t for t in wanted if t <= at[-1]]
    by_lag = dict(zip(over_steps, _each(states[-1], [wanted[t] for t in last], True), strict=True))
    seen = [int(at[n]) + 1 for n in later]
    figures: dict[str, Any] = {
        "read": f"x_{first + 1}",
        "measure": "share of entropy" if wanted[first][0].symbols else "R2",
        "rows": ROWS,
        "steps": seen,
        **{f"{kind}_recovered": [s.recovered for s in scores] for kind, scores in over_steps.items()},
        **{f"{kind}_bits": [s.bits for s in scores] for kind, scores in over_steps.items()},
        "last_step": int(at[-1]) + 1,
        "lags_steps": [int(at[-1] - t) for t in last],
        **{f"lag_{kind}_recovered": [s.recovered for s in scores] for kind, scores in by_lag.items()},
        **{f"lag_{kind}_bits": [s.bits for s in scores] for kind, scores in by_lag.items()},
        "units": [
            {"component": components[i], "recovered_last": float(alone[i, -1]), "recovered_most": float(alone[i].max())}
            for i in np.argsort(-alone[:, -1], kind="stable")[:SHOWN_UNITS]
        ],
    }
    best = max(max(figures["straight_recovered"]), max(figures["curved_recovered"]))
    if best < WORTH and max(figures["lag_straight_recovered"] + figures["lag_curved_recovered"]) < WORTH:
        return Finding(figures)
    parts = tuple(_parts(figures, grid, shown, at, alone, seen, components))
    return Finding(figures, parts, _sentence(figures))


def _each(states: np.ndarray, groups: list[list[Variable]], curved: bool) -> list[list[DecodeScore]]:
    """Linear and kernel probe, one score for every list of variables (all inputs of one step)."""
    both = [iter(scores) for scores in read(states, [v for group in groups for v in group], curved)]
    return [[_sum([next(scores) for _ in group]) for group in groups] for scores in both]


def _sum(scores: list[DecodeScore]) -> DecodeScore:
    """The sum of the bits, as for independent inputs, and the mean of the recovered shares."""
    return DecodeScore(float(np.mean([s.recovered for s in scores])), float(sum(s.bits for s in scores)))


def _parts(
    figures: dict[str, Any],
    grid: np.ndarray,
    shown: list[int],
    at: np.ndarray,
    alone: np.ndarray,
    seen: list[int],
    components: list[str],
) -> list[Part]:
    name, unit = figures["read"], figures["measure"]
    columns = ("straight_recovered", "straight_bits", "curved_recovered", "curved_bits")
    rows = tuple((f"{t}", *(f"{figures[c][n]:.4f}" for c in columns)) for n, t in enumerate(seen))
    heads = ("after step", f"linear ({unit})", "linear (bits)", f"kernel ({unit})", "kernel (bits)")
    parts: list[Part] = [Table(heads, rows, f"Probes for {name}, on rows that were not fitted")]
    lines = tuple(Line(label, tuple(seen), tuple(figures[f"{k}_bits"])) for k, label in PROBES.items())
    parts.append(LinePlot(lines, "after step", "bits", f"{name} in the state", x_log=True))
    lags = figures["lags_steps"]
    lines = tuple(Line(label, tuple(lags), tuple(figures[f"lag_{k}_recovered"])) for k, label in PROBES.items())
    parts.append(LinePlot(lines, "lag (steps)", unit, f"retention at step {figures['last_step']}"))
    values = tuple(tuple(None if np.isnan(v) else float(v) for v in row) for row in grid)
    rows_read = tuple(f"x_{t + 1}" for t in shown)
    after = tuple(f"{t + 1}" for t in at)
    if shown:
        parts.append(
            Heatmap(values, rows_read, after, "input", "after step", unit, "retention of every lag, linear probe")
        )
    most = np.flatnonzero(alone.max(1) > WORTH)
    if len(most):
        values = tuple(tuple(float(v) for v in alone[i]) for i in most)
        named = tuple(components[i] for i in most)
        title = f"{name} from one unit alone"
        parts.append(Heatmap(values, named, tuple(map(str, seen)), "state", "after step", "R2", title))
    return parts


def _sentence(figures: dict[str, Any]) -> str:
    name, last = figures["read"], figures["last_step"]
    straight, curved = figures["straight_bits"][-1], figures["curved_bits"][-1]
    unit = "R²" if figures["measure"] == "R2" else "share of entropy"
    if max(figures["straight_recovered"][-1], figures["curved_recovered"][-1]) >= WORTH:
        text = (
            f"After step {last} a linear probe recovers {straight:.2f} bits of {name} "
            f"({unit} = {figures['straight_recovered'][-1]:.4g}), a kernel probe {curved:.2f}"
        )
        best = figures["units"][0]
        alone = f"; {best['component']} alone gives R² = {best['recovered_last']:.3g}"
        return text + (alone if best["recovered_last"] >= WORTH else "; no single unit gives it") + "."
    recovered = np.maximum(figures["straight_recovered"], figures["curved_recovered"])
    there = [t for t, r in zip(figures["steps"], recovered, strict=True) if r >= WORTH]
    lags = np.maximum(figures["lag_straight_recovered"], figures["lag_curved_recovered"])
    reach = max((lag for lag, r in zip(figures["lags_steps"], lags, strict=True) if r >= WORTH), default=None)
    when = f"after step {there[-1]}" if there else "at any step"
    more = f"; at the last step they recover inputs of up to {reach} steps earlier" if reach is not None else ""
    return f"The probes recover nothing of {name} {when}{more}."
