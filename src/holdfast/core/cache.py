"""What is kept on disk from one command to the next, in the folder of ``HOLDFAST_CACHE`` or the system's cache folder.

An entry has a kind, and a key: a text with everything that determines its content. A damaged entry reads as none, and
a folder that cannot be written keeps nothing. Nothing is kept before ``enable`` is called.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from holdfast.core.errors import Problem
from holdfast.core.files import write_atomically

MOST_FILES = 400
"""Entries of a kind, of about 20 kB each; the oldest are removed."""

CODE = (".py", ".so", ".dylib")

_enabled = False


def enable(on: bool = True) -> None:
    """Keep entries from now on in this process, or not."""
    global _enabled
    _enabled = on


def enabled() -> bool:
    return _enabled


def folder() -> Path:
    """``$HOLDFAST_CACHE``, or ``holdfast`` in the system's cache folder."""
    if moved := os.environ.get("HOLDFAST_CACHE"):
        return Path(moved)
    from platformdirs import user_cache_path

    return user_cache_path("holdfast", appauthor=False)


def read(kind: str, key: str) -> bytes | None:
    """The content of an entry; None if there is none, or it is damaged."""
    if not _enabled:
        return None
    place = _place(kind, key)
    try:
        stored = place.read_bytes()
        digest, content = stored[:32], stored[32:]
        if hashlib.sha256(content).digest() != digest:
            return None
        os.utime(place)  # the oldest are removed first
    except OSError:
        return None
    return content


def write(kind: str, key: str, content: bytes) -> None:
    """Keep the content of an entry."""
    if not _enabled:
        return
    place = _place(kind, key)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, hashlib.sha256(content).digest() + content)
        for file in sorted(place.parent.iterdir(), key=lambda file: file.stat().st_mtime_ns)[:-MOST_FILES]:
            file.unlink()
    except (OSError, Problem):
        return


@lru_cache(maxsize=1)
def code() -> list[tuple[str, int, int]]:
    """The package's files of code, the compiled library among them, with their sizes and times: whatever depends on the
    code has these in its key."""
    root = Path(__file__).parent.parent
    return [(str(file), *stamp(file)) for file in sorted(root.rglob("*")) if file.suffix in CODE]


def stamp(file: Path) -> tuple[int, int]:
    """The size of a file in bytes, and when it was changed, in nanoseconds."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _place(kind: str, key: str) -> Path:
    return folder() / kind / hashlib.sha256(key.encode()).hexdigest()[:40]
