"""The exit codes of the command, each named once."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit code of the process."""

    YES = 0
    NO = 1
    """A negative result: refuted, unknown, not solved, not reproduced."""
    MISTAKE = 2
    """The request cannot be carried out: a user's mistake, a damaged file, a full disk."""
    INTERNAL = 70
    """A fault of holdfast (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM; finished work is kept."""
    BROKEN_PIPE = 141
    """The reader closed the pipe, as 'head' does. Shells expect 128 + SIGPIPE."""
