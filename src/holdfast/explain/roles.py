"""What each unit is for, by measurement: latch, flag, accumulator, counter, delay, unused or other.

    unused       keeping it at 0 throughout changes no answer
    carrier      swapping what it holds between sequences moves the answers: it is in the smallest set of units that
                 carries 90 % of what the memory as a whole carries, or carries 5 % by itself
    latch        a carrier that holds (a change of what it holds is still there a step later), and takes a new value
                 in place of the old one
    accumulator  a carrier that holds; what is written comes on top of what was there, and the sum tells the answer
    flag         goes from 0 to a level and stays there, whatever is read then; not a carrier
    counter      is the same in every sequence and goes one way over several steps, whatever is read
    delay        shows what was read k steps ago, at every step

A trained network is seldom so tidy: what fits none of these is *other*, and that is most of it then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np

from holdfast.engine.network import Linear, Network
from holdfast.explain.interventions import Bench, bench
from holdfast.explain.subject import Subject
from holdfast.explain.unit_profile import UnitProfile

Role = Literal["latch", "flag", "accumulator", "counter", "delay", "unused", "other"]

IDLE = 1e-3
"""Relative to how the answers differ between sequences: a unit that moves them by less is not used."""
CARRIED, ALONE = 0.9, 0.05
"""Of the answers' change when all units are swapped: what a set of carriers explains, and what one alone does."""
HOLDS = 0.9
"""Of a change of its state, what has to be there a step later; or half of it after the task's lag, if that is less."""
SINGLE, TELLS = 0.75, 0.5
"""Shares of a variance: an accumulator is not explained by one input as well as by the first, and tells of the right
answer at least the second; a latch that takes in more at every step is still one if one input explains the second."""
DEAF = 0.05
"""What another input may change of a flag or counter, relative to its level."""
PATH_POINTS = 64
"""Points between the mean state and a state at which the gradient of a read-out with hidden layers is taken."""


@dataclass(frozen=True)
class Unit:
    """One unit's role and the measurements it rests on; what does not apply is None.

    ``share``: of the answers' change when everything is swapped after step ``Roles.swapped_step``, how far this unit's
    state alone goes along it. ``removed``: how far the answers move when it is kept at 0, relative to how they differ.
    ``held``: of a change of its state, what is there a step later (the median step). ``slope``: of what is written, on
    what was there: -1 replaces it, 0 comes on top. ``read``: its share of the answers' variance, by the read-out.
    ``writes``: the steps, from 1, at which what it holds changes much. ``source``: which input it holds, (step,
    channel, R2); ``rises``: the step at which a flag is up on the mean.
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
    """Every unit, those of the first layer first. ``carriers`` are numbers of units, those that carry most first, and
    ``carried`` what the first k of them carry together; ``readers`` likewise for the read-out.
    ``swapped_step`` is the step, from 1, after which states were swapped; None where memory moves no answer."""

    units: tuple[Unit, ...]
    swapped_step: int | None
    carriers: tuple[int, ...]
    carried: tuple[float, ...]
    readers: tuple[int, ...]
    read: tuple[float, ...]


def roles(subject: Subject) -> Roles:
    """Measure every unit, and decide."""
    if not subject.network.cell.states:
        return _stateless(subject)
    made = bench(subject)
    removed = _removed(made)
    step, share, carriers, carried = _shares(made, removed)
    readers, read_in_all, read = _read(subject)
    places = range(math.prod(subject.network.places))
    layers = [(layer, unit) for layer in range(len(subject.network.layers)) for unit in places]
    after = None if step is None else step + 1
    if not subject.network.cell.is_vector:  # a head holds many numbers: it has no role that is one of a number
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
    units = []
    for number, (layer, unit) in enumerate(layers):
        profile = UnitProfile(subject, layer, unit, step)
        carries = number in carriers or bool(share[number] >= ALONE)
        role, rises, delay = _decide(profile, removed[number], carries, held.slope[number], held.by_input[number])
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
    """A network that holds nothing: its units are read, and that is all."""
    readers, in_all, read = _read(subject)
    top = len(subject.network.layers) - 1
    units = tuple(
        Unit(layer, unit, "other", 0.0, 0.0, None, None, float(read[unit]) if layer == top else 0.0, [])
        for layer in range(top + 1)
        for unit in range(subject.network.units)
    )
    return Roles(units, None, (), (), readers, in_all)


def _removed(made: Bench) -> np.ndarray:
    """[unit] how far the answers move when a unit is kept at 0: rms, relative to the answers' own spread."""
    asked = made.scored
    answers = made.answers[asked]
    spread = np.sqrt(((answers - answers.mean(0)) ** 2).sum(-1).mean())
    spread = spread or np.abs(answers).max() or 1.0
    moved = made.emptied(np.eye(made.units, dtype=bool))[:, asked] - answers
    return np.sqrt((moved**2).sum(-1).mean(-1)) / spread


