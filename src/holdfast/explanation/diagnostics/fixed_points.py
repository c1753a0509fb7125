"""Which fixed and slow points does the state have under a constant input, how stable are they, and how fast is the
drift?

The state is everything carried from step to step: h and c of an LSTM, all layers of a deep network. Stable fixed points
hold bits. Numbers need a continuum of fixed points, which most cells have only approximately: their slow points, whose
speed gives the horizon.

Units: speed in state per step; horizon in steps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from holdfast.core.results import Part, Table, finite
from holdfast.explanation.dynamics import TIMELESS, bound_to_time, holding_input, names
from holdfast.explanation.equilibria import run_on, still
from holdfast.explanation.finding import Finding
from holdfast.explanation.subject import Subject

level = "steps"
formula = (
    "minimise q(s) = 1/2 |F(s) - s|^2 under a constant input; eigenvalues of dF/ds there; horizon = spread of the "
    "states over rows / |F(s) - s|"
)
source = "Sussillo & Barak 2013, Neural Computation 25(3)"
caveat = (
    "The search starts at states that the network visits and at points between them; others may exist. One constant "
    "input stands for all inputs while the network holds. The horizon assumes a constant drift: a drift that slows "
    "down lasts longer, and in a coarser number format it may stop."
)

STARTS, NUMBERS = 64, 2**21
"""Starts of the search, and the largest total size of their Jacobians: states of more than 181 components get fewer
starts, at least four. The time grows with the number of starts and the cube of the components."""
SETTLING_STEPS = 50
"""Steps of the holding input before drift is measured, in which fast directions decay."""
STILL, EXACT = 1e-9, 1e-15
"""|F(s) - s| / (1 + |s|) of a fixed point is at most the first, and Newton's estimate of the root is the same point;
below the second it is rounding."""
SLOW = 1e-2
"""|F(s) - s| up to which a point is called slow."""
NEAR = 1e-4
"""Points closer than this share of the states' spread are merged."""
SHOWN = 12
FORGETS = math.exp(-0.5)
"""A single stable point whose slowest direction shrinks faster than this per step is not reported."""


