"""A saved network as verbs open it: double precision where its numbers have it, and the task that it is for."""

from __future__ import annotations

import math
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from holdfast.cli._flags import given_axes
from holdfast.cli._parser import ANY, Parser
from holdfast.core.errors import BadFile, BadValue

if TYPE_CHECKING:
    from holdfast.core.task import Task
    from holdfast.engine.network import Network

LONG = 1000
"""The length axis of a task that is asked about every length: large enough for every position and place."""


def open_network(path: str) -> tuple[Network, dict]:
    """The network in ``path`` and its origin, JAX set to double precision first where the file holds such numbers.

    Raises ``BadFile`` with what is wrong with the file.
    """
    import jax

    from holdfast.core.tensors import read_header
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.engine.files import load

    keep_compiled_programs()
    if any(stored.dtype == "F64" for stored in read_header(path).tensors.values()):
        jax.config.update("jax_enable_x64", True)
    return load(path)


def origin_of(path: str) -> dict:
    """Where the weights come from, read without loading them; empty where the file cannot be read: that is told when
    it is opened."""
    from holdfast.core.origin import parse
    from holdfast.core.tensors import read_header

    try:
        return parse(read_header(path).metadata.get("origin", "{}"), path)
    except BadFile:
        return {}


def own_task(origin: dict) -> dict[str, Any]:
    """The task that a network was trained on or constructed for: its ``name`` and its axes; empty where unknown.

    A network that was constructed for every length has ``ANY`` as the axis ``length``.
    """
    from holdfast.core.origin import task_of

    forever = "settings" not in origin and origin.get("constructed", {}).get("claim", {}).get("steps") == ANY
    return task_of(origin) | ({"length": ANY} if forever else {})


def task_flags(parser: Parser, words: list[str], file: str | None) -> None:
    """--task, and flags for the axes of the task that is named so, or else is the file's own; always --tolerance."""
    parser.flag("task", help="the task (default: the one that the network is for)")
    from dataclasses import fields

    name = _named(words) or (own_task(origin_of(file)).get("name") if file else None)
    if name:
        from holdfast import tasks

        kind = tasks.get(name)
        parser.axes(kind, any_length=True)
        if any(axis.name == "tolerance" for axis in fields(kind)):
            return
    parser.flag("tolerance", float, help="largest error that still counts as right")


def asked_task(args: Namespace, origin: dict) -> tuple[Task, bool, tuple[float, float] | None]:
    """The task that is asked about: the file's own, changed by the flags; whether at every length; and the range as it
    was given, where that is not bounded (the task then keeps another).

    Raises ``BadValue`` where no task is known or these axes make none.
    """
    from holdfast import tasks
    from holdfast.train.settings import make_task

    own = own_task(origin)
    name = args.task or own.get("name")
    if name is None:
        raise BadValue(f"{args.network} does not say what it is for.", "Name a task: --task recall.")
    kind, forever = tasks.get(name), own.get("length") == ANY and own.get("name") == name
    axes = {k: v for k, v in own.items() if k not in ("name", "length")} if own.get("name") == name else {}
    given = {k: v for k, v in given_axes(kind, vars(args)).items() if k != "tolerance"}
    forever = given.get(kind.length_axis, ANY if forever else 0) == ANY
    axes |= given | ({kind.length_axis: LONG} if forever else {})
    unbounded = None
    if "range" in given and not all(math.isfinite(end) for end in given["range"]):
        unbounded = tuple(given["range"])
        if not unbounded[0] < unbounded[1]:
            raise BadValue(f"--range {unbounded[0]:g} {unbounded[1]:g} is empty, expected the smaller number first.")
        axes.pop("range")
    return make_task(name, axes), forever, unbounded


def least_steps_of(origin: dict, task: Task) -> int:
    """The shortest length at which a constructed network claims to answer, where it is asked about its own task."""
    if own_task(origin).get("name") != task.name:
        return 1
    return int(origin.get("constructed", {}).get("claim", {}).get("least_steps", 1))


def tolerance_of(args: Namespace) -> float | None:
    """The tolerance, where it was given. Raises ``BadValue`` where it is none."""
    tolerance = getattr(args, "tolerance", None)
    if tolerance is not None and not 0 < tolerance < math.inf:
        raise BadValue(f"--tolerance is {tolerance:g}, expected a positive number.")
    return tolerance


def _named(words: list[str]) -> str | None:
    for place, word in enumerate(words):
        if word == "--task" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--task="):
            return word.removeprefix("--task=")
    return None
