"""Open a saved network, in double precision if its weights are float64, with the task that it was made for."""

from __future__ import annotations

import math
from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holdfast.cli._flags import given_fields
from holdfast.cli._parser import ANY, Parser
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.formats import not_positive

if TYPE_CHECKING:
    from holdfast.core.scenario import LengthKind, Lengths
    from holdfast.core.task import Task
    from holdfast.engine.network import Network

LONG = 1000
"""The length axis of a task that stands for every length: large enough for every position."""


def open_network(path: str) -> tuple[Network, dict]:
    """The network in ``path`` and its origin; switches JAX to double precision if the file has float64 weights.

    Raises ``BadFile`` with the fault of the file, or of the plug-in that defines its cell.
    """
    import jax

    from holdfast.core.tensors import read_header
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.engine.files import load
    from holdfast.plugins.verified import verified_cell

    keep_compiled_programs()
    if any(stored.dtype == "F64" for stored in read_header(path).tensors.values()):
        jax.config.update("jax_enable_x64", True)
    network, origin = load(path)
    verified_cell(network.cell_name)
    return network, origin


def origin_of(path: str) -> dict:
    """The origin of the weights, read without loading them; empty if the file cannot be read (opening it reports
    why)."""
    from holdfast.core.origin import parse
    from holdfast.core.tensors import read_header

    try:
        return parse(read_header(path).metadata.get("origin", "{}"), path)
    except BadFile:
        return {}


def own_name(words: list[str]) -> str | None:
    """The task of the network whose file is the first word; None if unknown."""
    return own_task(origin_of(words[0])).get("name") if words and not words[0].startswith("-") else None


def own_task(origin: dict) -> dict[str, Any]:
    """The task that a network was trained on or constructed for: its ``name`` and its axes; empty if unknown.

    A network constructed for every length has ``ANY`` as the axis ``length``.
    """
    from holdfast.core.origin import task_of

    forever = "settings" not in origin and origin.get("constructed", {}).get("claim", {}).get("steps") == ANY
    return task_of(origin) | ({"length": ANY} if forever else {})


def task_flags(parser: Parser, words: list[str], own: str | None) -> None:
    """Add --task, a flag for every axis of that task (or of ``own``), and --tolerance."""
    parser.flag("task", help="the task (default: the one stored with the network)")
    from dataclasses import fields

    name = task_named(words) or own
    if name:
        from holdfast import tasks

        kind = tasks.get(name)
        parser.axes(kind, any_length=True)
        if any(axis.name == "tolerance" for axis in fields(kind)):
            return
    parser.flag("tolerance", float, help="largest error of a right answer")


def length_flag(parser: Parser) -> None:
    parser.flag("up-to", int, help="all lengths up to N (default: exactly the task's length)")


@dataclass(frozen=True)
class TaskRequest:
    """The question about a network: a task and its lengths. ``unbounded``: the range as given, if it is unbounded (the
    task then keeps its default range)."""

    task: Task
    lengths: Lengths
    unbounded: tuple[float, float] | None


def task_request(args: Namespace, own: dict[str, Any], kind: LengthKind = "exactly", first: int = 1) -> TaskRequest:
    """The task ``own`` (its name and axes) with the values of the flags, at exactly its length or as --up-to or 'any'
    say.

    ``kind`` and ``first`` (the first step with an answer, for lengths that are not exact) apply if no flag sets the
    lengths. Raises ``BadValue`` if no task is known or the axes are invalid.
    """
    from holdfast import tasks
    from holdfast.training.settings import make_task

    name = args.task or own.get("name")
    if name is None:
        raise BadValue(f"{args.network} does not record its task.", "Give one: --task recall.")
    task, same = tasks.get(name), own.get("name") == name
    axis = task.length_axis
    axes = {k: v for k, v in own.items() if k not in ("name", "length")} if same else {}
    given = {k: v for k, v in given_fields(task, vars(args)).items() if k != "tolerance"}
    up_to = getattr(args, "up_to", None)
    if up_to is not None and axis in given:
        raise BadValue(f"--up-to {up_to} and --{axis} {given[axis]} both set the length.", "Give one of them.")
    if up_to is not None:
        given[axis], kind = up_to, "up to"
    elif axis in given:
        kind = "any" if given[axis] == ANY else "exactly"
    elif same and own.get("length") == ANY:
        kind = "any"
    axes |= given | ({axis: LONG} if kind == "any" else {})
    unbounded = None
    if "range" in given and not all(math.isfinite(end) for end in given["range"]):
        unbounded = tuple(given["range"])
        if not unbounded[0] < unbounded[1]:
            raise BadValue(f"--range {unbounded[0]:g} {unbounded[1]:g} is empty, expected the smaller number first.")
        axes.pop("range")
    made = make_task(name, axes)
    if kind == "up to" and first > made.longest:
        raise BadValue(
            f"the network answers from step {first} on, but these sequences have at most {made.longest} steps.",
            "Give a larger length, or leave --up-to out.",
        )
    return TaskRequest(made, made.lengths(kind, first if same else 1), unbounded)


def least_steps_of(origin: dict) -> int:
    """The shortest length at which a constructed network claims to answer."""
    return int(origin.get("constructed", {}).get("claim", {}).get("least_steps", 1))


def tolerance_of(args: Namespace) -> float | None:
    """The value of --tolerance; None if not given. Raises ``BadValue`` unless it is positive."""
    tolerance = getattr(args, "tolerance", None)
    if tolerance is not None and (reasons := not_positive("tolerance", tolerance)):
        raise BadValue(f"{reasons[0]}.")
    return tolerance


def task_named(words: list[str]) -> str | None:
    """The value of --task among the words of a command, read before they are parsed."""
    for place, word in enumerate(words):
        if word == "--task" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--task="):
            return word.removeprefix("--task=")
    return None
