"""Output that all verbs share: one JSON document on standard output, messages and progress on standard error."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from holdfast.core.text import ERRORS, escaped

if TYPE_CHECKING:
    from holdfast.core.progress import Progress

LINE_SECONDS = 5.0
"""Seconds between progress lines if standard error is not a terminal."""


def prepare_streams() -> None:
    """Make standard output and error accept any text: characters outside the encoding are written in ASCII
    (``core/text.py``), and a stream that the caller closed is replaced by the null device."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 -- it is the stream from now on
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def abandon_output() -> None:
    """Discard the buffer of standard output, which Python would otherwise write again at exit."""
    with contextlib.suppress(OSError, ValueError):  # no file below it, as in a test
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def say(text: str, lines: bool = False) -> None:
    """Write to standard error; control characters are escaped, except line ends if ``lines``."""
    with contextlib.suppress(OSError):
        sys.stderr.write(escaped(text, keep="\n" if lines else ""))
        sys.stderr.flush()


def print_json(document: Mapping[str, object]) -> None:
    """Print exactly one document on standard output. A NaN in it is a bug and raises, since JSON has none."""
    sys.stdout.write(json.dumps(document, allow_nan=False, indent=1) + "\n")


def show_page(path: str) -> None:
    """Open a file in the user's browser; print its path if there is no browser."""
    import webbrowser
    from pathlib import Path

    if not webbrowser.open(Path(path).resolve().as_uri()):
        say(f"no browser was found; the page is {escaped(path)}\n", lines=True)


class ProgressPrinter:
    """Prints progress: one rewritten line in a terminal, otherwise a line every few seconds."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._last = time.monotonic()
        self._shown = False

    def __call__(self, what: str, progress: Progress) -> None:
        p = progress
        loss = f", median loss {p.loss:.3g}" if p.loss == p.loss else ""
        speed = f", {p.sequences_per_second:,.0f} sequences/s" if p.sequences_per_second else ""
        left = ", compiling" if math.isinf(p.seconds_left) else f"{speed}, at most {duration(p.seconds_left)} left"
        self.say(f"{what}: {p.solved:,} solved, {p.finished:,} of {p.of:,} finished{loss}{left}")

    def say(self, text: str) -> None:
        """Print a progress text, if enough time has passed."""
        if not self._live and time.monotonic() - self._last < LINE_SECONDS:
            return
        self._last = time.monotonic()
        shown = escaped(text)
        with contextlib.suppress(OSError):  # standard error was closed; the work goes on
            sys.stderr.write(f"\r{shown}\x1b[K" if self._live else shown + "\n")
            sys.stderr.flush()
        self._shown = self._live

    def done(self) -> None:
        """Clear the live line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            self._shown = False


def duration(seconds: float) -> str:
    if seconds == float("inf"):
        return "?"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
