"""Files are written whole or not at all: first beside their place, then moved onto it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from holdfast.core.errors import BadRun


def write_atomically(path: Path, content: bytes | str) -> None:
    """Put ``content`` at ``path``; a reader sees the old file or the new one, never half of either.

    Raises ``BadRun`` where the disk is full or the folder cannot be written; what was there stays.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise BadRun(f"cannot write {path}: {error.strerror}.", "Nothing that was stored before is lost.") from error
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def check_writable(path: str | Path) -> None:
    """Whether a file could be put at ``path``, asked before the work whose result it is to hold. Raises ``BadRun``."""
    place = Path(path)
    if place.is_dir():
        raise BadRun(f"cannot write {place}: it is a folder.", "Name a file in it.")
    if not place.parent.is_dir():
        raise BadRun(f"cannot write {place}: there is no folder {place.parent}.", "Make it first, or name another.")
    try:
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    except OSError as error:
        raise BadRun(f"cannot write {place}: {error.strerror}.", "Name another place.") from error
