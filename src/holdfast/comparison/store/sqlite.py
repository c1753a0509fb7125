"""The SQLite file of a store: open, create and identify it, and convert SQLite's errors to ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.core.errors import BadFile, BadRun

APPLICATION = 0x686F6C64
"""The application id in the file's header ("hold"), which distinguishes a store from other databases."""

VERSION = 1

SCHEMA = f"""
CREATE TABLE studies (name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE configurations (key TEXT PRIMARY KEY, settings TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE places (study TEXT, ordinal INTEGER, configuration TEXT NOT NULL, PRIMARY KEY (study, ordinal))
    WITHOUT ROWID;
CREATE TABLE points (
    configuration TEXT, seed INTEGER, verdict TEXT NOT NULL, sequences INTEGER NOT NULL, loss REAL, error_sup REAL,
    accuracy REAL, slope_start REAL, slope_end REAL, seconds REAL NOT NULL, PRIMARY KEY (configuration, seed)
) WITHOUT ROWID;
CREATE TABLE networks (configuration TEXT, seed INTEGER, file BLOB NOT NULL, PRIMARY KEY (configuration, seed));
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

WAIT_SECONDS = 30.0
"""How long to wait for another writer. A writer locks the file only for milliseconds."""


def connect(path: Path, write: bool) -> sqlite3.Connection:
    """Open the store at ``path``. With ``write``, create it if there is no file.

    Raises ``BadFile`` for a file that is not a store, is from a newer holdfast or is damaged, and ``BadRun`` if it
    cannot be written. An existing file is never overwritten.
    """
    if not path.exists():
        if not write:
            raise BadFile(
                f"the store {path} does not exist.", "Run 'holdfast compare' first, or give another file with --store."
            )
        return _make(path)
    with told(path):
        connection = _open(path, write)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        # Views and triggers of an untrusted file would run as code when the store is read.
        views = connection.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone()[0]
    if not tables and not version:
        connection.close()
        return _make(path)  # the process was killed between creating the file and its tables
    if application != APPLICATION:
        connection.close()
        raise BadFile(f"{path} is a database, but not a store of holdfast.", "Give another file with --store.")
    if views:
        connection.close()
        raise BadFile(f"{path} is not a store of holdfast: it has {views} views or triggers, expected only tables.")
    if version > VERSION:
        connection.close()
        raise BadFile(
            f"the store {path} was written by a newer holdfast: its version is {version}, this one reads {VERSION}.",
            "Upgrade holdfast, or give another file with --store. The file was not changed.",
        )
    return connection


def _open(path: Path, write: bool) -> sqlite3.Connection:
    mode = "rwc" if write else "ro"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=WAIT_SECONDS, isolation_level=None
    )
    if write:
        connection.execute("PRAGMA journal_mode = WAL")
        # Every commit is on the disk when it returns, so that a power failure loses no point.
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def _make(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRun(
            f"cannot create the folder of the store {path}: {error.strerror}.", "Give another file."
        ) from error
    with told(path):
        connection = _open(path, write=True)
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")
    return connection


@contextmanager
def told(path: Path) -> Iterator[None]:
    """A context that converts SQLite's errors to ours: a full disk, a file that cannot be written or is damaged."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter: a damaged name in SQLite's message
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            raise BadRun(
                f"the disk of the store {path} is full or failing: {error}.",
                "Stored points are safe; free space and run the same command again.",
            ) from error
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise BadRun(
                f"another process has kept the store {path} locked for {WAIT_SECONDS:g} seconds.",
                "Wait for it, or give another file with --store.",
            ) from error
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
            raise BadRun(
                f"the store {path} cannot be opened or written: {error}.", "Give another file with --store."
            ) from error
        if isinstance(error, sqlite3.ProgrammingError):
            raise  # an error in holdfast
        raise BadFile(
            f"the store {path} is damaged ({error}); {_readable(path)} could be read. It was not changed.",
            "Keep a copy of it, or give another file with --store.",
        ) from error


def _readable(path: Path) -> str:
    """How much of a damaged store is readable, in words."""
    points = studies = 0
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        for _ in connection.execute("SELECT name FROM studies"):
            studies += 1
        for _ in connection.execute("SELECT seed, verdict FROM points"):
            points += 1
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        pass
    return f"{points:,} points of {studies} studies" if studies or points else "nothing"
