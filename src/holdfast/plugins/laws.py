"""Laws and their results.

A law is a function that returns None, or a short text about what it checked. It raises ``LawViolation`` with the
difference that it found, or ``NotApplicable`` with the reason. Any other exception comes from the plug-in.
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
    """A law that does not hold; the message has what was found and what was expected."""


class NotApplicable(Exception):  # noqa: N818 -- a verdict, not an error of ours
    """A law that does not apply to this plug-in; the message has the reason."""


@dataclass(frozen=True)
class LawResult:
    """The result of one law: its verdict and what was found."""

    check: str
    verdict: LawVerdict
    found: str

    @property
    def fails(self) -> bool:
        return self.verdict == "fails"

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def expect(holds: bool, words: str) -> None:
    """Raise ``LawViolation`` with these words if ``holds`` is false."""
    if not holds:
        raise LawViolation(words)


def judged(check: str, law: Law, file: str) -> LawResult:
    """Apply one law. An error that the plug-in in ``file`` raises becomes a verdict, never a traceback."""
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
    """The error that a plug-in raised, and the line of its file."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = f" (line {lines[-1]})" if lines else ""
    text = str(error).strip().split("\n")[0]
    return f"raises {type(error).__name__}{': ' + text if text else ''}{place}"
