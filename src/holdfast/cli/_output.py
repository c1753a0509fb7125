"""Output that all verbs share: one JSON document on standard output, messages on standard error."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Mapping

from holdfast.core.text import ERRORS, encodable, escaped, width_of, wrapped


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
    """Write a message to standard error; control characters are escaped, except line ends if ``lines``. In a terminal
    its lines are broken between words."""
    shown, width = escaped(text, keep="\n" if lines else ""), width_of(sys.stderr, 0)
    if width:
        shown = encodable(shown, sys.stderr.encoding)
        shown = "\n".join(wrapped(line, width) for line in shown.split("\n"))
    with contextlib.suppress(OSError):
        sys.stderr.write(shown)
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
