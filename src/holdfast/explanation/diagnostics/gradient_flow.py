"""Does the gradient of the answer with respect to earlier states and inputs vanish, explode or persist?

At every distance d = T - t from the answer y_T: the derivative of the loss with respect to the state at t, of the
answer with respect to that state and to the input x_t, and of the hidden state h_T with respect to h_t (its largest
singular values). Where gates keep a state additively (LSTM: c' = f*c + i*g), the direct path, which is the product of
the keep gates, is reported apart from the paths through gates and candidates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.core.results import Line, LinePlot, Part, Table, finite, some
from holdfast.engine.readings.properties import shown as shown_by
from holdfast.explanation.backwards import Backwards, backwards
from holdfast.explanation.finding import Finding
from holdfast.explanation.gating import keeping
from holdfast.explanation.jacobians import Jacobians
from holdfast.explanation.subject import Subject
from holdfast.models.levels import reaches

level = "steps"
formula = (
    "d y_T / d s_t = d y_T / d s_{T-1} * F'_{T-1} ... F'_{t+1}, F' = d s_t / d s_{t-1}; "
    "slope = d log|d y_T / d s_t| / d (T - t); additive path: product of the keep gates from t+1 to T"
)
source = (
    "Hochreiter 1991 (diploma thesis); Bengio, Simard & Frasconi 1994, IEEE Trans. Neural Networks 5(2); Pascanu, "
    "Mikolov & Bengio 2013, arXiv:1211.5063"
)
caveat = (
    "A derivative describes small changes. A saturated gate has a gradient of zero however well it protects a number, "
    "and a number that is held exactly may not affect the answer."
)

SHOWN = 200
"""At most this many distances are reported, evenly spaced."""
SPECTRA, VALUES = 12, 5
"""At how many of these distances the singular values of d h_T / d h_t are computed, and how many are reported."""
VANISHED, SAME = 1e-3, 0.1
"""Ratio of the farthest to the nearest gradient: below the first it has vanished, from the second on it persists."""


@dataclass(frozen=True)
class Flow:
    """One row's derivatives by distance d = 0, 1, ... from its answer; NaN where there is none.

    ``answer_input``: |d y_T / d x_{T-d}|; the others are with respect to the state d steps before the answer:
    ``loss`` by the state's name; ``answer`` for the whole; ``hidden`` log10 of the norm of d h_T / d h_{T-d};
    ``direct`` the largest product of keep gates, ``rest`` the norm of the remainder of d c_T / d c_{T-d};
    ``spectra`` by distance.
    """

    loss: dict[str, np.ndarray]
    answer: np.ndarray
    answer_input: np.ndarray
    hidden: np.ndarray
    direct: np.ndarray
    rest: np.ndarray
    spectra: dict[int, list[float]]


def measure(subject: Subject) -> Finding:
    """The derivatives at every distance, as means over rows, their slope, and the verdict."""
    jacobians, flows = subject.jacobians, []
    if jacobians.size:
        found = backwards(subject, len(jacobians.rows), jacobians.first)
        flows = [_flow(subject, jacobians, found, number) for number in range(len(jacobians.rows))]
    flows = [flow for flow in flows if len(flow.answer) > 1]
    if not flows:
        return Finding({"rows": 0, "distances": [], "verdict": None})
    steps = max(len(flow.answer) for flow in flows)
    distances = some(range(steps), SHOWN)
    answer = _mean([flow.answer for flow in flows], steps)
    slope, factor = slope_of(answer)
    whole = _change(answer)
    lines = {
        "answer_by_state": answer,
        "answer_by_input": _mean([flow.answer_input for flow in flows], steps),
        **{f"loss_by_{name}": _mean([flow.loss[name] for flow in flows], steps) for name in flows[0].loss},
        "hidden_by_hidden_log10": _mean([flow.hidden for flow in flows], steps, log=False),
        "additive_path": _mean([flow.direct for flow in flows], steps),
        "beside_additive_path": _mean([flow.rest for flow in flows], steps),
    }
    figures: dict[str, Any] = {
        "rows": len(flows),
        "distances": distances,
        **{name: [_figure(float(line[d])) for d in distances] for name, line in lines.items()},
        "spectrum": {str(d): values for d, values in sorted(flows[0].spectra.items())},
        "slope_per_step": slope,
        "factor_per_step": factor,
        "factor_in_all": whole,
        "farthest_steps": steps - 1,
        "verdict": verdict(whole),
    }
    return Finding(figures, tuple(_parts(distances, lines, figures)), _sentence(figures))


def _flow(subject: Subject, jacobians: Jacobians, found: Backwards, number: int) -> Flow:
    """The flow of one row. The state d steps before the answer is the one that enters the following step."""
    last = int(found.last[number])
    none = np.full(last + 1, np.nan)
    if last < 1:
        return Flow({}, none, none, none, none, none, {})
    held, read = np.s_[number, last:0:-1], np.s_[number, last::-1]
    loss = {name: np.r_[np.nan, line[held]] for name, line in found.loss.items()}
    hidden, direct, rest, spectra = _paths(subject, jacobians, number, last)
    return Flow(loss, np.r_[np.nan, found.answer[held]], found.answer_input[read], hidden, direct, rest, spectra)


def _paths(
    subject: Subject, jacobians: Jacobians, number: int, last: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[int, list[float]]]:
    """Of the top layer: log10 |d h_T / d h_t|, the product of keep gates, the norm of the remainder, singular
    values."""
    top, row, first = len(subject.states) - 1, jacobians.rows[number], jacobians.first
    hidden, direct, rest = (np.full(last + 1, np.nan) for _ in range(3))
    of_top = [name for layer, name in jacobians.places if layer == top]
    opened = reaches(subject.model, "opened")
    candidates = (shown_by(subject.network.cell), "h", *of_top) if opened else ("h", *of_top)
    seen = jacobians.places[top, next(name for name in candidates if name in of_top)]
    held = jacobians.places[top, subject.kept_in or of_top[-1]]
    wanted = set(some(range(last + 1), SHOWN))
    shown = set(some(sorted(wanted - {0}), SPECTRA))
    keep, kept = keeping(subject, top) if opened else None, np.ones(held.stop - held.start)
    product, scale, spectra = np.eye(jacobians.size), 0.0, {}
    for t in range(last, -1, -1):
        distance = last - t
        if distance in wanted:
            values = np.linalg.svd(product[seen, seen], compute_uv=False)
            with np.errstate(divide="ignore"):
                hidden[distance] = np.log10(values[0]) + scale if values[0] > 0 else -np.inf
            if distance in shown:
                spectra[distance] = [_figure(v * 10.0**scale) for v in values[:VALUES]]
            if keep is not None:
                direct[distance] = np.abs(kept).max(initial=0.0)
                beside = product[held, held] * 10.0**scale - np.diag(kept)
                rest[distance] = np.linalg.norm(beside, 2) if np.isfinite(beside).all() else np.nan
        product = product @ jacobians.state[number, t]
        if keep is not None:
            kept = kept * keep[row, first + t]
        size = np.abs(product).max(initial=0.0)
        if size > 1e100 or 0 < size < 1e-100:  # the power of ten is kept apart to avoid overflow
            product, scale = product / size, scale + math.log10(size)
    return hidden, direct, rest, spectra


def _mean(lines: list[np.ndarray], steps: int, log: bool = True) -> np.ndarray:
    """The mean over rows at each distance, the geometric one where ``log``; NaN where no row has a number."""
    table = np.full((len(lines), steps), np.nan)
    for number, line in enumerate(lines):
        table[number, : len(line)] = line
    with np.errstate(divide="ignore", invalid="ignore"):
        table = np.log(table) if log else table
        there = ~np.isnan(table)
        mean = np.where(there, table, 0).sum(0) / there.sum(0)
        return np.exp(mean) if log else mean


def slope_of(line: np.ndarray) -> tuple[float | None, float | None]:
    """The slope of log(line) per step, by least squares over every distance with a positive number, and its factor.

    >>> slope, factor = slope_of(np.array([np.nan, 1.0, 0.5, 0.25]))
    >>> round(factor, 12)
    0.5
    """
    distances = np.flatnonzero(np.isfinite(line) & (line > 0))
    if len(distances) < 2:
        return None, None
    slope = float(np.polyfit(distances, np.log(line[distances]), 1)[0])
    return slope, math.exp(min(slope, 700.0))


def _change(line: np.ndarray) -> float | None:
    """The ratio of the gradient at the farthest distance to that at the nearest."""
    known = np.flatnonzero(~np.isnan(line))
    if len(known) < 2 or not line[known[0]] > 0:
        return None
    with np.errstate(over="ignore"):
        return finite(float(line[known[-1]] / line[known[0]]))


def verdict(whole: float | None) -> str | None:
    """The verdict on a gradient that changes by this factor from the nearest to the farthest distance.

    >>> [verdict(factor) for factor in (1e-9, 0.01, 0.9, 30.0, 1e9)]
    ['vanishes', 'shrinks', 'persists', 'grows', 'explodes']
    """
    if whole is None:
        return None
    if SAME < whole < 1 / SAME:
        return "persists"
    if whole < 1:
        return "vanishes" if whole < VANISHED else "shrinks"
    return "explodes" if whole > 1 / VANISHED else "grows"


def _figure(value: float) -> float | None:
    return finite(float(f"{value:.6g}"))


def _sentence(figures: dict[str, Any]) -> str:
    whole, steps = figures["factor_in_all"], figures["farthest_steps"]
    if whole is None:
        return ""
    factor = figures["factor_per_step"]
    each = f" ({factor:.4g} per step)" if factor is not None else ""
    ratio = f"at {steps} steps before the answer |dy_T/ds_t| is {whole:.3g} times its value at the answer{each}"
    return f"The gradient {figures['verdict']}: {ratio}."


NAMES = {
    "answer_by_state": "|dy_T/ds_t|",
    "answer_by_input": "|dy_T/dx_t|",
    "additive_path": "additive path",
    "beside_additive_path": "other paths",
}


def _parts(distances: list[int], lines: dict[str, np.ndarray], figures: dict[str, Any]) -> list[Part]:
    drawn = []
    for name, line in lines.items():
        values = 10.0**line if name.endswith("log10") else line
        shown = tuple(finite(float(values[d])) if values[d] > 0 else None for d in distances)
        if any(value is not None for value in shown):
            label = NAMES.get(name, "|dh_T/dh_t|" if name.endswith("log10") else f"|dloss/d{name[8:]}_t|")
            drawn.append(Line(label, tuple(float(d) for d in distances), shown))
    title = "Gradient flow: derivative of the answer, by steps before it"
    parts: list[Part] = [LinePlot(tuple(drawn), "steps before the answer", "norm of the derivative", title, y_log=True)]
    if figures["spectrum"]:
        rows = tuple(
            (distance, " ".join("-" if v is None else f"{v:.3g}" for v in values))
            for distance, values in figures["spectrum"].items()
        )
        parts.append(Table(("steps before", "largest singular values of dh_T/dh_t"), rows))
    return parts
