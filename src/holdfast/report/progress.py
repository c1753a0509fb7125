"""Progress of long work on standard error: one rewritten line in a terminal or a notebook, otherwise a line every few
seconds."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from holdfast.core.text import escaped

if TYPE_CHECKING:
    from holdfast.core.progress import Progress

LINE_SECONDS = 5.0
"""Seconds between progress lines if standard error is neither a terminal nor a notebook."""
CLEAR = "\x1b[K"
"""Clears a line from the cursor on."""


class ProgressPrinter:
    """Prints progress, if it is ``shown``. A context manager: the live line is cleared at the end."""

    def __init__(self, shown: bool = True) -> None:
        self._shown = shown
        self._live = sys.stderr.isatty() or _in_notebook()
        self._last = time.monotonic()
        self._on_line = False

    def __enter__(self) -> ProgressPrinter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done()

    def __call__(self, what: str, progress: Progress) -> None:
        p = progress
        loss = f", median loss {p.loss:.3g}" if p.loss == p.loss else ""
        speed = f", {p.sequences_per_second:,.0f} sequences/s" if p.sequences_per_second else ""
        left = ", compiling" if math.isinf(p.seconds_left) else f"{speed}, at most {duration(p.seconds_left)} left"
        self.say(f"{what}: {p.solved:,} solved, {p.finished:,} of {p.of:,} finished{loss}{left}")

    def say(self, text: str) -> None:
        """Print a progress text, if enough time has passed."""
        if not self._shown or (not self._live and time.monotonic() - self._last < LINE_SECONDS):
            return
        self._last = time.monotonic()
        line = escaped(text)
        with contextlib.suppress(OSError):  # standard error was closed; the work goes on
            sys.stderr.write(f"\r{line}{CLEAR}" if self._live else line + "\n")
            sys.stderr.flush()
        self._on_line = self._live

    def done(self) -> None:
        """Clear the live line."""
        if self._on_line:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"\r{CLEAR}")
                sys.stderr.flush()
            self._on_line = False


def duration(seconds: float) -> str:
    """Seconds in words: ``1 h 02 min``."""
    if seconds == float("inf"):
        return "?"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _in_notebook() -> bool:
    """Whether standard error is the output of a notebook's cell, which rewrites a line as a terminal does."""
    return type(sys.stderr).__module__.startswith("ipykernel.")
