"""The command ``holdfast``: finds the verb, runs it, and turns what goes wrong into a message and an exit code.

0: yes. 1: an honest no (refuted, not solved, not reproduced). 2: a mistake in what was asked. 130: interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import holdfast
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import Problem
from holdfast.core.registry import Folder

VERBS = Folder("verb", "holdfast.cli", Path(__file__).parent)

MISTAKE = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run ``holdfast`` with these arguments (the process's own by default); returns the exit code."""
    # A verb's networks are small: they run on the CPU, and an accelerator is left in peace unless asked for.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return _run(words)
    except Problem as problem:
        _tell(problem, as_json="--json" in words)
        return MISTAKE
    except KeyboardInterrupt:
        interrupted = Problem("interrupted before there was a result.")
        _tell(interrupted, as_json="--json" in words)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_overview())
        return 0
    if words[0] == "--version":
        sys.stdout.write(f"holdfast {holdfast.__version__}\n")
        return 0
    verb, rest = words[0], words[1:]
    module = VERBS.load(verb)
    parser = Parser(verb, VERBS.sentence(verb), module.__doc__ or "")
    module.configure(parser, rest)
    return module.run(parser.parse(rest))


def _overview() -> str:
    lines = ["holdfast: a memory laboratory for recurrent neural networks.", "", "usage: holdfast VERB ...", ""]
    lines += [f"  {verb:<11}{VERBS.sentence(verb)}" for verb in VERBS.names()]
    lines += [
        "",
        "  holdfast VERB --help   what a verb takes, with examples",
        "  holdfast --version",
        "",
        "examples:",
        "  holdfast demo",
        "  holdfast train recall --steps 30 --cell gru --seeds 4",
        "",
    ]
    return "\n".join(lines)


def _tell(problem: Problem, as_json: bool) -> None:
    sys.stderr.write(f"holdfast: {problem.message}\n" + (f"  {problem.fix}\n" if problem.fix else ""))
    if as_json:
        print_json({"error": {"kind": problem.kind, "message": problem.message, "fix": problem.fix}})
