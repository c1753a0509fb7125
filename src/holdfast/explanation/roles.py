"""The role of each unit, measured: latch, flag, accumulator, counter, delay, unused or other.

    unused       ablating the unit (its state kept at 0) changes no answer
    carrier      exchanging its state between sequences changes the answers: it belongs to the smallest set of units
                 that has 90 % of the effect of exchanging all states, or has 5 % of that effect alone
    delay        its state reproduces the input of k steps earlier, at every step
    latch        a carrier that holds (a change of its state remains one step later), in which a new value replaces the
                 old one; not one that adds its input at every step, its gates always open (a leaky integrator)
    accumulator  a carrier that holds, in which a new value is added to the old one, and whose state predicts the target
    flag         not a carrier: its state goes from 0 to a level once and stays there
    counter      not a carrier: its state rises or falls over several steps, the same in every sequence

Units that fit none of these are *other*. In a trained network, most units are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np

from holdfast.engine.network import Linear, Network
from holdfast.explanation.gating import integrates
from holdfast.explanation.interventions import Interventions, interventions
from holdfast.explanation.subject import Subject
from holdfast.explanation.unit_profile import UnitProfile, delays

Role = Literal["latch", "flag", "accumulator", "counter", "delay", "unused", "other"]

IDLE = 1e-3
"""A unit is unused if ablating it changes the answers by less than this, in standard deviations of the answers."""
CARRIED, ALONE = 0.9, 0.05
"""Shares of the effect of exchanging all states: of the set of carriers, and of one carrier alone."""
HOLDS = 0.9
"""A unit holds if this share of a change remains one step later, or if half of it remains after the task's lag."""
SINGLE, TELLS = 0.75, 0.5
"""R² thresholds. Accumulator: no single input explains the state better than SINGLE, and the state explains the target
at least to TELLS. Latch in which the new value does not replace the old one: one input explains the state to TELLS."""
DEAF = 0.05
"""The state of a flag or counter changes by at most this share of its level if the input changes."""
PATH_POINTS = 64
"""Points between the mean state and a state at which the gradient of a read-out with hidden layers is taken."""


@dataclass(frozen=True)
class Unit:
    """One unit's role and the measurements that support it; None where a measurement does not apply.

    ``share``: effect on the answers of exchanging this unit's state after step ``Roles.swapped_step``, projected on the
    effect of exchanging all states and relative to it. ``removed``: rms change of the answers if the unit is ablated,
    in standard deviations of the answers. ``held``: share of a change of its state that remains one step later (median
    over steps). ``slope``: regression of the written change on the old state: -1 replaces it, 0 adds to it. ``read``:
    its share of the answers' variance, through the read-out. ``writes``: spans of steps, from 1, at which its state
    changes much. ``source``: the input that explains its state best, (step, channel, R²). ``rises``: the mean step at
    which a flag is set.
    """

    layer: int
    unit: int
    role: Role
    share: float
    removed: float
    held: float | None
    slope: float | None
    read: float
    writes: list[list[int]]
    source: tuple[int, int, float] | None = None
    answer_r2: float | None = None
    rises: int | None = None
    delay_steps: int | None = None


@dataclass(frozen=True)
class Roles:
    """All units, layer by layer. ``carriers`` are indices of units in order of decreasing share, ``carried`` the joint
    share of the first k of them; ``readers`` and ``read`` are the same for the read-out. ``swapped_step`` is the step,
    from 1, after which states were exchanged; None if no state affects an answer."""

    units: tuple[Unit, ...]
    swapped_step: int | None
    carriers: tuple[int, ...]
    carried: tuple[float, ...]
    readers: tuple[int, ...]
    read: tuple[float, ...]


def roles(subject: Subject) -> Roles:
    """Measure every unit and assign its role."""
    if not subject.network.cell.states:
        return _stateless(subject)
    made = interventions(subject)
    removed = _removed(made)
    step, share, carriers, carried = _shares(made, removed)
    readers, read_in_all, read = _read(subject)
    places = range(math.prod(subject.network.places))
    layers = [(layer, unit) for layer in range(len(subject.network.layers)) for unit in places]
    after = None if step is None else step + 1
    if not subject.network.cell.is_vector:  # the roles are defined for a scalar state, and a head has many numbers
        of_heads = tuple(
            Unit(
                layer,
                unit,
                "unused" if removed[number] <= IDLE else "other",
                float(share[number]),
                float(removed[number]),
                None,
                None,
                float(read[unit]) if layer == layers[-1][0] else 0.0,
                [],
            )
            for number, (layer, unit) in enumerate(layers)
        )
        return Roles(of_heads, after, carriers, carried, readers, read_in_all)
    held = _held(made)
    delayed = [delay for layer in range(len(subject.network.layers)) for delay in delays(subject, layer)]
    units = []
    for number, (layer, unit) in enumerate(layers):
        profile = UnitProfile(subject, layer, unit, step)
        carries = number in carriers or bool(share[number] >= ALONE)
        measured = (removed[number], carries, held.slope[number], held.by_input[number], delayed[number])
        role, rises, delay = _decide(profile, *measured)
        carrier = role in ("latch", "accumulator")
        units.append(
            Unit(
                layer=layer,
                unit=unit,
                role=role,
                share=float(share[number]),
                removed=float(removed[number]),
                held=_median(held.slope[number]),
                slope=profile.slope() if carrier else None,
                read=float(read[unit]) if layer == layers[-1][0] else 0.0,
                writes=profile.writes() if role != "unused" else [],
                source=profile.source() if carrier else None,
                answer_r2=profile.answer_r2() if carrier else None,
                rises=rises,
                delay_steps=delay,
            )
        )
    return Roles(tuple(units), after, carriers, carried, readers, read_in_all)


