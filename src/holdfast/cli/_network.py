"""The flags of a question about a network: its task, that task's axes, its lengths, the tolerance."""

from __future__ import annotations

from holdfast.cli._parser import Parser
from holdfast.verbs._network import origin_of, own_task


def own_name(words: list[str]) -> str | None:
    """The task of the network whose file is the first word; None if unknown."""
    return own_task(origin_of(words[0])).get("name") if words and not words[0].startswith("-") else None


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


def task_named(words: list[str]) -> str | None:
    """The value of --task before parsing; None if not given."""
    for place, word in enumerate(words):
        if word == "--task" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--task="):
            return word.removeprefix("--task=")
    return None
