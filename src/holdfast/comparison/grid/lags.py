"""Tasks by their lag: the length of the sequences for which something must be remembered over a number of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from holdfast import tasks
from holdfast.core.errors import BadValue, refuse
from holdfast.core.task import Task
from holdfast.training.settings import make_task

LONGEST = 10_000_000
"""The largest accepted length in steps. A larger number is taken for a typing error."""


def with_lags(name: str, axes: Mapping[str, object], lags: Iterable[int]) -> tuple[Task, ...]:
    """A task for each of these lags, as ``with_lag`` makes it. Raises ``BadValue`` also if two lags give the same
    task."""
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

    Raises ``BadValue`` if the lag cannot be chosen, as for a task with given sequences.

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
    """The shortest length that these axes allow: for example, a position that is asked for must be inside."""
    kind = tasks.get(name)
    for length in range(LONGEST):
        try:
            make_task(name, {**axes, kind.length_axis: length})
        except BadValue:
            # Axes that are invalid at every length raise their error at a length that is certainly long enough.
            if length > 1000:
                make_task(name, {**axes, kind.length_axis: LONGEST})
                raise
            continue
        return length
    raise AssertionError(f"{name} has no length")
