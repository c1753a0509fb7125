"""How fast do small perturbations of the state shrink or grow, direction by direction, on the task's sequences?

An exponent of 0 is a direction that is held; one of log f is a leak with forget gate f; with one above 0, nearby states
diverge. Computed in float64; J_t is the Jacobian of the whole state, all layers, at step t of a test row.

Units: exponents in nats per step.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.results import Line, LinePlot, Table
from holdfast.engine.over_time import over_time, time_first
from holdfast.engine.traced import network_program
from holdfast.explanation.dynamics import along, in_float64, names, pack, step, using
from holdfast.explanation.factorise import qr
from holdfast.explanation.finding import Finding
from holdfast.explanation.subject import Subject
from holdfast.models.levels import Stepped

level = "steps"
formula = "Q_t R_t = J_t Q_(t-1);  lambda_i = mean over steps of log |R_t,ii|"
source = "Benettin et al. 1980, Meccanica 15; of recurrent networks: Vogt et al. 2020, arXiv:2006.14123"
caveat = (
    "An average over a finite sequence, for infinitesimal perturbations; a perturbation that reaches another basin of "
    "attraction is not covered. Single steps at which a gate opens are part of the average over all steps."
)

ROWS = 4
MOST_STEPS = 1000
MOST_DIRECTIONS = 32
"""Leading exponents that are computed. The cost grows with their number, and the memory is in the first ones."""
BURN_IN, BURN_IN_STEPS = 0.1, 40
"""Steps before the average begins, in which the directions converge: this share of all steps, at least this many steps,
and at most half of all steps."""
RESOLVED = math.log(1e-14)
"""A direction that shrinks by more than this factor per step, relative to the leading one, is below rounding."""


def measure(subject: Subject) -> Finding:
    """The leading exponents, their mean and range over rows."""
    steps, network = min(subject.finite_steps, MOST_STEPS), subject.stepped
    components = len(names(network))
    if not components or steps < 2:
        return Finding({"exponents_nats_per_step": [], "components": components})
    rows = min(ROWS, subject.batch.inputs.shape[0])
    inputs, present = (np.asarray(a)[:rows, :steps] for a in (subject.batch.inputs, subject.batch.present))
    with jax.enable_x64(True):
        directions = min(components, MOST_DIRECTIONS)
        first = np.linalg.qr(np.random.default_rng(subject.seed).normal(size=(components, directions)))[0]
        logs = np.asarray(_logs(in_float64(network), np.asarray(inputs, np.float64), present, first))
    burnt = max(math.ceil(BURN_IN * steps), min(steps // 2, BURN_IN_STEPS))
    counted = present.T & (np.arange(steps) >= burnt)[:, None]
    resolved = np.where(logs > np.maximum(RESOLVED + logs.max(-1, keepdims=True), -700), logs, -np.inf)
    by_row = np.array([resolved[counted[:, row], row].mean(0) for row in range(rows) if counted[:, row].any()])
    return _finding(by_row, components, steps, subject) if by_row.size else Finding({"exponents_nats_per_step": []})


def _spectrum(network: Stepped, inputs: jax.Array, present: jax.Array, first: jax.Array) -> jax.Array:
    """log |R_ii| [time, batch, direction] of every row."""

    def row(network: Stepped, state: jax.Array, directions: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        after, derivative = jax.linearize(partial(step, network, x=x), state)
        return after, jax.vmap(derivative, 1, 1)(directions)

    def one(carried: tuple[jax.Array, jax.Array], now: Any) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        x, weights = now
        after, turned = jax.vmap(partial(row, using(network, weights)))(*carried, x)
        q, r = qr(turned)
        return (after, q), jnp.log(jnp.abs(jnp.diagonal(r, axis1=1, axis2=2)))

    batch = inputs.shape[0]
    start = (pack(network, network.start(batch)), jnp.broadcast_to(first, (batch, *first.shape)))
    inputs, present = time_first((inputs, present))
    return over_time(one, start, (inputs, along(network, len(inputs))), present=present)[1]


_logs = network_program(_spectrum)


def _finding(by_row: np.ndarray, components: int, steps: int, subject: Subject) -> Finding:
    exponents = by_row.mean(0)
    order = np.argsort(-exponents, kind="stable")
    exponents, by_row = exponents[order], by_row[:, order]
    known = [float(e) if np.isfinite(e) else None for e in exponents]
    lag = max(1, subject.task.lag_steps)
    kept = int((exponents > -1 / lag).sum())
    largest = known[0]
    figures = {
        "exponents_nats_per_step": known,
        "largest_over_rows": [float(e) if np.isfinite(e) else None for e in by_row[:, 0]],
        "time_constant_steps": -1 / largest if largest is not None and largest < 0 else None,
        "kept_over_lag": kept,
        "components": components,
        "steps": steps,
        "rows": len(by_row),
    }
    if largest is None:
        return Finding(figures)
    heads = ("direction", "exponent (nats per step)", "least over rows", "largest over rows", "time constant (steps)")
    rows = tuple(
        (
            f"{i + 1}",
            f"{e:.6f}",
            f"{by_row[:, i].min():.6f}",
            f"{by_row[:, i].max():.6f}",
            "grows" if e > 0 else "infinite" if e == 0 else f"{-1 / e:.4g}",
        )
        for i, e in enumerate(known)
        if e is not None
    )
    lost = known.count(None)
    title = (
        f"Lyapunov exponents, {len(by_row)} rows of {steps} steps, the leading {len(known)} of {components} directions"
    )
    title += f"; {lost} of these decay within a step" if lost else ""
    line = Line("mean over rows", tuple(range(1, len(known) + 1)), tuple(known))
    parts = (
        Table(heads, rows[:8], title),
        LinePlot((line,), "direction", "exponent (nats per step)", "Lyapunov spectrum"),
    )
    return Finding(figures, parts, _sentence(largest, kept, components, lag))


def _sentence(largest: float, kept: int, components: int, lag: int) -> str:
    if largest > 1 / lag:
        doubles = f"a small perturbation doubles in {math.log(2) / largest:.3g} steps"
        return f"Nearby states diverge: the largest Lyapunov exponent is {largest:+.4g} per step, {doubles}."
    if largest < -0.5:  # gone within two steps: no memory
        return ""
    decay = f"shrinks by a factor of e in {-1 / largest:.4g} steps" if largest < 0 else "does not shrink"
    return (
        f"The largest Lyapunov exponent is {largest:+.3g} per step: a perturbation in the slowest direction {decay}; "
        f"{kept} of {components} directions {'persists' if kept == 1 else 'persist'} over the lag of {lag} steps."
    )
