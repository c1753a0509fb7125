"""The storage of trials: a journal file or any database that Optuna supports."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock

from holdfast.core.documents import parse_json
from holdfast.core.errors import BadFile, BadRun, BadValue, Problem
from holdfast.core.fields import differences
from holdfast.core.requirements import install, require
from holdfast.tuning.search import Search, completed

JOURNAL = "holdfast-tune.journal"
SETTINGS, CONFIRMED = "holdfast settings", "holdfast confirmed"
"""The attributes stored with a study."""
CONNECT_SECONDS = 10
EXTRA = "tune"


def need_packages(storage: str) -> None:
    """Raise ``BadValue`` if a package that the storage needs is not installed."""
    packages = ["optuna"]
    if "://" in storage:
        packages.append("sqlalchemy")
    if storage.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        packages.append("psycopg")
    require(*packages, extra=EXTRA, what="holdfast tune")


def shown(storage: str) -> str:
    """The storage in printable form: a URL without its password."""
    if "://" not in storage:
        return storage
    return _url(storage).render_as_string(hide_password=True)


@contextmanager
def opened_study(search: Search, storage: str, name: str) -> Iterator[Any]:
    """A context with the study of this name in this storage. It is created if there is none, and its connections are
    closed at the end.

    Raises ``BadRun`` if the storage cannot be reached or the study has other settings (which the message names),
    ``BadFile`` for a file that is not a journal, and ``BadValue`` for an invalid URL or a missing package.
    """
    need_packages(storage)
    with warnings.catch_warnings():  # Optuna's progress bar, which is not used here, warns in a notebook
        warnings.filterwarnings("ignore", "IProgress not found")
        import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with told(storage), _replayed(storage) if "://" not in storage else nullcontext():
        kept = _database(storage) if "://" in storage else _journal(Path(storage))
    try:
        with told(storage):
            with _replayed(storage) if "://" not in storage else nullcontext():
                study = optuna.create_study(storage=kept, study_name=name, load_if_exists=True, direction="minimize")
                stored, trials = study.user_attrs.get(SETTINGS), study.get_trials(deepcopy=False)
            if stored is None and not trials:
                stored = search.as_json()
                study.set_user_attr(SETTINGS, stored)
        _compare(stored, search.as_json(), name, shown(storage))
        yield study
    finally:
        if "://" in storage:
            kept.scoped_session.remove()
            kept.engine.dispose()


def _compare(stored: Any, asked: dict[str, object], name: str, place: str) -> None:
    another = "Name another study with --study, or another place with --storage."
    if not isinstance(stored, dict) or not isinstance(stored.get("task", {}), dict):
        raise BadRun(f"the study '{name}' in {place} was not made by holdfast.", another)
    if differing := differences(completed(stored), asked):
        raise BadRun(f"the study '{name}' in {place} exists with other settings: {differing}.", another)


class _Lock:
    """A lock of the operating system, which is released when its process is killed. Optuna's own lock is not."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(f"{path}.lock")

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def _journal(path: Path) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if not path.parent.is_dir():
        raise BadRun(f"there is no folder {path.parent} for the trials.", "Make it, or name another with --storage.")
    with FileLock(f"{path}.lock"):
        _mend(path)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=_Lock(path)))  # type: ignore[arg-type]


def _mend(path: Path) -> None:
    """Remove an incomplete last line, left by a process that was killed while writing. Raises ``BadFile`` for a file
    that is not a journal."""
    if not path.exists():
        return
    content = path.read_bytes()
    lines = content.split(b"\n")
    good = next((n for n, line in enumerate(lines[:-1]) if not _is_record(line)), len(lines) - 1)
    if good < len(lines) - 1 or (content and len(lines) == 1):
        raise _no_journal(path, f"line {good + 1} cannot be read")
    if lines[-1]:
        with path.open("r+b") as file:
            file.truncate(len(content) - len(lines[-1]))


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(parse_json(line, "", non_finite=True), dict)
    except BadFile:
        return False


def _no_journal(path: Path | str, why: str) -> BadFile:
    return BadFile(
        f"{path} is not a journal of trials: {why}.", "It was not changed. Give another file with --storage."
    )


@contextmanager
def _replayed(path: str) -> Iterator[None]:
    """A context that converts errors from an invalid journal. Optuna executes the lines of a journal as it reads them,
    so that an invalid line can raise any error."""
    import optuna

    try:
        yield
    except (Problem, OSError, MemoryError, optuna.exceptions.OptunaError):
        raise
    except Exception as error:
        raise _no_journal(path, f"Optuna cannot carry out what it says ({type(error).__name__}: {error})") from error


def _url(storage: str) -> Any:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(storage)
    except (ArgumentError, ValueError) as error:
        raise BadValue(
            "--storage is not a valid database URL.", "For example postgresql://user:password@host/database."
        ) from error
    # SQLAlchemy's default driver for PostgreSQL depends on its version; the extra installs psycopg.
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _database(storage: str) -> Any:
    from optuna.storages import RDBStorage

    url = _url(storage)
    # A server that does not answer must be reported within seconds. PostgreSQL and MySQL have this option.
    asked = {} if url.drivername.startswith("sqlite") else {"connect_args": {"connect_timeout": CONNECT_SECONDS}}
    return RDBStorage(url.render_as_string(hide_password=False), engine_kwargs={"pool_pre_ping": True, **asked})


@contextmanager
def told(storage: str) -> Iterator[None]:
    """A context that converts errors of a storage to one message. Stored trials are kept."""
    import optuna

    kinds: tuple[type[Exception], ...] = (optuna.exceptions.StorageInternalError,)
    if "://" in storage:
        from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

        kinds = (*kinds, DBAPIError, ArgumentError, NoSuchModuleError)
    try:
        yield
    except kinds as error:
        cause = getattr(error, "orig", None) or getattr(error.__cause__, "orig", None) or error
        first = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        raise BadRun(
            f"the database {shown(storage)} cannot be used: {first.rstrip('.')}.",
            "Its trials are safe: the same command continues with them.",
        ) from error
    except ImportError as error:
        missing = error.name or "a driver"
        message = f"the database {shown(storage)} needs the package {missing}, which is not installed."
        raise BadValue(message, "The extra contains the packages for PostgreSQL; " + install(EXTRA)) from error
    except (RuntimeError, AssertionError) as error:
        if "version" not in str(error):
            raise
        raise BadRun(f"the database {shown(storage)} has another version's tables: {error}") from error
    except OSError as error:
        raise BadRun(
            f"{shown(storage)} cannot be used: {error.strerror or error}.", "Give another place with --storage."
        ) from error
