"""Completion of words in a shell, by argcomplete: verbs, flags, and the names that a flag accepts.

``main`` calls ``complete`` only where a shell asks, which argcomplete shows by the environment variable
``_ARGCOMPLETE``; nothing of this is imported otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
from typing import Any

from holdfast.cli._names import FLAGS
from holdfast.cli._parser import Parser
from holdfast.core.errors import Problem
from holdfast.core.registry import Folder
from holdfast.studies.folders import KINDS, SHOWN

NAMES = {**FLAGS, "name": SHOWN}
"""The argument, and the kinds of 'holdfast list' whose names it accepts."""


def complete(verbs: Folder) -> None:
    """Print the words that may follow, and exit."""
    import argcomplete

    line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT") or 10**6)]
    argcomplete.autocomplete(parser_for(verbs, _words(line)))


def parser_for(verbs: Folder, words: list[str]) -> argparse.ArgumentParser:
    """A parser of the whole command, with the arguments of the verb that ``words`` begin with."""
    made = {"help": Parser("help", "", "")}
    made["help"].add_argument("verb", choices=verbs.names())
    for verb in verbs.names():
        parser = made[verb] = Parser(verb, "", "")
        if words[:1] == [verb]:
            module = verbs.load(verb)
            with contextlib.suppress(Problem):  # of a word that is only half written: what was added before it stays
                module.configure(parser, words[1:])
            _name_values(parser)
    whole = argparse.ArgumentParser("holdfast", add_help=False)
    whole.add_argument("-h", "--help", action="store_true")
    whole.add_argument("-V", "--version", action="store_true")
    parser_of: Any = lambda verb, **_: made[verb]  # noqa: E731 -- argparse types it as a class
    several: Any = whole.add_subparsers(parser_class=parser_of)
    for verb in made:
        several.add_parser(verb, verb=verb)
    return whole


def _name_values(parser: Parser) -> None:
    """Tell argcomplete the names that an argument accepts."""
    for action in parser._actions:
        if action.dest in NAMES and action.choices is None:
            names = [name for kind in NAMES[action.dest] for name in KINDS[kind].names()]
            action.completer = _completer(names, action.dest == "name")  # type: ignore[attr-defined]


def _completer(names: list[str], or_files: bool) -> Any:
    def completer(prefix: str, **_: Any) -> list[str]:
        if not or_files:
            return names
        from argcomplete.completers import FilesCompleter

        return [*names, *FilesCompleter(("safetensors",))(prefix)]

    return completer


def _words(line: str) -> list[str]:
    """The whole words of a line behind the command; the last one, which is being written, is left out."""
    try:
        words = shlex.split(line)[1:]
    except ValueError:  # an open quotation mark
        words = line.split()[1:]
    return words if line.endswith(" ") else words[:-1]
