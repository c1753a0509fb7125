"""What the environment asks of the engine: ``HOLDFAST_ENGINE``, ``HOLDFAST_INSTRUCTIONS`` and ``HOLDFAST_THREADS``.

A value that means nothing is a user's mistake and is told as one, never passed over: whoever forces a choice wants to
know that it was not made. A variable that is empty counts as not set.
"""

from __future__ import annotations

import os

from holdfast.core.errors import BadValue

ENGINE = "HOLDFAST_ENGINE"
INSTRUCTIONS = "HOLDFAST_INSTRUCTIONS"
THREADS = "HOLDFAST_THREADS"

AUTO = "auto"
OF_A_PROCESS = (AUTO, "native", "loop")
"""The engines that may be asked for with ``HOLDFAST_ENGINE``: "parallel" has few cells."""
FORMER = {"xla": "loop"}
"""What engines were called in version 0.1, in files, and may still be called by a flag or in the environment."""
INSTRUCTION_SETS = ("baseline", "avx2", "avx512", "neon")
"""Every name that some build of the library may know; which of them this one has, only the library can say."""

MOST_THREADS = 1024
"""No machine that a small network is trained on has more; what is larger is a slip of the hand."""


def engine() -> str:
    """What "auto" means in this process; itself where nothing is set. Raises ``BadValue``."""
    asked = os.environ.get(ENGINE, "")
    named = FORMER.get(asked, asked)
    return _known(ENGINE, named, OF_A_PROCESS, "Leave it out to have the fastest engine that can be had.") or AUTO


def instructions() -> str:
    """The instruction set that is forced, or nothing. Raises ``BadValue`` for a name that no build has."""
    named = os.environ.get(INSTRUCTIONS, "")
    return _known(INSTRUCTIONS, named, INSTRUCTION_SETS, "Leave it out to use the fastest that this machine supports.")


def threads() -> int | None:
    """How many threads the compiled library is to use, or None for all cores. Raises ``BadValue``."""
    text = os.environ.get(THREADS, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST_THREADS):
        raise BadValue(
            f"{THREADS} is '{text}', expected a whole number from 1 to {MOST_THREADS}.",
            "Leave it out to use all cores.",
        )
    return int(text)


def _known(variable: str, value: str, known: tuple[str, ...], fix: str) -> str:
    if value and value not in known:
        raise BadValue(f"{variable} is '{value}', expected one of {', '.join(known)}.", fix)
    return value
