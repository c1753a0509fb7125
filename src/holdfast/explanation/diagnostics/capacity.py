"""How many of the latest inputs can a linear read-out recover from the state (the memory capacity)?

The network runs on inputs drawn independently at every step. After a settling time, the input of k steps earlier is
regressed on the state, for every lag k. The capacity is the sum of R^2 over lags; it cannot exceed the number of
components of the state.

The input of the step itself, lag 0, is no memory: the sentence counts what is recovered of past inputs.

Units: capacity in inputs (each fully recovered input counts 1).
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from holdfast.core.results import Line, LinePlot, Table
from holdfast.engine.over_time import over_time, time_first
from holdfast.engine.traced import network_program
from holdfast.explanation.dynamics import TIMELESS, advanced, bound_to_time, in_float64, pack
from holdfast.explanation.finding import Finding
from holdfast.explanation.random_inputs import random_inputs
from holdfast.explanation.subject import Subject
from holdfast.models.levels import Stepped
from holdfast.models.steps import Steps

level = "steps"
formula = (
    "MC = sum over k of MC_k,  MC_k = 1 - mean squared error / variance of the best linear reading of u_(t-k), which "
    "for least squares is the squared correlation; measured on rows that were not fitted, and not counted below 0.01"
)
source = "Jaeger 2001, GMD Report 152; several inputs, bounds, threshold: Dambre et al. 2012, Scientific Reports 2"
caveat = (
    "It describes the stationary state, on inputs drawn independently over the task's range: a network that writes "
    "once and then holds has a capacity of 0, however well it remembers its first input."
)

SEQUENCES = 16
SETTLING_STEPS = 200
READ_STEPS = 250
MOST_LAG = 200
WORTH = 0.01
"""Least R^2 that is counted: below it lies what a regression on finitely many steps finds in noise (Dambre et al.)."""


def measure(subject: Subject) -> Finding:
    """The capacity of the output of the top layer, and that of the whole state."""
    network = subject.stepped
    if bound_to_time(network):
        return Finding({"capacity_inputs": None, "reason": TIMELESS})
    size = network.size if isinstance(network, Steps) else network.units * len(network.layers)
    lags = min(MOST_LAG, 2 * size + 20)
    steps = SETTLING_STEPS + lags + READ_STEPS
    inputs, values = random_inputs(subject, SEQUENCES, steps)
    with jax.enable_x64(True):
        hidden, state = (np.asarray(a) for a in _drive(in_float64(network), np.asarray(inputs, np.float64)))
    seen = np.isfinite(hidden).all() and np.isfinite(state).all()
    if not seen or not subject.finite_steps:
        return Finding({"capacity_inputs": None, "reason": "The state does not stay finite on random inputs."})
    curve = _by_lag(hidden, values, lags)
    whole = _by_lag(state, values, lags) if state.shape[-1] else np.zeros_like(curve)
    return _finding(curve, whole, hidden.shape[-1], state.shape[-1])


def _driven(network: Stepped, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The top output [time, batch, unit] (of a model of level *steps* its output), and the state [time, batch,
    component]."""

    def one(state: Any, x: jax.Array) -> Any:
        hidden, state = advanced(network, state, x)
        return state, (hidden, pack(network, state) if jax.tree.leaves(state) else hidden[..., :0])

    return over_time(one, network.start(inputs.shape[0]), time_first(inputs))[1]


_drive = network_program(_driven, lambda *_: (0, 0))


def _by_lag(read: np.ndarray, values: np.ndarray, lags: int) -> np.ndarray:
    """R^2 [lag, value] by two-fold cross-validation over sequences.

    ``read`` [time, batch, component], ``values`` [batch, time, value] of variance 1, independent of each other.
    """
    steps, batch, components = read.shape
    first = steps - READ_STEPS
    moving = read[first:].reshape(-1, components).std(0)
    used = moving > 1e-13 * np.abs(read[first:]).max(initial=1e-300)
    scaled = read[first:][..., used] / moving[used]
    lagged = np.stack([values[:, first - k : steps - k] for k in range(lags)], -1)  # [batch, time, value, lag]
    lagged = lagged.transpose(1, 0, 3, 2)
    half = batch // 2
    errors, spreads = 0.0, 0.0
    for fitted, held in ((slice(0, half), slice(half, batch)), (slice(half, batch), slice(0, half))):
        a, b = _with_one(scaled[:, fitted]), lagged[:, fitted].reshape(-1, lags * values.shape[-1])
        weights = np.linalg.lstsq(a, b, rcond=1e-12)[0]
        wanted = lagged[:, held].reshape(-1, b.shape[-1])
        errors = errors + ((wanted - _with_one(scaled[:, held]) @ weights) ** 2).sum(0)
        spreads = spreads + ((wanted - b.mean(0)) ** 2).sum(0)
    determined = 1 - errors / spreads
    return np.where(determined < WORTH, 0.0, determined).reshape(lags, values.shape[-1])


def _with_one(a: np.ndarray) -> np.ndarray:
    flat = a.reshape(a.shape[0] * a.shape[1], a.shape[-1])
    return np.concatenate([flat, np.ones((len(flat), 1))], 1)


def _finding(curve: np.ndarray, whole: np.ndarray, units: int, components: int) -> Finding:
    by_lag, of_state = curve.sum(1), whole.sum(1)
    capacity, state_capacity = float(by_lag.sum()), float(of_state.sum())
    past = float(by_lag[1:].sum())
    reach = int(np.flatnonzero(np.maximum(by_lag, of_state) > 0.5).max(initial=-1))
    figures = {
        "capacity_inputs": capacity,
        "capacity_past_inputs": past,
        "capacity_state_inputs": state_capacity,
        "units": units,
        "components": components,
        "values_per_step": curve.shape[1],
        "by_lag": [float(v) for v in by_lag],
        "by_lag_state": [float(v) for v in of_state],
        "furthest_lag_steps": reach if reach >= 0 else None,
    }
    if past + float(of_state[1:].sum()) < WORTH:
        return Finding(figures)
    last = min(len(by_lag), int(np.flatnonzero(np.maximum(by_lag, of_state) > WORTH).max(initial=0)) + 3)
    heads = ("read from", "components", "capacity (inputs)", "without lag 0")
    rows = (
        ("output of the top layer", f"{units}", f"{capacity:.3f}", f"{past:.3f}"),
        ("whole state", f"{components}", f"{state_capacity:.3f}", f"{of_state[1:].sum():.3f}"),
    )
    x = tuple(range(last))
    lines = tuple(
        Line(name, x, tuple(float(v) for v in values[:last]))
        for name, values in (("output of the top layer", by_lag), ("whole state", of_state))
    )
    parts = (
        Table(heads, rows, "memory capacity"),
        LinePlot(lines, "lag (steps)", "R²", "capacity by lag"),
    )
    furthest = f"; R² is above 0.5 up to a lag of {reach} {'step' if reach == 1 else 'steps'}" if reach > 0 else ""
    counted = f"{past:.2f} past inputs (the present one not counted), at most {units}"
    summary = f"Memory capacity of the {units} outputs on independent inputs: {counted}"
    return Finding(figures, parts, f"{summary}{furthest}.")
