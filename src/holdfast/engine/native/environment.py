"""The environment variables of the engine: ``HOLDFAST_ENGINE``, ``HOLDFAST_INSTRUCTIONS`` and ``HOLDFAST_THREADS``.

An invalid value raises ``BadValue``; it is never ignored, since a user who sets a variable expects it to take effect.
An empty variable counts as not set.
"""

from __future__ import annotations

import os

from holdfast.core.errors import BadValue

ENGINE = "HOLDFAST_ENGINE"
INSTRUCTIONS = "HOLDFAST_INSTRUCTIONS"
THREADS = "HOLDFAST_THREADS"

AUTO = "auto"
OF_A_PROCESS = (AUTO, "native", "loop")
"""The accepted values of ``HOLDFAST_ENGINE``. "parallel" is not among them: it runs few cells."""
FORMER = {"xla": "loop"}
"""Names of engines in version 0.1. They occur in files, and flags and the environment still accept them."""
INSTRUCTION_SETS = ("baseline", "avx2", "avx512", "neon")
"""The instruction sets of all builds of the library. The library itself reports which of them it has."""

MOST_THREADS = 1024
"""The largest accepted number of threads. A larger number is taken for a typing error."""


def engine() -> str:
    """The engine named by ``HOLDFAST_ENGINE``, or "auto" if it is not set. Raises ``BadValue``."""
    asked = os.environ.get(ENGINE, "")
    named = FORMER.get(asked, asked)
    return _known(ENGINE, named, OF_A_PROCESS, "Leave it out to have the fastest engine that can be had.") or AUTO


def instructions() -> str:
    """The instruction set named by ``HOLDFAST_INSTRUCTIONS``, or "". Raises ``BadValue`` for a name that no build
    has."""
    named = os.environ.get(INSTRUCTIONS, "")
    return _known(INSTRUCTIONS, named, INSTRUCTION_SETS, "Leave it out to use the fastest that this machine supports.")


def threads() -> int | None:
    """The number of threads in ``HOLDFAST_THREADS``, or None for all cores. Raises ``BadValue``."""
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
