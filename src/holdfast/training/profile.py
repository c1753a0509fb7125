"""How the figures of a network depend on the step that is scored, on which question of its row it is, and on how long
ago that was read which is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Leaf
from holdfast.core.errors import BadValue
from holdfast.core.results import finite
from holdfast.core.task import Batch, Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import refuse_past_the_last
from holdfast.models.answers import Answers
from holdfast.models.levels import Model, Stepped
from holdfast.training.measure import StepFigures, chunks, fresh, step_figures, together
from holdfast.training.streams import words

KINDS = {
    "position": "step, from 1",
    "query": "question of the row, from 1",
    "gap": "gap (steps since the symbol was read)",
}
"""What a profile may be over, and the head of its column."""


@dataclass(frozen=True)
class Bin:
    """The figures of the scored steps whose position, query or gap is from ``first`` to ``last``."""

    first: int
    last: int
    scored: int
    right: int
    square_sum: float
    error_sup: float

    @property
    def accuracy(self) -> float:
        return self.right / self.scored

    @property
    def error_rms(self) -> float:
        return (self.square_sum / self.scored) ** 0.5

    def as_json(self, of_numbers: bool) -> dict[str, object]:
        """The figures by name; what does not apply to a task of numbers, or of symbols, is null."""
        return {
            "first": self.first,
            "last": self.last,
            "scored": self.scored,
            "error_sup": finite(self.error_sup) if of_numbers else None,
            "error_rms": finite(self.error_rms) if of_numbers else None,
            "accuracy": None if of_numbers else self.accuracy,
        }


@dataclass(frozen=True)
class Profile:
    """The figures over one of ``KINDS``: a bin for every value that occurs, in ascending order."""

    kind: str
    bins: tuple[Bin, ...]

    def within(self, most: int) -> tuple[Bin, ...]:
        """At most ``most`` bins: where there are more values, gaps are joined into ranges that double, and others into
        ranges of equal width, the last perhaps narrower."""
        if len(self.bins) <= most:
            return self.bins
        first, last = self.bins[0].first, self.bins[-1].last
        if self.kind == "gap":
            starts = [2**n for n in range(last.bit_length())]
        else:
            starts = list(range(first, last + 1, -(-(last - first + 1) // most)))
        ranges = zip(starts, [*(start - 1 for start in starts[1:]), last], strict=True)
        joined = (_joined(self.bins, *ends) for ends in ranges)
        return tuple(one for one in joined if one.scored)


def _joined(bins: Iterable[Bin], first: int, last: int) -> Bin:
    """The bins of this range as one."""
    some = [one for one in bins if first <= one.first <= last]
    return Bin(
        first,
        last,
        sum(one.scored for one in some),
        sum(one.right for one in some),
        float(sum(one.square_sum for one in some)),
        float(np.max([one.error_sup for one in some], initial=0)),
    )


def profiles(network: Model, task: Task, seed: int, sequences: int, kinds: Sequence[str]) -> tuple[Profile, ...]:
    """The profile of ``network``, a model of any level, over each of ``kinds``, on the rows of ``holdfast test``.
    Raises as ``refuse_unknown`` does."""
    refuse_unknown(task, kinds)
    sums = {kind: _Sums(task.longest + 1) for kind in kinds}
    if not sums:
        return ()
    for rows, figures in _judged(network, task, seed, sequences):
        for kind, total in sums.items():
            total.add(_values(kind, task, rows, figures.scored), figures)
    return tuple(Profile(kind, total.bins()) for kind, total in sums.items())


def refuse_unknown(task: Task, kinds: Iterable[str]) -> None:
    """Raise ``BadValue`` for an unknown kind, or for the gap in a task whose answers are not symbols that were read."""
    for kind in kinds:
        if kind not in KINDS:
            raise BadValue(f"--by has '{kind}', expected one of {', '.join(KINDS)}, or several separated by commas.")
        if kind == "gap" and type(task).gaps is Task.gaps:
            raise BadValue(
                f"{task.name}: its answers are not single symbols that were read, so that they have no gap.",
                "Try --by position.",
            )


class _Sums:
    """Sums over scored steps for every value up to ``size``, in float64."""

    def __init__(self, size: int) -> None:
        self.scored, self.right = np.zeros(size, int), np.zeros(size, int)
        self.square, self.error = np.zeros(size), np.zeros(size)

    def add(self, values: np.ndarray, figures: StepFigures) -> None:
        """Add the figures of a chunk, whose ``values`` are [row, step]."""
        asked = np.asarray(figures.scored)
        at = values[asked]
        np.add.at(self.scored, at, 1)
        np.add.at(self.right, at, np.asarray(figures.right)[asked])
        np.add.at(self.square, at, np.asarray(figures.square)[asked])
        np.maximum.at(self.error, at, np.asarray(figures.error)[asked])

    def bins(self) -> tuple[Bin, ...]:
        return tuple(
            Bin(n, n, int(self.scored[n]), int(self.right[n]), float(self.square[n]), float(self.error[n]))
            for n in map(int, np.flatnonzero(self.scored))
        )


def _values(kind: str, task: Task, rows: Batch, scored: Leaf) -> np.ndarray:
    """The position, query or gap of every step from ``asked_from`` on, [row, step]."""
    asked, first = np.asarray(scored), task.asked_from
    if kind == "position":
        return np.broadcast_to(np.arange(asked.shape[1]) + first + 1, asked.shape)
    if kind == "query":
        return np.cumsum(asked, 1)
    return np.stack([_gaps(task, row) for row in np.asarray(rows.inputs)])[:, first:]


def _gaps(task: Task, row: np.ndarray) -> np.ndarray:
    found = task.gaps(row)
    assert found is not None
    return found


def _judged(network: Model, task: Task, seed: int, sequences: int) -> Iterator[tuple[Batch, StepFigures]]:
    """The rows in chunks, with the figures of all their steps."""
    if isinstance(network, Network):
        refuse_past_the_last(network, task.longest)
        if not task.criterion.of_numbers:  # the largest logit is that of the largest output
            network = network.before_output_function()
    figures_of = partial(step_figures, network, task) if isinstance(network, Answers) else _compiled(network, task)
    if (given := task.examples("test")) is not None:
        drawn = (rows.arrays() for rows in chunks(given))
    else:
        key = jax.random.wrap_key_data(jnp.asarray(words(seed, 0, "measure"), jnp.uint32))
        draw = jax.jit(lambda chunk: fresh(network, task, key, chunk, sequences))
        drawn = (draw(jnp.int32(chunk)) for chunk in range(-(-sequences // together(task))))
    for rows in drawn:
        yield rows, jax.device_get(figures_of(rows))


def _compiled(network: Stepped, task: Task) -> Callable[[Batch], StepFigures]:
    program = jax.jit(lambda network, rows: step_figures(network, task, rows))
    return partial(program, network)