def _stateless(subject: Subject) -> Roles:
    """The roles in a network without state: only the read-out is measured."""
    readers, in_all, read = _read(subject)
    top = len(subject.network.layers) - 1
    units = tuple(
        Unit(layer, unit, "other", 0.0, 0.0, None, None, float(read[unit]) if layer == top else 0.0, [])
        for layer in range(top + 1)
        for unit in range(subject.network.units)
    )
    return Roles(units, None, (), (), readers, in_all)


def _removed(made: Interventions) -> np.ndarray:
    """[unit] rms change of the answers if a unit is ablated, in standard deviations of the answers."""
    asked = made.scored
    answers = made.answers[asked]
    spread = np.sqrt(((answers - answers.mean(0)) ** 2).sum(-1).mean())
    spread = spread or np.abs(answers).max() or 1.0
    moved = made.emptied(np.eye(made.units, dtype=bool))[:, asked] - answers
    return np.sqrt((moved**2).sum(-1).mean(-1)) / spread


def _shares(
    made: Interventions, removed: np.ndarray
) -> tuple[int | None, np.ndarray, tuple[int, ...], tuple[float, ...]]:
    """The step (from 0) after which states were exchanged, each unit's share, the smallest set of units with 90 % of
    the effect, and the joint share of its first k units."""
    none = None, np.zeros(made.units), (), ()
    asked, last = made.scored, int(np.flatnonzero(made.scored.any(0))[-1])
    first = int(np.flatnonzero(asked.any(0))[0])
    when = {max(0, round(share * end) - 1) for share in (0.25, 0.5, 0.75) for end in (first, last)}
    tried = sorted(step for step in when if step < last)
    if not tried or made.rows < 2:
        return none
    everything = made.swapped(np.ones((len(tried), made.units), bool), np.array(tried))
    moved = _squares(made, everything - made.answers, np.array(tried))
    answers = made.answers[asked]
    least = IDLE**2 * ((answers - answers.mean(0)) ** 2).sum(-1).mean()
    if not moved.max() > least:
        return none
    best = max(number for number, size in enumerate(moved) if size >= 0.9 * moved.max())
    step, target, most = tried[best], everything[best], moved[best]
    used = np.flatnonzero(removed > IDLE)
    share = np.zeros(made.units)
    if len(used):
        singles = made.swapped(np.eye(made.units, dtype=bool)[used], np.full(len(used), step))
        share[used] = _along(made, singles - made.answers, target - made.answers, step) / most
    order = [int(number) for number in np.argsort(-share, kind="stable") if number in set(used)]
    if not order:
        return step, share, (), ()
    nested = np.tril(np.ones((len(order), len(order)), bool))
    masks = np.zeros((len(order), made.units), bool)
    masks[:, order] = nested
    together = made.swapped(masks, np.full(len(order), step)) - made.answers
    along = _along(made, together, target - made.answers, step) / most
    enough = np.flatnonzero(along >= CARRIED)
    count = int(enough[0]) + 1 if len(enough) else len(order)
    return step, share, tuple(order[:count]), tuple(float(part) for part in along[:count])


def _squares(made: Interventions, moved: np.ndarray, step: np.ndarray | int) -> np.ndarray:
    """[change] the mean square change over the scored answers after the exchange."""
    return _along(made, moved, moved, step)


def _along(made: Interventions, moved: np.ndarray, other: np.ndarray, step: np.ndarray | int) -> np.ndarray:
    """[change] the mean product of two changes [change, row, time, output] of the scored answers after the exchange:
    the projection of the first on the second. It is additive over units whose contributions add up."""
    later = np.arange(moved.shape[2]) > np.reshape(step, (-1, 1))
    asked = made.scored & later[:, None]
    return (moved * other * asked[..., None]).sum((1, 2, 3)) / np.maximum(asked.sum((1, 2)), 1)


