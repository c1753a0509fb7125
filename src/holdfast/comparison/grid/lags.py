"""A task by its lag: how long it has to be, so that something has to be remembered for so many steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from holdfast import tasks
from holdfast.core.errors import BadValue, refuse
from holdfast.core.task import Task
from holdfast.training.settings import make_task

LONGEST = 10_000_000
"""Steps; what is longer than this is a slip of the hand."""


def with_lags(name: str, axes: Mapping[str, object], lags: Iterable[int]) -> tuple[Task, ...]:
    """A task for each of these lags, as ``with_lag`` makes it. Raises ``BadValue`` also where two are the same task."""
    made: dict[int, tuple[int, Task]] = {}
    for lag in lags:
        task = with_lag(name, axes, lag)
        if task.lag_steps in made:
            other = made[task.lag_steps][0]
            said = f"--lags has {lag} twice" if other == lag else f"--lags {other} and {lag} are the same {name}"
            refuse([said], "this grid is invalid")
        made[task.lag_steps] = lag, task
    return tuple(task for _, task in made.values())


def with_lag(name: str, axes: Mapping[str, object], lag_steps: int) -> Task:
    """The shortest such task in which something must be remembered over at least ``lag_steps`` steps.

    Raises ``BadValue`` where the lag is not free: given sequences have the one that they have.

    >>> with_lag("recall", {}, 30).steps
    31
    """
    kind = tasks.get(name)
    if axes.get("sequences") is not None:
        raise BadValue(f"{name} with given sequences has a fixed lag, so --lags has no effect.", "Leave --lags out.")
    if kind.length_axis in axes:
        raise BadValue(
            f"--{kind.length_axis} and --lags both set the length of {name}.", f"Leave --{kind.length_axis} out."
        )
    if not 1 <= lag_steps <= LONGEST:
        raise BadValue(f"--lags has {lag_steps}, expected 1 ... {LONGEST:,} steps.")

    def of(length: int) -> Task:
        return make_task(name, {**axes, kind.length_axis: length})

    low, high = _least(name, axes), 2 * lag_steps + 16
    while of(high).lag_steps < lag_steps:
        high *= 2
    while low < high:
        middle = (low + high) // 2
        if of(middle).lag_steps < lag_steps:
            low = middle + 1
        else:
            high = middle
    return of(high)


def _least(name: str, axes: Mapping[str, object]) -> int:
    """The shortest length that these axes allow: a position asked for must be inside, and so on."""
    kind = tasks.get(name)
    for length in range(LONGEST):
        try:
            make_task(name, {**axes, kind.length_axis: length})
        except BadValue:
            # What is wrong at any length is said at a length that is surely long enough.
            if length > 1000:
                make_task(name, {**axes, kind.length_axis: LONGEST})
                raise
            continue
        return length
    raise AssertionError(f"{name} has no length")