def _shares(made: Bench, removed: np.ndarray) -> tuple[int | None, np.ndarray, tuple[int, ...], tuple[float, ...]]:
    """When states were swapped (counted from 0), each unit's share, the smallest set that carries 90 %, and what its
    first k carry."""
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


def _squares(made: Bench, moved: np.ndarray, step: np.ndarray | int) -> np.ndarray:
    """[change] the mean square over the answers that are asked for after the step of the swap."""
    return _along(made, moved, moved, step)


def _along(made: Bench, moved: np.ndarray, other: np.ndarray, step: np.ndarray | int) -> np.ndarray:
    """[change] the mean product of two changes [change, row, time, output] of the answers, likewise: how far the first
    goes along the second. Where several units' contributions add up, so do these."""
    later = np.arange(moved.shape[2]) > np.reshape(step, (-1, 1))
    asked = made.scored & later[:, None]
    return (moved * other * asked[..., None]).sum((1, 2, 3)) / np.maximum(asked.sum((1, 2)), 1)


@dataclass(frozen=True)
class Held:
    """``slope`` [unit, time]: of a change of what a unit holds, what is there a step later; NaN where it never varies.
    ``by_input`` [unit]: how far another input moves it, relative to its size."""

    slope: np.ndarray
    by_input: np.ndarray


def _held(made: Bench) -> Held:
    changed, after, by_input = made.after_one_step(made.subject.seed)
    there = made.subject.present[: made.rows, :, None]
    square = np.where(there, changed**2, 0).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(there, changed * after, 0).sum(0) / square
    slope[square <= 1e-12 * square.max(initial=0.0, axis=0)] = np.nan
    kept = np.concatenate([layer[made.subject.kept_in] for layer in made.subject.states], -1)[: made.rows]
    size = np.abs(np.where(there, kept, 0)).max((0, 1))
    moved = np.sqrt(np.where(there, by_input**2, 0).sum((0, 1)) / there.sum())
    return Held(slope.T, moved / np.where(size > 0, size, 1))


def _read(subject: Subject) -> tuple[tuple[int, ...], tuple[float, ...], np.ndarray]:
    """The units (or heads) of the top layer that the answers are read from: the smallest set that gives 90 % of their
    variance, what its first k give, and the covariance share of each."""
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
    """A unit that carries and holds: whether what is written replaces what was there, or comes on top of it; or, where
    no single input and no replacing is to be seen, neither."""
    slope, source, answer = profile.slope(), profile.source(), profile.answer_r2()
    single = source[2] if source else 0.0
    replaces = slope is None or slope <= -0.5
    if not replaces and single < SINGLE and answer is not None and answer >= TELLS:
        return "accumulator"
    return "latch" if replaces or single >= TELLS else "other"


def _decide(
    profile: UnitProfile, removed: float, carries: bool, held: np.ndarray, by_input: float
) -> tuple[Role, int | None, int | None]:
    """The role; the step at which a flag rises; the steps of a delay."""
    if removed <= IDLE:
        return "unused", None, None
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
    if (delay := profile.delay()) is not None:
        return "delay", None, delay
    return "other", None, None
