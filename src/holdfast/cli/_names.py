"""Names in the words of a command: found regardless of case, and runs without the folder ``runs/`` before them."""

from __future__ import annotations

import re
from pathlib import Path

from holdfast.cli.list import RUNS
from holdfast.studies.folders import KINDS, SHOWN

FLAGS = {
    "task": ("tasks",),
    "cell": ("cells", "blocks"),
    "cells": ("cells", "blocks"),
    "block": ("blocks",),
    "optimiser": ("optimisers",),
    "update": ("rules",),
    "updates": ("rules",),
    "stop": ("stops",),
    "diagnostics": ("diagnostics",),
    "study": ("studies",),
}
"""The kinds of names that the value of a flag consists of."""
FIRST = {"train": ("tasks",), "construct": ("tasks",), "tune": ("tasks",), "show": SHOWN}
"""The kinds of names that the first word of a verb may be."""
FILES = ("test", "explain", "certify", "check", "refute", "export", "show")
"""Verbs whose words without a flag may be files or folders of a run."""


def spelled(verb: str, words: list[str]) -> list[str]:
    """The words of ``verb`` with every name in the case that it has, and every path of a run with ``runs/``."""
    found, flag = list[str](), ""
    for place, word in enumerate(words):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            flag = name.removeprefix("--")
            found.append(f"{name}={_value(flag, value)}" if equals else word)
            continue
        if flag:
            found.append(_value(flag, word))
        else:
            named = _in_case(word, FIRST[verb]) if verb in FIRST and not place else word
            found.append(_in_runs(named) if verb in FILES else named)
        flag = ""
    return found


def in_case(word: str, names: list[str]) -> str:
    """The one of ``names`` that is ``word`` in another case; else ``word``."""
    return word if word in names else next((name for name in names if name.lower() == word.lower()), word)


def _value(flag: str, value: str) -> str:
    if flag == "resume":
        return _in_runs(value)
    return _in_case(value, FLAGS[flag]) if flag in FLAGS else value


def _in_case(value: str, kinds: tuple[str, ...]) -> str:
    """Every name in ``value``, which may be a list, or cells in blocks, ``stack(lstm,gru)``."""
    if value == value.lower() or Path(value).exists():
        return value
    names = [name for kind in kinds for name in KINDS[kind].names()]
    return re.sub(r"[\w-]+", lambda match: in_case(match[0], names), value)


def _in_runs(word: str) -> str:
    inside = RUNS / word
    return str(inside) if word and not Path(word).exists() and inside.exists() else word
