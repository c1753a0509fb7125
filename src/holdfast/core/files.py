"""Files are written whole or not at all: first beside their place, then moved onto it.

A process that is killed while it writes leaves its temporary file behind. Whoever writes next into that folder removes
it, and knows it by its lock: a writer holds one on its temporary file, and the system takes it back when the process
ends, however it ends. The temporary files of living processes, on this machine or on another, are left alone.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.core.errors import BadFile, BadRun

if TYPE_CHECKING:
    from filelock import BaseFileLock

try:
    import fcntl
except ImportError:  # no POSIX system: temporary files of killed processes stay
    fcntl = None

PREFIX, SUFFIX = ".holdfast-", ".tmp"
_TEMPORARY = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}" + re.escape(SUFFIX))
"""The names that ``tempfile.mkstemp`` makes, and no other: nothing else is ever removed."""
_CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.EBADF, errno.EISDIR)
"""What a file system says that cannot put a folder on the disk on demand."""


def write_atomically(path: Path, content: bytes | str) -> None:
    """Put ``content`` at ``path``; a reader sees the old file or the new one, never half of either.

    When it returns, the file is on the disk under its name. Text is UTF-8; a surrogate, which stands for a byte of an
    undecodable file name, is written as an escape (``\\udcff``). Raises ``BadRun`` where the disk is full, the folder
    cannot be written, or ``path`` is a folder or a device; what was there stays.
    """
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    temporary = ""
    try:
        _refuse_special(path)
        remove_stale(path.parent)
        handle, temporary = _locked(path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            if fcntl is not None:  # the lock ends with the handle, and is held until the file has its name
                os.replace(temporary, path)
        if fcntl is None:
            os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise BadRun(f"cannot write {path}: {error.strerror or error}.", "Earlier contents are unchanged.") from error
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def refuse_absent(path: str | Path, fix: str = "") -> None:
    """Raise ``BadFile`` unless ``path`` is a file. Of the folder of a run, the networks in it are named."""
    place = Path(path)
    if place.is_file():
        return
    if not place.is_dir():
        raise BadFile(f"there is no file {path}.", fix)
    networks = sorted(place.glob("weights/*.safetensors")) or sorted(place.glob("*.safetensors"))
    named = ", ".join(map(str, networks[:3])) + (", ..." if networks[3:] else "")
    raise BadFile(f"{path} is a folder, expected a file.", f"Networks in it: {named}." if named else fix)


def check_writable(path: str | Path) -> None:
    """Whether a file could be put at ``path``, asked before the work whose result it is to hold. Raises ``BadRun``."""
    place = Path(path)
    try:
        _refuse_special(place)
        if not place.parent.is_dir():
            raise BadRun(
                f"cannot write {place}: there is no folder {place.parent}.", "Create it first, or give another."
            )
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    except OSError as error:
        raise BadRun(f"cannot write {place}: {error.strerror or error}.", "Name another place.") from error


def check_folder(path: str | Path) -> None:
    """Whether ``path`` is a folder that can be written, or could be made one with those above it; nothing is made.

    Raises ``BadRun``.
    """
    place = Path(path)
    try:
        with tempfile.TemporaryFile(dir=_nearest(place)):
            pass
    except (NotADirectoryError, FileNotFoundError) as error:
        raise BadRun(f"cannot create the folder {place}: a file has this name.", "Give another.") from error
    except OSError as error:
        raise BadRun(f"cannot create the folder {place}: {error.strerror or error}.", "Give another.") from error


def _nearest(place: Path) -> Path:
    """The nearest folder that exists: ``place``, or the lowest above it."""
    for folder in (place, *place.absolute().parents):
        try:
            os.lstat(folder)
        except FileNotFoundError:
            continue
        return folder
    return place


def hold(path: Path, busy: BadRun, wait_seconds: float = 0.0) -> BaseFileLock:
    """Hold the lock in the file ``path`` until it is released or this process ends.

    Raises ``busy`` where another process has it and does not let go in time, ``BadRun`` where it cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=wait_seconds)
    try:
        lock.acquire()
    except Timeout:
        raise busy from None
    except OSError as error:
        raise BadRun(f"cannot write into {path.parent}: {error.strerror}.", "Name another place.") from error
    return lock


def remove_stale(folder: Path) -> None:
    """Remove the temporary files in ``folder`` whose processes are gone. What cannot be judged or removed stays."""
    if fcntl is None:
        return
    with os.scandir(folder) as entries:
        names = [entry.path for entry in entries if _TEMPORARY.fullmatch(entry.name)]
    for name in names:
        try:
            handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name)
        except OSError:
            pass
        finally:
            os.close(handle)


def _locked(folder: Path) -> tuple[int, str]:
    """A temporary file in ``folder``, open and locked."""
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=PREFIX, suffix=SUFFIX)
        if fcntl is None:
            return handle, name
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a file system without locks, where nobody can take this file for one that was left behind
            return handle, name
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # another process removed it between its making and its lock


def _refuse_special(path: Path) -> None:
    """A file moved onto a folder fails; moved onto a device or a pipe, it would take its place."""
    try:
        kind = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(kind):
        raise BadRun(f"cannot write {path}: it is a folder.", "Give a file in it.")
    if not stat.S_ISREG(kind):
        raise BadRun(f"cannot write {path}: it is a device or a pipe, not a file.", "Name a file.")


def _sync_folder(folder: Path) -> None:
    """Put the folder's names on the disk: a file that was moved is otherwise lost in a power cut."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(handle)
