"""What a law is, and what is told of one that was applied.

A law is a function that returns nothing, or in a few words what it looked at. It raises ``LawViolation`` with what is
wrong, or ``NotApplicable`` with why it says nothing here. Whatever else it raises was raised by the plug-in that it
called.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from holdfast.core.errors import Problem

LawVerdict = Literal["passes", "fails", "not checked"]
Law = Callable[[], str | None]


class LawViolation(Exception):  # noqa: N818 -- a verdict, not an error of ours
    """A law that does not hold: what was found, and what was expected."""


class NotApplicable(Exception):  # noqa: N818 -- a verdict, not an error of ours
    """Why a law says nothing of this plug-in."""


@dataclass(frozen=True)
class LawResult:
    """One law with its verdict and what was found."""

    check: str
    verdict: LawVerdict
    found: str

    @property
    def fails(self) -> bool:
        return self.verdict == "fails"

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def expect(holds: bool, words: str) -> None:
    """Raise ``LawViolation`` with these words where ``holds`` is false."""
    if not holds:
        raise LawViolation(words)


def judged(check: str, law: Law, file: str) -> LawResult:
    """Apply one law; an error that the plug-in in ``file`` raises is a verdict too, and never a traceback."""
    try:
        return LawResult(check, "passes", law() or "")
    except LawViolation as broken:
        return LawResult(check, "fails", str(broken))
    except NotApplicable as reason:
        return LawResult(check, "not checked", str(reason))
    except Problem as problem:
        return LawResult(check, "fails", problem.message)
    except Exception as error:
        return LawResult(check, "fails", raised(error, file))


def raised(error: Exception, file: str) -> str:
    """What a plug-in raised, and in which of its lines."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = f" (line {lines[-1]})" if lines else ""
    text = str(error).strip().split("\n")[0]
    return f"raises {type(error).__name__}{': ' + text if text else ''}{place}"
