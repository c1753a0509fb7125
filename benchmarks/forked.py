"""The command in a forked child: as a process of its own, without the second that Python and JAX need to start.

The parent imports what verbs import, but lets JAX start nothing, so that a fork is safe. Everything that the child says
goes into files of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # much is compiled, and little computed

GRACE_SECONDS = 60.0
"""How long a command may take to end after it was interrupted."""
CRASHED = 99
"""The child's exit code where an exception left ``main``."""
WANTED = (
    "jax", "optax", "scipy.optimize", "flint", "rich.table", "filelock", "safetensors.numpy", "matplotlib", "sqlite3",
    "holdfast.training.loop", "holdfast.explanation.explain", "holdfast.certification.prove",
    "holdfast.certification.refute",
    "holdfast.construction.evaluation.construction", "holdfast.demonstration.demonstrate", "holdfast.exchange",
    "holdfast.comparison.run", "holdfast.report.figures", "holdfast.report.page", "holdfast.cli._main",
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, negative for a signal; ``cut`` where its time was over."""

    code: int
    out: str
    err: str
    seconds: float
    cut: bool


def warm_up() -> None:
    """Import what children will need."""
    for name in WANTED:
        importlib.import_module(name)


def run(
    words: list[str],
    folder: Path,
    *,
    limit: float,
    encoding: str = "utf-8",
    group: bool = False,
    before: Callable[[], None] = lambda: None,
) -> Ended:
    """Run ``holdfast WORDS`` in ``folder``; after ``limit`` seconds it is interrupted, and at last killed.

    ``before`` is called in the child, once everything is ready; ``group`` puts it into a process group of its own.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = os.fork()
        if not child:
            _child(words, folder, out.fileno(), err.fileno(), encoding, group, before)
        code, cut = _wait(child, limit)
        if group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        seconds = time.monotonic() - began
        return Ended(code, _read(out.fileno(), encoding), _read(err.fileno(), encoding), seconds, cut)


def _child(
    words: list[str], folder: Path, out: int, err: int, encoding: str, group: bool, before: Callable[[], None]
) -> None:
    code = CRASHED
    try:
        if group:
            os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background has none
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = io.TextIOWrapper(open(1, "wb"), encoding=encoding)  # noqa: SIM115 -- for the child's life
        sys.stderr = io.TextIOWrapper(open(2, "wb"), encoding=encoding, line_buffering=True)  # noqa: SIM115
        main_module = sys.modules["__main__"]
        main_module.__spec__ = None
        vars(main_module).pop("__file__", None)  # so that processes which it spawns do not begin with this script
        from holdfast.cli._main import main

        before()
        code = main(words)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else CRASHED
    except BaseException:
        os.write(2, traceback.format_exc().encode(errors="backslashreplace"))
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(int(code))


def _wait(child: int, limit: float) -> tuple[int, bool]:
    deadlines = [(limit, signal.SIGINT), (limit + GRACE_SECONDS, signal.SIGKILL)]
    began, pause, cut = time.monotonic(), 0.001, False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), cut
        if deadlines and time.monotonic() - began > deadlines[0][0]:
            os.kill(child, deadlines.pop(0)[1])
            cut = True
        time.sleep(pause)
        pause = min(0.05, pause * 1.5)


def _read(file: int, encoding: str) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    with open(os.dup(file), "rb") as stream:
        return stream.read().decode(encoding, errors="backslashreplace")
