"""How large a perturbation at every step does the answer tolerate, random or adversarial?

Every pre-activation of every gate is perturbed by at most e at every step. The margin lies below the least e at which
an adversarial perturbation made an answer wrong. Random signs make an answer wrong only at a larger e.

Units: those of a pre-activation, the argument of a sigmoid or tanh.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.results import Part, Table
from holdfast.engine.network import Network
from holdfast.engine.traced import TracedProgram, network_program
from holdfast.explanation.dynamics import TIMELESS, bound_to_time, in_float64
from holdfast.explanation.finding import Finding
from holdfast.explanation.perturbed_rollout import columns, perturbed_rollout
from holdfast.explanation.subject import Subject

level = "opened"
formula = (
    "the least e for which some |xi_t| <= e, added to every pre-activation, makes a right answer wrong; of one "
    "bistable unit m <- tanh(alpha m + xi): xi_c = alpha m_c - atanh(m_c), m_c = sqrt(1 - 1/alpha)"
)
source = (
    "Projected gradient ascent on signs, several starts: Madry et al. 2018, arXiv:1706.06083; noise tolerance of "
    "latched bits: Bengio, Simard & Frasconi 1994, IEEE Transactions on Neural Networks 5(2)"
)
caveat = (
    "A failed attack proves nothing: the margin is at most the perturbation that made an answer wrong. Only a few rows "
    "are attacked, in float64, where a gate that is exactly 0 in float32 may be slightly above 0."
)

LEAST, MOST = 1e-5, 100.0
"""The range in which a margin is searched."""
ROW_STEPS = 8_000
"""Rows times steps in one call."""
LEVELS, CLIMBS, FINE = 4, 4, 1.15
"""Sizes tried in one call; gradient steps of the attack; the ratio of bounds at which the search ends."""


def measure(subject: Subject) -> Finding:
    """Search for the least perturbation that makes an answer wrong, with random signs and with gradient signs."""
    network = subject.network
    if bound_to_time(network):
        return Finding({"adversary_breaks_at": None, "random_survives": None, "reason": TIMELESS})
    right = np.flatnonzero(_right(subject)) if subject.finite_steps == subject.steps else np.zeros(0, int)
    if not len(right) or not columns(network):
        why = "No row is answered right without a perturbation." if columns(network) else "The cell has no gates."
        return Finding({"adversary_breaks_at": None, "random_survives": None, "reason": why})
    each = max(1, min(8, ROW_STEPS // (2 * LEVELS * subject.steps)))
    rows = np.resize(right[:each], 2 * each)
    with jax.enable_x64(True):
        attack = _Attack(subject, np.tile(rows, LEVELS))
        random = _search(attack.at_random)
        chosen = _search(attack.against)
    figures = {
        "adversary_survives": chosen[0],
        "adversary_breaks_at": chosen[1],
        "random_survives": random[0],
        "random_breaks_at": random[1],
        "rows": len(set(rows.tolist())),
        "starts": 2,
        "steps": subject.steps,
        "right_without": len(right) / subject.rows,
        "bistable_units": _bistable(network),
    }
    return Finding(figures, tuple(_parts(figures)), _sentence(figures))


def _right(subject: Subject) -> np.ndarray:
    """Which rows the network answers right, by the criterion of its task."""
    kind, bound = subject.task.criterion.metric, subject.task.criterion.bound
    targets = np.asarray(subject.batch.targets, np.float64)
    right = _excess(np, subject.outputs, targets, subject.scored, kind == "accuracy", bound) < 0
    return right & subject.scored.any(1)


def _excess(xp: Any, y: Any, targets: Any, scored: Any, symbols: bool, bound: Any) -> Any:
    """The excess error at the worst scored step of each row: error minus bound, or the lead of a wrong symbol; by the
    functions of ``xp``, which is NumPy or its part of JAX."""
    if not symbols:
        return xp.where(scored[..., None], abs(y - targets), 0).max((1, 2)) - bound
    asked = targets == targets.max(-1, keepdims=True)
    lead = xp.where(asked, -xp.inf, y).max(-1) - xp.where(asked, y, -xp.inf).max(-1)
    return xp.where(scored, lead, -xp.inf).max(1)


class _Attack:
    """Rows [level, start and row] under perturbations of one size for each level."""

    def __init__(self, subject: Subject, rows: np.ndarray) -> None:
        self.network = in_float64(subject.network)
        self.inputs, self.targets = subject.inputs[rows], np.asarray(subject.batch.targets, np.float64)[rows]
        self.scored, self.present = subject.scored[rows], subject.present[rows]
        self.program = _of_symbols if subject.task.criterion.metric == "accuracy" else _of_numbers
        self.bound = np.asarray(subject.task.criterion.bound, np.float64)
        self.shape = (len(rows), subject.steps, columns(subject.network))
        self.draw = np.random.default_rng([subject.seed, 2])

    def score(self, pushes: Any) -> tuple[np.ndarray, np.ndarray]:
        given = (self.inputs, self.present, self.targets, self.scored, pushes, self.bound)
        scores, slopes = self.program(self.network, *given)
        return np.nan_to_num(np.asarray(scores), nan=np.inf), np.asarray(slopes)

    def sizes(self, levels: np.ndarray) -> np.ndarray:
        return np.repeat(levels, self.shape[0] // len(levels))[:, None, None]

    def signs(self, *shape: int) -> np.ndarray:
        return self.draw.choice([-1.0, 1.0], shape)

    def at_random(self, levels: np.ndarray) -> np.ndarray:
        """[level] whether random signs, drawn for every step, made an answer wrong."""
        lost = self.score(self.sizes(levels) * self.signs(*self.shape))[0] >= 0
        return np.any(lost.reshape(len(levels), -1), axis=1)

    def against(self, levels: np.ndarray) -> np.ndarray:
        """[level] the same with signs of the gradient, started without a perturbation and with a constant one."""
        sizes, (batch, _, width) = self.sizes(levels), self.shape
        signs = np.broadcast_to(self.signs(batch, 1, width), self.shape).copy()
        half = np.arange(batch) % (batch // len(levels)) < batch // len(levels) // 2
        _, slopes = self.score(np.where(half[:, None, None], 1e-6, sizes) * signs)
        lost = np.zeros(batch, bool)
        for _ in range(CLIMBS):
            signs = np.where(np.isfinite(slopes) & (slopes != 0), np.sign(slopes), signs)
            scores, slopes = self.score(sizes * signs)
            lost |= scores >= 0
        return np.any(lost.reshape(len(levels), -1), axis=1)


def _scored(symbols: bool) -> TracedProgram:
    """The excess error of every row, and its gradient with respect to ``pushes``."""

    def scored_(
        network: Network,
        inputs: jax.Array,
        present: jax.Array,
        targets: jax.Array,
        scored: jax.Array,
        pushes: jax.Array,
        bound: jax.Array,
    ) -> tuple[jax.Array, jax.Array]:
        def total(pushes: jax.Array) -> tuple[jax.Array, jax.Array]:
            outputs = perturbed_rollout(network, inputs, present, pushes)
            scores = _excess(jnp, outputs, targets, scored, symbols, bound)
            return scores.sum(), scores

        (_, scores), slopes = jax.value_and_grad(total, has_aux=True)(pushes)
        return scores, slopes

    return network_program(scored_, lambda *_: (0, 0), symbols=symbols)


_of_numbers, _of_symbols = _scored(symbols=False), _scored(symbols=True)


def _search(lost: Any) -> tuple[float | None, float | None]:
    """(the largest size at which all answers stay right, the least at which one is wrong), to a ratio of ``FINE``."""
    low, high = None, None
    levels = np.geomspace(LEAST, MOST, LEVELS)
    while True:
        broken = lost(levels)
        if broken.any():
            first = int(np.argmax(broken))
            high = float(levels[first])
            low = float(levels[first - 1]) if first else low
        else:
            low = float(levels[-1])
        if low is None or high is None or high / low <= FINE:
            return low, high
        levels = np.geomspace(low, high, LEVELS + 2)[1:-1]


def _bistable(network: Network) -> list[dict[str, float]]:
    """The bistable units of a plain tanh network, with the margin that each has alone."""
    if network.cell_name != "elman":
        return []
    found = []
    for depth, layer in enumerate(network.layers):
        for unit, alpha in enumerate(np.diagonal(np.asarray(layer["h"].matrix, np.float64))):
            if alpha > 1:
                m = math.sqrt(1 - 1 / alpha)
                margin = float(alpha * m - math.atanh(m))
                found.append({"layer": depth + 1, "unit": unit + 1, "alpha": float(alpha), "margin_alone": margin})
    return found


def _parts(figures: dict[str, Any]) -> list[Part]:
    def shown(value: float | None, none: str) -> str:
        return none if value is None else f"{value:.4g}"

    rows = (
        ("random signs", shown(figures["random_survives"], "-"), shown(figures["random_breaks_at"], f"above {MOST:g}")),
        (
            "adversary",
            shown(figures["adversary_survives"], "-"),
            shown(figures["adversary_breaks_at"], f"above {MOST:g}"),
        ),
    )
    title = f"perturbation of every pre-activation at each of {figures['steps']} steps, {figures['rows']} rows"
    parts: list[Part] = [Table(("perturbation", "answers right up to", "wrong from"), rows, title)]
    units = tuple(
        (f"{u['layer']}", f"{u['unit']}", f"{u['alpha']:.4g}", f"{u['margin_alone']:.4f}")
        for u in figures["bistable_units"][:8]
    )
    heads = ("layer", "unit", "alpha", "margin xi_c")
    return parts + ([Table(heads, units, "bistable units")] if units else [])


def _sentence(figures: dict[str, Any]) -> str:
    adversary, random = figures["adversary_breaks_at"], figures["random_survives"]
    if adversary is None and random is not None:
        return f"No perturbation of up to {MOST:g} on every pre-activation made an answer wrong."
    if adversary is None:
        return ""
    noise = f"random signs do not, up to {random:.3g}" if random is not None else "so do the smallest random signs"
    return f"An adversarial perturbation of {adversary:.3g} on every pre-activation makes an answer wrong; {noise}."
