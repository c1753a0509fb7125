"""The exit codes of the command, each named once."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process says to whoever called it."""

    YES = 0
    NO = 1
    """An honest no: refuted, unknown, not solved, not reproduced."""
    MISTAKE = 2
    """What was asked cannot be done: a mistake of the user, a file that is damaged, a disk that is full."""
    INTERNAL = 70
    """A fault of holdfast (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM; what was done is kept."""
    BROKEN_PIPE = 141
    """The reader of the output has gone, as with 'head'. Shells expect 128 + SIGPIPE."""
