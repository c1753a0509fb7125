"""Verify a plug-in: run every check for its kind on one file.

For a task, its rows are compared with its oracle, chance level, memory demand and scenario. For a cell, the step, the
gradient and the equation are checked; for a construction, the program and the networks against the task's oracle. Other
kinds (diagnostic, study, format, backend, verb) must import and define all that their kind needs. The folder of the
file gives the kind.

examples:
  holdfast check-plugin plugins/tasks/mine.py
  holdfast check-plugin mine.py --kind cell
  holdfast check-plugin plugins/constructions/mine.py --json --seed 1

exit code: 0 if every check passes, 1 if one fails, 2 if the file is no plug-in or does not import.
"""

# ruff: noqa: N999 (the verb is called what users call it; nobody imports this file by a statement)

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from holdfast.cli._flags import add_json, add_seed
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("file", metavar="FILE", help="the file of a cell, a task, a construction, ...")
    parser.flag("kind", help="cell, task, construction, diagnostic, ... (default: the name of its folder)")
    add_seed(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.report.terminal import draw
    from holdfast.studies.check_plugin import check_plugin

    keep_compiled_programs()
    report = check_plugin(Path(args.file), args.kind, seed=args.seed)
    print_json(report.as_json()) if args.json else draw(report.parts())
    return 0 if report.passes else 1
