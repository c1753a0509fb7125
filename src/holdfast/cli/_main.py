"""The command ``holdfast``: finds the verb, runs it, and turns exceptions into a message and an exit code.

The exit codes are in ``_exits.py``. A user's mistake gives one message; an internal error gives one message and the
traceback. With ``--json`` either is also a document on standard output.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import os
import sys
import traceback
from pathlib import Path

import holdfast
from holdfast.cli._exits import Exit
from holdfast.cli._names import in_case, spelled
from holdfast.cli._output import abandon_output, prepare_streams, print_json, say
from holdfast.cli._overview import overview
from holdfast.cli._parser import Parser
from holdfast.core.errors import Problem
from holdfast.core.registry import Folder
from holdfast.core.text import escaped

VERBS = Folder("verb", "holdfast.cli", Path(__file__).parent)

RESOURCES = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EROFS)
"""Errors of the machine's resources, reported without a traceback."""


COLLECT_AFTER = 200_000
"""New objects between two searches for unreachable ones. Python's 700 make an import of JAX a tenth slower."""


class InternalError(Problem):
    """A fault of holdfast or of a library that it uses."""


def main(arguments: list[str] | None = None) -> int:
    """Run ``holdfast`` with these arguments (the process's own by default); returns the exit code."""
    if arguments is not None:
        return _main(arguments)
    gc.set_threshold(COLLECT_AFTER)
    end = _Exit()
    end.code = _main(sys.argv[1:])
    return end.code


class _Exit:
    """Ends the process with ``code`` once everything else that is registered for its end has run, and threads have
    ended. Python would then free every object of every module one by one, which takes a quarter as long as importing
    JAX. Without a code, as after an exception, it does nothing."""

    def __init__(self) -> None:
        self.code: int | None = None
        atexit.register(self._leave)  # what is registered first, here before JAX is imported, runs last

    def _leave(self) -> None:
        if self.code is None:
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(self.code)


def _main(words: list[str]) -> int:
    # A verb's networks are small: they run on the CPU, and an accelerator is used only on request.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # NumPy's matrices are small too: OpenBLAS's threads would spend more time waiting for each other than computing.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "_ARGCOMPLETE" in os.environ:  # a shell asks for the words that may follow
        from holdfast.cli._completion import complete

        complete(VERBS)
    prepare_streams()
    try:
        try:
            return _run(words)
        finally:
            sys.stdout.flush()  # raises here on a full disk or a closed pipe
    except Exception as error:
        return _failed(error, "--json" in words)
    except KeyboardInterrupt:
        return _tell(Problem("interrupted before there was a result."), Exit.INTERRUPTED, "--json" in words)


def _failed(error: Exception, as_json: bool) -> Exit:
    """Print the error and return its exit code."""
    if isinstance(error, BrokenPipeError):
        abandon_output()  # the reader of the pipe (head, less) has closed it
        return Exit.BROKEN_PIPE
    if isinstance(error, Problem):
        return _tell(error, Exit.MISTAKE, as_json)
    if problem := _machine_problem(error):
        if getattr(error, "filename", None) is None and isinstance(error, OSError):
            abandon_output()  # the disk of the output may be full
        return _tell(problem, Exit.MISTAKE, as_json)
    internal = InternalError(
        f"internal error: {_in_one_line(error)}.",
        "This is a fault of holdfast. Please report it, with the command and the traceback.",
    )
    code = _tell(internal, Exit.INTERNAL, as_json)
    say("".join(traceback.format_exception(error)), lines=True)
    return code


def _machine_problem(error: Exception) -> Problem | None:
    """The problem, if the machine is the cause: an unusable file, too little memory, a full disk."""
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)[:100]:
        return Problem("out of memory.", "Use fewer units, rows, steps or seeds.")
    if isinstance(error, OSError) and error.strerror and (error.filename is not None or error.errno in RESOURCES):
        named = error.filename if isinstance(error.filename, str | bytes) else None
        return Problem(f"{os.fsdecode(named) if named else 'a file or the output'} cannot be used: {error.strerror}.")
    return None


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _run(words: list[str]) -> int:
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"] if words[1:2] not in ([], ["--help"], ["-h"]) else []
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(overview(VERBS))
        return Exit.YES
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"holdfast {holdfast.__version__}\n")
        return Exit.YES
    verb = in_case(words[0], VERBS.names())
    module, rest = VERBS.load(verb), spelled(verb, words[1:])
    parser = Parser(verb, VERBS.sentence(verb), module.__doc__ or "")
    module.configure(parser, rest)
    return module.run(parser.parse(rest))


def _tell(problem: Problem, code: Exit, as_json: bool) -> Exit:
    say(f"holdfast: {escaped(problem.message)}\n" + (f"  {escaped(problem.fix)}\n" if problem.fix else ""), lines=True)
    if as_json:
        try:
            print_json({"error": {"kind": problem.kind, "message": problem.message, "fix": problem.fix}})
            sys.stdout.flush()
        except OSError:
            abandon_output()
    return code
