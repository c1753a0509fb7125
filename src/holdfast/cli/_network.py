"""A saved network as verbs open it: double precision where its numbers have it, and the task that it is for."""

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
"""The length axis of a task that is asked about every length: large enough for every position and place."""


def open_network(path: str) -> tuple[Network, dict]:
    """The network in ``path`` and its origin, JAX set to double precision first where the file holds such numbers.

    Raises ``BadFile`` with what is wrong with the file, or with the cell where a plug-in's is.
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
    """Where the weights come from, read without loading them; empty where the file cannot be read: that is told when
    it is opened."""
    from holdfast.core.origin import parse
    from holdfast.core.tensors import read_header

    try:
        return parse(read_header(path).metadata.get("origin", "{}"), path)
    except BadFile:
        return {}


def own_name(words: list[str]) -> str | None:
    """The task that the network in the file of the first of these words is for, as far as one is known."""
    return own_task(origin_of(words[0])).get("name") if words and not words[0].startswith("-") else None


def own_task(origin: dict) -> dict[str, Any]:
    """The task that a network was trained on or constructed for: its ``name`` and its axes; empty where unknown.

    A network that was constructed for every length has ``ANY`` as the axis ``length``.
    """
    from holdfast.core.origin import task_of

    forever = "settings" not in origin and origin.get("constructed", {}).get("claim", {}).get("steps") == ANY
    return task_of(origin) | ({"length": ANY} if forever else {})


def task_flags(parser: Parser, words: list[str], own: str | None) -> None:
    """--task, and flags for the axes of the task that is named so, or else is ``own``; always --tolerance."""
    parser.flag("task", help="the task (default: the one that the network is for)")
    from dataclasses import fields

    name = _named(words) or own
    if name:
        from holdfast import tasks

        kind = tasks.get(name)
        parser.axes(kind, any_length=True)
        if any(axis.name == "tolerance" for axis in fields(kind)):
            return
    parser.flag("tolerance", float, help="largest error that still counts as right")


def length_flag(parser: Parser) -> None:
    parser.flag("up-to", int, help="all lengths up to this one (default: rows of exactly the task's length)")


@dataclass(frozen=True)
class Asked:
    """What is asked about a network: which rows of which task; ``unbounded``: the range as it was given, where it is
    not bounded (the task then keeps another)."""

    task: Task
    lengths: Lengths
    unbounded: tuple[float, float] | None


def asked_about(args: Namespace, own: dict[str, Any], kind: LengthKind = "exactly", first: int = 1) -> Asked:
    """``own``, a task's name and axes, changed by the flags: rows of exactly its length, or as --up-to or 'any' say.

    ``kind`` and ``first`` (the first step with an answer, for lengths that are not exact) hold where no flag is about
    lengths. Raises ``BadValue`` where no task is known or these axes make none.
    """
    from holdfast import tasks
    from holdfast.train.settings import make_task

    name = args.task or own.get("name")
    if name is None:
        raise BadValue(f"{args.network} does not say what it is for.", "Name a task: --task recall.")
    task, same = tasks.get(name), own.get("name") == name
    axis = task.length_axis
    axes = {k: v for k, v in own.items() if k not in ("name", "length")} if same else {}
    given = {k: v for k, v in given_fields(task, vars(args)).items() if k != "tolerance"}
    up_to = getattr(args, "up_to", None)
    if up_to is not None and axis in given:
        raise BadValue(f"--up-to {up_to} and --{axis} {given[axis]} both say which rows are meant.", "Give one.")
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
            f"the network answers from step {first} on, and these rows have up to {made.longest} steps.",
            "Ask for longer rows, or for those of exactly one length.",
        )
    return Asked(made, made.lengths(kind, first if same else 1), unbounded)


def least_steps_of(origin: dict) -> int:
    """The shortest length at which a constructed network claims to answer."""
    return int(origin.get("constructed", {}).get("claim", {}).get("least_steps", 1))


def tolerance_of(args: Namespace) -> float | None:
    """The tolerance, where it was given. Raises ``BadValue`` where it is none."""
    tolerance = getattr(args, "tolerance", None)
    if tolerance is not None and (reasons := not_positive("tolerance", tolerance)):
        raise BadValue(f"{reasons[0]}.")
    return tolerance


def _named(words: list[str]) -> str | None:
    for place, word in enumerate(words):
        if word == "--task" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--task="):
            return word.removeprefix("--task=")
    return None
