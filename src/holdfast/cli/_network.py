"""A saved network as verbs open it: double precision where its numbers have it, and the task that it is for."""

from __future__ import annotations

import json
import math
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.cli._flags import given_axes
from holdfast.cli._parser import ANY, Parser
from holdfast.core.errors import BadValue

if TYPE_CHECKING:
    from holdfast.core.task import Task
    from holdfast.engine.network import Network

PREFIX_BYTES = 8
"""A safetensors file begins with the length of its header, in so many bytes."""
LONG = 1000
"""The length axis of a task that is asked about every length: large enough for every position and place."""


def open_network(path: str) -> tuple[Network, dict]:
    """The network in ``path`` and its origin, JAX set to double precision first where the file holds such numbers.

    Raises ``BadFile`` with what is wrong with the file.
    """
    import jax

    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.engine.files import load

    keep_compiled_programs()
    if any(isinstance(tensor, dict) and tensor.get("dtype") == "F64" for tensor in _header(path).values()):
        jax.config.update("jax_enable_x64", True)
    return load(path)


def origin_of(path: str) -> dict:
    """Where the weights come from, read without loading them; empty where the file does not say, or is none."""
    try:
        return json.loads(_header(path).get("__metadata__", {}).get("origin", "{}"))
    except (ValueError, AttributeError):
        return {}


def own_task(origin: dict) -> dict[str, Any]:
    """The task that a network was trained on or constructed for: its ``name`` and its axes; empty where unknown.

    A network that was constructed for every length has ``ANY`` as the axis ``length``.
    """
    if trained := origin.get("settings", {}).get("task"):
        return dict(trained)
    made = origin.get("constructed") or {}
    if not made:
        return {}
    forever = made.get("claim", {}).get("steps") == ANY
    return {"name": made["task"], **made["axes"]} | ({"length": ANY} if forever else {})


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


def _header(path: str) -> dict[str, Any]:
    """The header of a safetensors file: tensors by name, and ``__metadata__``; empty where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            length = int.from_bytes(file.read(PREFIX_BYTES), "little")
            found = json.loads(file.read(min(length, Path(path).stat().st_size)))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
