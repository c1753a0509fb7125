"""An argparse parser whose errors are holdfast's: one message, the nearest flag, exit code 2."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, get_args, get_origin

from holdfast.core import values
from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.core.fields import LARGEST_INTEGER, FieldInfo, field_infos
from holdfast.core.registered import class_name
from holdfast.core.text import paragraphs, width_of, wrapped

GIVEN_ONLY: Any = argparse.SUPPRESS
"""Default of a flag that is absent from the parsed arguments unless the user gives it."""

WIDTH, LARGEST_WIDTH = 80, 120
"""The width of the help in columns if the output is no terminal, and the largest in a terminal."""

METAVARS = {int: "N", float: "X", str: "TEXT"}


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Breaks lines between words, at the width of the terminal. Indented lines are examples, which stay whole; what an
    example is, after several spaces, stands below it where there is no room beside it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(width_of(sys.stdout, WIDTH), LARGEST_WIDTH))

    def _format_usage(self, *given: Any, **named: Any) -> str:
        usage = super()._format_usage(*given, **named)
        fits = all(len(line) <= self._width for line in usage.split("\n"))
        return usage if fits else re.sub(r"\n +", "\n  ", usage)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(" ".join(text.split()), width).split("\n")

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = paragraphs(text).split("\n")
        return "\n".join(_example(line, width) if line[:1] == " " else wrapped(line, width) for line in lines)


def _example(line: str, width: int) -> str:
    command, gap, meaning = line.strip().partition("   ")
    if len(line) <= width or not gap:
        return line
    return f"  {command}\n{wrapped(meaning.strip(), width, *['    '] * 2)}"


class Parser(argparse.ArgumentParser):
    """The parser of one verb. Its help ends with ``docstring``, the module's, without its first paragraph."""

    def __init__(self, verb: str, sentence: str, docstring: str) -> None:
        super().__init__(
            prog=f"holdfast {verb}",
            description=sentence,
            epilog="\n\n".join(docstring.strip().split("\n\n")[1:]),
            formatter_class=HelpFormatter,
            allow_abbrev=False,
        )
        # So that "--range -inf inf" and "--range -1e-3 1" are numbers, not flags.
        self._negative_number_matcher = re.compile(r"^-(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^-inf$|^-nan$", re.IGNORECASE)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            flag, known = next(iter(action.option_strings), action.metavar), list(map(str, action.choices))
            near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.6)
            fix = f"Did you mean '{near[0]}'?" if near else f"'{self.prog} --help' lists the arguments."
            raise BadValue(f"{flag} is '{value}', expected one of {', '.join(known)}.", fix)

    def error(self, message: str) -> NoReturn:
        text = re.sub(r"^argument (--[\w-]+): (?=is )", r"\1 ", message).removeprefix("argument ")
        raise BadValue(f"{text}.", f"'{self.prog} --help' lists the arguments.")

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
                f"{self.prog}: '{unknown[0]}' is one argument too many.", f"'{self.prog} --help' lists the arguments."
            )
        return known

    def flag(self, name: str, kind: type = str, help: str = "", **options: Any) -> None:
        """Add a flag with a value of type ``kind``; a value of another type raises holdfast's error."""
        if "choices" not in options:
            options.setdefault("metavar", METAVARS[kind])
        self.add_argument(f"--{name}", type=_reader(lambda word: _bounded(kind, word)), help=help, **options)

    def fields(
        self,
        record: type,
        names: Iterable[str] | None = None,
        *,
        title: str = "",
        defaults: Mapping[str, Any] | None = None,
        any_length: str = "",
    ) -> None:
        """Add a flag for every field of a record, or for those in ``names``; absent from the result unless given.

        ``title`` heads them in the help; ``defaults`` override those of the record. The field named ``any_length`` also
        accepts the word "any".
        """
        group = self.add_argument_group(title) if title else self
        known = field_infos(record)
        for one in map(known.__getitem__, known if names is None else names):
            default = (defaults or {}).get(one.name, one.default)
            help = f"{one.meaning} (default: {one.said(default)})".replace("%", "%%")
            how = {"type": _int_or_any, "metavar": "N|any"} if one.name == any_length else _values(one)
            try:
                group.add_argument(one.flag, default=GIVEN_ONLY, help=help, **how)
            except argparse.ArgumentError as error:  # only a plug-in's axis can collide with a flag
                name = class_name(record)
                raise BadFile(
                    f"the task '{name}' has the axis '{one.name}', which is a flag of '{self.prog}'.",
                    "Rename the axis.",
                ) from error

    def axes(self, task: type, any_length: bool = False) -> None:
        """Add a flag for every axis of a task; with ``any_length`` the length axis also accepts the word "any"."""
        name = class_name(task)
        self.fields(task, title=f"axes of {name}", any_length=getattr(task, "length_axis", "") if any_length else "")


def _values(one: FieldInfo) -> dict[str, Any]:
    """The options of ``add_argument`` for the values of a field."""
    parts = get_args(one.kind) if get_origin(one.kind) is tuple else ()
    if not parts:
        shown = f"{{{','.join(one.meta.choices)}}}" if one.meta.choices else METAVARS.get(one.kind, "TEXT")
        return {"type": _reader(one.read), "metavar": shown}
    each = _reader(lambda word: values.read(parts[0], word))
    if parts[-1] is Ellipsis:
        return {"type": each, "nargs": "+", "metavar": METAVARS.get(parts[0], "A,B,C")}
    return {"type": each, "nargs": len(parts), "metavar": ("LOW", "HIGH") if len(parts) == 2 else METAVARS[parts[0]]}


def _reader(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def reader(word: str) -> Any:
        try:
            return read(word)
        except ValueError as why:
            raise argparse.ArgumentTypeError(str(why)) from None

    return reader


def _bounded(kind: type, word: str) -> Any:
    value = values.read(kind, word)
    if kind is int and abs(value) > LARGEST_INTEGER:
        raise ValueError(f"is {values.got(value)}, expected at most {LARGEST_INTEGER:,}")
    return value


def _int_or_any(word: str) -> int | str:
    return word if word == values.ANY else _reader(lambda word: _bounded(int, word))(word)


def at_least_zero(word: str) -> int:
    """Read a whole number of at least 0 from a flag."""
    value = _reader(lambda word: _bounded(int, word))(word)
    if value < 0:
        raise argparse.ArgumentTypeError(f"is {value}, expected at least 0")
    return value
