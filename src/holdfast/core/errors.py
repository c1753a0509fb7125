"""Every error that a user can cause, and the exit code that each stands for.

    Problem                 a mistake in what was asked: exit code 2, no traceback
    ├── UnknownName         a cell, task, flag or file that does not exist; the nearest is suggested
    ├── BadValue            a value out of its range, or two that contradict each other
    ├── BadFile             a file that cannot be read as what it should be
    ├── BadRun              a run folder that is busy, foreign, full or cannot be written
    └── AbsentData          a dataset whose arrays only another process had

A bug of ours is an ``AssertionError`` or whatever Python raises: exit code 70, and it keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Problem(Exception):  # noqa: N818 -- the word users read
    """A user's mistake, told once: what happened, where, and how to mend it.

    ``message`` says what and where, with what was got and what was expected; ``fix`` says what to do.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    @property
    def kind(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class UnknownName(Problem):
    """A name that is not in its registry.

    >>> print(UnknownName("cell", "lstn", ["gru", "lstm"]))
    there is no cell named 'lstn'; there are: gru, lstm. Did you mean 'lstm'?
    """

    def __init__(self, what: str, got: str, known: Iterable[str]) -> None:
        self.got = got
        names = sorted(known)
        near = difflib.get_close_matches(got, names, n=1, cutoff=0.6)
        fix = f"Did you mean '{near[0]}'?" if near else ""
        super().__init__(f"there is no {what} named '{got}'; there are: {', '.join(names)}.", fix)


class BadValue(Problem):
    """A value out of its range, or values that contradict each other."""


class BadFile(Problem):
    """A file that cannot be read as what it should be."""


class BadRun(Problem):
    """A run folder that is busy, foreign, full or cannot be written."""


class AbsentData(Problem):
    """A dataset whose arrays only another process had."""


def refuse(reasons: list[str], where: str, fix: str = "") -> None:
    """Raise one ``BadValue`` that carries every reason at once; do nothing where there is none."""
    if reasons:
        raise BadValue(f"{where}: " + "; ".join(reasons) + ".", fix)
