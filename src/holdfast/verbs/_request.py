"""The question about a network: its own task with the axes that are given, or another, and its lengths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadValue
from holdfast.core.formats import not_positive
from holdfast.core.values import ANY, got
from holdfast.verbs import _arguments as arguments

if TYPE_CHECKING:
    from holdfast.core.scenario import LengthKind, Lengths
    from holdfast.core.task import Task
    from holdfast.tasks import Dataset

LONG = 1000
"""The length axis of a task that stands for every length: large enough for every position."""


@dataclass(frozen=True)
class TaskRequest:
    """The question about a network: a task and its lengths. ``unbounded``: the range as given, if it is unbounded (the
    task then keeps its default range)."""

    task: Task
    lengths: Lengths
    unbounded: tuple[float, float] | None

    def refuse_unbounded(self, why: str, fix: str) -> None:
        """Raise ``BadValue`` with ``why``, a clause, where the range is unbounded."""
        if self.unbounded:
            low, high = self.unbounded
            raise BadValue(f"--range {low:g} {high:g} is unbounded, but {why}.", fix)


@dataclass(frozen=True)
class TaskChoice:
    """The kind of a task with the axes that it has before any keyword: those of the network's own task, where it is
    the ``same``, or of a ``Task`` object."""

    kind: type[Task]
    axes: dict[str, Any]
    same: bool


def choose_task(task: Task | type[Task] | Dataset | str | None, own: Mapping[str, Any], network: str) -> TaskChoice:
    """The task of this name, this object's, or the network's ``own`` (its ``name`` and axes) if it is None. A
    class that has no name yet is registered.

    ``network`` is what messages call the network. Raises ``BadValue`` if no task is known, ``UnknownName`` for a name
    that does not exist.
    """
    from holdfast import tasks
    from holdfast.core.fields import field_infos
    from holdfast.core.task import Task

    if isinstance(task, tasks.Dataset):
        task = task.task
    if isinstance(task, type) and issubclass(task, Task):
        return TaskChoice(task, {}, own.get("name") == tasks.named(task))
    if isinstance(task, Task):
        tasks.named(type(task))
        axes = {name: getattr(task, name) for name in field_infos(type(task))}
        return TaskChoice(type(task), axes, own.get("name") == task.name)
    if task == tasks.DATASET and own.get("name") != tasks.DATASET:
        raise BadValue("a dataset consists of arrays, and none are given.", tasks.AGAIN)
    if task is not None and not isinstance(task, str):
        raise BadValue(f"the task is {got(task)}, expected the name of a task or a task.", "Try 'recall'.")
    name = task or own.get("name")
    if name is None:
        raise BadValue(f"{network} does not record its task.", "Give one: --task recall.")
    same = own.get("name") == name
    axes = {k: v for k, v in own.items() if k not in ("name", "length")} if same else {}
    return TaskChoice(tasks.get(name), axes, same)


def made_task(kind: type[Task], axes: Mapping[str, Any]) -> Task:
    """The task of this kind, verified. Raises ``UnknownName`` for an unknown axis, ``BadValue`` for invalid axes."""
    from holdfast.core.task import known_axes
    from holdfast.plugins.verified import made

    return made(kind, known_axes(kind, axes))


def task_request(
    verb: str,
    task: Task | type[Task] | Dataset | str | None,
    named: Mapping[str, object],
    own: Mapping[str, Any],
    network: str,
    *,
    up_to: int | None = None,
    kind: LengthKind = "exactly",
    first: int = 1,
) -> TaskRequest:
    """The task with the axes ``named``, at exactly its length, all lengths up to ``up_to``, or every length if its
    length axis is 'any'.

    ``kind`` and ``first`` (the first step with an answer, for lengths that are not exact) apply if no argument sets
    the lengths. Raises ``BadValue`` if no task is known or the axes are invalid.
    """
    from holdfast import tasks

    choice = choose_task(task, own, network)
    if verb != "explain":
        tasks.refuse_dataset(
            choice.kind,
            "a dataset has no scenario that describes all its sequences, so nothing can be proved or searched about "
            "sequences that are not in it.",
            "'test' and 'explain' use its held-out sequences.",
        )
    axis = choice.kind.length_axis
    (given,) = arguments.divided(
        verb, named, arguments.axes_of(choice.kind), own=("task", "up_to", "tolerance"), any_length=axis
    )
    given.pop("tolerance", None)
    if up_to is not None and axis in given:
        raise BadValue(f"--up-to {up_to} and --{axis} {given[axis]} both set the length.", "Give one of them.")
    if up_to is not None:
        given[axis], kind = arguments.whole("up-to", up_to), "up to"
    elif axis in given:
        kind = "any" if given[axis] == ANY else "exactly"
    elif choice.same and own.get("length") == ANY and (task is None or isinstance(task, str)):
        kind = "any"
    axes = choice.axes | given | ({axis: LONG} if kind == "any" else {})
    unbounded = None
    if "range" in given and not all(math.isfinite(end) for end in given["range"]):
        unbounded = given["range"]
        if not unbounded[0] < unbounded[1]:
            raise BadValue(f"--range {unbounded[0]:g} {unbounded[1]:g} is empty, expected the smaller number first.")
        axes.pop("range")
    made = made_task(choice.kind, axes)
    if kind == "up to" and first > made.longest:
        raise BadValue(
            f"the network answers from step {first} on, but these sequences have at most {made.longest} steps.",
            "Give a larger length, or leave --up-to out.",
        )
    return TaskRequest(made, made.lengths(kind, first if choice.same else 1), unbounded)


def tolerance_of(tolerance: object) -> float | None:
    """The tolerance; None if not given. Raises ``BadValue`` unless it is positive."""
    if tolerance is None:
        return None
    value = arguments.number("tolerance", tolerance)
    if reasons := not_positive("tolerance", value):
        raise BadValue(f"{reasons[0]}.")
    return value