def measure(subject: Subject) -> Finding:
    """Fixed points, slow points, and the drift of the states that the task's sequences reach."""
    steps, network = subject.finite_steps, subject.stepped
    if bound_to_time(network):
        return Finding({"points": [], "reason": TIMELESS})
    if not names(network) or not steps:
        return Finding({"points": [], "reason": "There is no state." if steps else "No step gave finite numbers."})
    x, which = holding_input(subject.inputs[:, :steps], subject.present[:, :steps])
    visited = _visited(subject, steps)
    settled, moves = run_on(network, visited, x, SETTLING_STEPS)
    pairs = np.random.default_rng(subject.seed).permutation(len(visited))
    half = max(4, min(STARTS, NUMBERS // visited.shape[1] ** 2)) // 2
    starts = np.concatenate([visited[:half], (visited + visited[pairs])[:half] / 2])
    found = still(network, starts, x)
    spread = float(np.sqrt(settled.var(0).sum())) if np.isfinite(settled).all() else math.inf
    points, strays = _distinct(found.points, found.moves, found.jacobians, spread)
    figures = {
        "input": [float(v) for v in x],
        "input_is": which,
        "points": points[:SHOWN],
        "fixed": sum(p["kind"] == "fixed" for p in points),
        "stable": sum(p["kind"] == "fixed" and p["stable"] for p in points),
        "slow": sum(p["kind"] == "slow" for p in points),
        "starts": len(starts),
        "not_converged": strays,
        **_drift(settled, moves, spread, names(network)),
    }
    return Finding(figures, tuple(_parts(figures, which)), _sentence(figures, points))


def _visited(subject: Subject, steps: int) -> np.ndarray:
    """States [start, component] of the second half of the rows, spread over rows and steps."""
    layers = [state for layer in subject.states for state in layer.values()]
    rows = np.resize(np.arange(subject.rows), STARTS)
    late = np.resize(np.unique(np.linspace(steps // 2, steps - 1, 8).astype(int)), STARTS)
    return np.concatenate([layer[rows, late] for layer in layers], -1)


def _distinct(
    points: np.ndarray, moves: np.ndarray, jacobians: np.ndarray, spread: float
) -> tuple[list[dict[str, Any]], int]:
    """The distinct points, of merged ones the slowest, with their eigenvalues; and how many starts did not converge."""
    speeds = np.linalg.norm(moves, axis=1)
    good = np.isfinite(points).all(1) & (speeds <= SLOW)
    kept: list[int] = []
    near = max(NEAR * spread, 1e-7) if math.isfinite(spread) else 1e-4
    for i in np.argsort(speeds, kind="stable"):
        if good[i] and all(np.linalg.norm(points[i] - points[k]) > near for k in kept):
            kept.append(int(i))
    described = []
    for i in kept:
        values = np.linalg.eigvals(jacobians[i])
        values = values[np.argsort(-np.abs(values), kind="stable")]
        described.append(
            {
                "kind": "fixed" if _is_fixed(points[i], moves[i], jacobians[i], near) else "slow",
                "speed_per_step": float(speeds[i]),
                "stable": bool(np.abs(values[0]) < 1),
                "growing_directions": int((np.abs(values) > 1 + 1e-9).sum()),
                "eigenvalues": [[float(v.real), float(v.imag)] for v in values[:4]],
                "gap_to_one": float(np.abs(values - 1).min()),
                "largest_modulus": float(np.abs(values[0])),
                "state": [float(v) for v in points[i]],
            }
        )
    return described, int((~good).sum())


def _is_fixed(point: np.ndarray, move: np.ndarray, jacobian: np.ndarray, near: float) -> bool:
    """Whether this is a fixed point of F and not a slow point near one."""
    speed, size = np.linalg.norm(move), 1 + np.linalg.norm(point)
    away = np.linalg.norm(np.linalg.lstsq(jacobian - np.eye(len(point)), -move, rcond=1e-14)[0])
    return bool(speed <= EXACT * size or (speed <= STILL * size and away <= near))


def _drift(settled: np.ndarray, moves: np.ndarray, spread: float, components: list[str]) -> dict[str, Any]:
    """The drift of the states, in the components in which the rows differ."""
    if not math.isfinite(spread):
        return {
            "spread": None,
            "drift_per_step": None,
            "inverse_speed_steps": None,
            "horizon_steps": None,
            "moving": [],
        }
    differ = settled.std(0)
    telling = differ > 1e-3 * differ.max(initial=0)
    speed = float(np.median(np.linalg.norm(moves[:, telling], axis=1))) if telling.any() else 0.0
    alike = spread <= 1e-6 * (1 + np.abs(settled).max())
    moving = [components[i] for i in np.flatnonzero(np.abs(moves).mean(0) > SLOW) if not telling[i]]
    return {
        "spread": spread,
        "drift_per_step": speed,
        "inverse_speed_steps": finite(1 / speed) if speed else None,
        "horizon_steps": None if alike or not speed else finite(spread / speed),
        "rows_told_apart": not alike,
        "moving": moving,
    }


def _parts(figures: dict[str, Any], which: str) -> list[Part]:
    rows = tuple(
        (
            f"{n}",
            p["kind"],
            "stable"
            if p["stable"]
            else f"{p['growing_directions']} growing"
            if p["growing_directions"]
            else "marginal",
            f"{p['speed_per_step']:.1e}",
            "  ".join(f"{re:.6g}" + (f"{im:+.3g}i" if im else "") for re, im in p["eigenvalues"][:3]),
        )
        for n, p in enumerate(figures["points"], 1)
    )
    if not rows:
        return []
    heads = ("point", "kind", "stability", "speed (per step)", "leading eigenvalues")
    count = figures["fixed"] + figures["slow"]
    left = f", {len(rows)} of {count}" if count > len(rows) else ""
    return [Table(heads, rows, f"fixed and slow points under {which} {_numbers(figures['input'])}{left}")]


def _numbers(x: list[float]) -> str:
    return "(" + ", ".join(f"{v:.3g}" for v in x[:8]) + (", ..." if len(x) > 8 else "") + ")"


def _sentence(figures: dict[str, Any], points: list[dict[str, Any]]) -> str:
    said = []
    stable, line = figures["stable"], [p for p in points if p["kind"] == "fixed" and p["gap_to_one"] < 1e-9]
    if len(line) > 1:
        said.append(f"{len(line)} fixed points with an eigenvalue of 1: a continuum of fixed points")
    elif stable > 1:
        saddles = figures["fixed"] - stable
        more = f" and {saddles} unstable" if saddles else ""
        said.append(
            f"{stable} stable fixed points{more}: they hold {math.log2(stable):.3g} bits without decay if unperturbed"
        )
    if figures.get("horizon_steps") and figures["slow"]:
        drift = f"states drift by {figures['drift_per_step']:.2g} per step near slow points"
        said.append(f"{drift}, so they are lost after about {figures['horizon_steps']:.3g} steps")
    if not said and stable == 1 and figures["fixed"] == 1 and points[0]["largest_modulus"] > FORGETS:
        size = points[0]["largest_modulus"]
        said.append(
            f"one stable fixed point, which all states approach by a factor of e in {-1 / math.log(size):.4g} steps"
        )
    text = "; ".join(said)
    return text[:1].upper() + text[1:] + "." if text else ""
