"""Parsing with argparse, its complaints turned into ours: one message, the nearest flag, exit code 2."""

from __future__ import annotations

import argparse
import re
from dataclasses import MISSING, Field, fields
from typing import Any, NoReturn

from holdfast.core.errors import BadFile, BadValue, UnknownName

GIVEN_ONLY: Any = argparse.SUPPRESS
"""Default of a flag that appears in the parsed arguments only if the user gave it."""

ANY = "any"
"""In place of a length: every length."""


LARGEST = 2**63 - 1
"""A whole number as machines have it."""


class Parser(argparse.ArgumentParser):
    """The parser of one verb. ``docstring`` is its module's: everything after the first paragraph is help."""

    def __init__(self, verb: str, sentence: str, docstring: str) -> None:
        super().__init__(
            prog=f"holdfast {verb}",
            description=sentence,
            epilog="\n\n".join(docstring.strip().split("\n\n")[1:]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        # So that "--range -inf inf" and "--range -1e-3 1" are numbers, not flags.
        self._negative_number_matcher = re.compile(r"^-(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^-inf$|^-nan$", re.IGNORECASE)

    def error(self, message: str) -> NoReturn:
        raise BadValue(f"{message.removeprefix('argument ')}.", f"'{self.prog} --help' shows what it takes.")

    def parse(self, words: list[str]) -> argparse.Namespace:
        for word in words:
            if word.startswith("--") and word.endswith("=--"):  # argparse takes the second for the end of flags
                self.error(f"argument {word.removesuffix('=--')}: expected one argument")
        known, unknown = self.parse_known_args(words)
        for word in unknown:
            if word.startswith("-"):
                raise UnknownName(f"flag of '{self.prog}'", word.split("=")[0], self._option_string_actions)
        if unknown:
            raise BadValue(
                f"{self.prog}: '{unknown[0]}' is one word too many.", f"'{self.prog} --help' shows what it takes."
            )
        return known

    def flag(self, name: str, kind: type = str, help: str = "", **options: Any) -> None:
        """A flag with a value. ``kind`` int or float also checks that it is one, in our words."""
        if kind is str and "choices" not in options:
            options.setdefault("metavar", "TEXT")
        readers = {int: _int, float: _float, str: str}
        if "choices" not in options:
            options.setdefault("metavar", {int: "N", float: "X", str: "TEXT"}[kind])
        self.add_argument(f"--{name}", type=readers[kind], help=help, **options)

    def axes(self, task: Any, any_length: bool = False) -> None:
        """A flag for every axis of a task, present in the result only where given.

        ``any_length``: the axis of its length may also be the word "any", which is then what the result holds.
        """
        group = self.add_argument_group(f"axes of {task.__module__.rsplit('.', 1)[-1]}")
        for axis in fields(task):
            default, help = axis.default, axis.metadata["help"]
            options: dict[str, Any] = {"default": GIVEN_ONLY, "help": f"{help} (default: {_shown(default)})"}
            if axis.name == "sequences":
                options |= {"nargs": "+", "type": str, "metavar": "A,B,C"}
            elif any_length and axis.name == task.length_axis:
                options |= {"type": _int_or_any, "metavar": "N|any"}
            elif isinstance(default, tuple):
                options |= {"nargs": len(default), "type": _float, "metavar": ("LOW", "HIGH")}
            else:
                options |= {"type": _reader(axis)}
                options |= (
                    {"choices": axis.metadata["choices"]} if axis.metadata["choices"] else {"metavar": _letter(axis)}
                )
            try:
                group.add_argument(f"--{axis.name.replace('_', '-')}", **options)
            except argparse.ArgumentError as error:  # of a plug-in: ours have names of their own
                name = task.__module__.rsplit(".", 1)[-1]
                raise BadFile(
                    f"the task '{name}' has the axis '{axis.name}', which is a flag of '{self.prog}'.",
                    "Rename the axis.",
                ) from error


def _reader(axis: Field) -> Any:
    assert axis.default is not MISSING, f"axis {axis.name} has no baseline"
    return {int: _int, float: _float}.get(type(axis.default), str)


def _letter(axis: Field) -> str:
    return {int: "N", float: "X"}.get(type(axis.default), "TEXT")


def _shown(default: Any) -> str:
    if default is None:
        return "none"
    return " ".join(f"{v:g}" for v in default) if isinstance(default, tuple) else str(default)


def _int(text: str) -> int:
    try:
        value = int(text.replace("_", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number") from None
    if abs(value) > LARGEST:
        raise argparse.ArgumentTypeError(f"{text} is too large, expected at most {LARGEST}")
    return value


def at_least_zero(text: str) -> int:
    """The reader of a flag: a whole number from 0 up."""
    value = _int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative, expected at least 0")
    return value


def _int_or_any(text: str) -> int | str:
    return text if text == ANY else _int(text)


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no number") from None
    if value != value:
        raise argparse.ArgumentTypeError("NaN is no number")
    return value