@dataclass(frozen=True)
class StateRetention:
    """``slope`` [unit, time]: share of a change of a unit's state that remains one step later; NaN where the state
    never varies. ``by_input`` [unit]: rms change of the state if the input changes, relative to the state's size."""

    slope: np.ndarray
    by_input: np.ndarray


def _held(made: Interventions) -> StateRetention:
    changed, after, by_input = made.after_one_step(made.subject.seed)
    there = made.subject.present[: made.rows, :, None]
    square = np.where(there, changed**2, 0).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(there, changed * after, 0).sum(0) / square
    slope[square <= 1e-12 * square.max(initial=0.0, axis=0)] = np.nan
    kept = np.concatenate([layer[made.subject.kept_in] for layer in made.subject.states], -1)[: made.rows]
    size = np.abs(np.where(there, kept, 0)).max((0, 1))
    moved = np.sqrt(np.where(there, by_input**2, 0).sum((0, 1)) / there.sum())
    return StateRetention(slope.T, moved / np.where(size > 0, size, 1))


def _read(subject: Subject) -> tuple[tuple[int, ...], tuple[float, ...], np.ndarray]:
    """The units (or heads) of the top layer from which the read-out computes the answers: the smallest set with 90 % of
    their variance, the joint share of its first k units, and the covariance share of each unit."""
    asked = subject.scored if subject.scored.any() else subject.present
    parts = _contributions(subject.network, subject.hidden[asked])
    places = math.prod(subject.network.places)
    if subject.network.units % places == 0:  # a head shows several numbers, side by side
        parts = parts.reshape(len(parts), places, -1, parts.shape[-1]).sum(2)
    answers = parts.sum(1)
    variance = (answers**2).sum()
    if not variance > 0:
        return (), (), np.zeros(parts.shape[1])
    share = (parts * answers[:, None]).sum((0, 2)) / variance
    order = np.argsort(-np.abs(share), kind="stable")
    given = 1 - ((answers - np.cumsum(parts[:, order], 1).swapaxes(0, 1)) ** 2).sum((1, 2)) / variance
    count = int(np.flatnonzero(given >= CARRIED)[0]) + 1
    return tuple(int(unit) for unit in order[:count]), tuple(float(part) for part in given[:count]), share


def _contributions(network: Network, shown: np.ndarray) -> np.ndarray:
    """[answer, unit, output] what each unit adds to an output, beyond what its mean gives, of hidden states [answer,
    unit]: by the weights of a linear read-out; of one with hidden layers by integrated gradients from the mean
    (Sundararajan et al. 2017, arXiv:1703.01365), which add up to the output likewise."""
    moved = shown - shown.mean(0)
    if isinstance(network.readout, Linear):
        return moved[:, :, None] * np.asarray(network.readout.matrix, np.float64)
    slope = jax.jit(jax.vmap(jax.jacrev(network.readout)))
    points = [shown.mean(0) + (n + 0.5) / PATH_POINTS * moved for n in range(PATH_POINTS)]
    slopes = sum(np.asarray(slope(point.astype(network.dtype)), np.float64) for point in points)
    return moved[:, :, None] * np.swapaxes(slopes, 1, 2) / PATH_POINTS


def _median(slope: np.ndarray) -> float | None:
    known = slope[~np.isnan(slope)]
    return float(np.median(known)) if len(known) else None


def _carrier(profile: UnitProfile) -> Role:
    """The role of a unit that carries and holds, by whether a new value replaces the old one or is added to it."""
    slope, source, answer = profile.slope(), profile.source(), profile.answer_r2()
    single = source[2] if source else 0.0
    replaces = slope is None or slope <= -0.5
    if not replaces and single < SINGLE and answer is not None and answer >= TELLS:
        return "accumulator"
    latches = (replaces or single >= TELLS) and not integrates(profile.subject, profile.layer, profile.unit)
    return "latch" if latches else "other"


def _decide(
    profile: UnitProfile, removed: float, carries: bool, held: np.ndarray, by_input: float, delay: int | None
) -> tuple[Role, int | None, int | None]:
    """The role; the step at which a flag is set; the steps of a delay."""
    if removed <= IDLE:
        return "unused", None, None
    if carries and delay:
        return "delay", None, delay
    lag = max(profile.subject.task.lag_steps, 1)
    known = held[~np.isnan(held)]
    holding = bool(len(known)) and float((known >= min(HOLDS, 0.5 ** (1 / lag))).mean()) >= 0.5
    if carries and holding:
        return _carrier(profile), None, None
    rises = profile.rise()
    if rises is not None and not carries and (holding or (profile.is_same_in_every_row() and by_input <= DEAF)):
        return "flag", rises, None
    if profile.is_same_in_every_row() and by_input <= DEAF and profile.goes_one_way():
        return "counter", None, None
    if delay is not None:
        return "delay", None, delay
    return "other", None, None
