"""One thing in full: a cell's equation, a task's drawn row and axes, or a run's result.

examples:
  holdfast show lstm
  holdfast show recall
  holdfast show runs/recall-gru-32-001
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from holdfast.cli._flags import add_json
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import UnknownName


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("name", metavar="NAME", help="a cell, a task, or a run folder")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast import cells, tasks
    from holdfast.report.terminal import draw
    from holdfast.studies import describe

    if args.name in cells.FOLDER.files():
        document, parts = describe.cell(args.name)
    elif args.name in tasks.FOLDER.files():
        document, parts = describe.task(args.name)
    elif Path(args.name).is_dir():
        document, parts = describe.run(Path(args.name))
    else:
        raise UnknownName("cell, task or run", args.name, [*cells.FOLDER.names(), *tasks.FOLDER.names()])
    if args.json:
        print_json(document)
    else:
        draw(parts)
    return 0
