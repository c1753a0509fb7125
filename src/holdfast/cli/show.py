"""Describe one cell, block, task, diagnostic, optimiser, rule, stop or run in full.

examples:
  holdfast show lstm
  holdfast show prenorm
  holdfast show "prenorm(mlstm)"
  holdfast show "stack(lstm,gru)"
  holdfast show recall
  holdfast show gradient_flow
  holdfast show adamw
  holdfast show runs/recall-gru-32-001
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import UnknownName


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("name", metavar="NAME", help="a name from 'holdfast list', or a run folder")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast import blocks, cells, tasks
    from holdfast.engine.resolve import parts
    from holdfast.explanation import diagnostics
    from holdfast.report.terminal import draw
    from holdfast.studies import describe

    if args.name in cells.FOLDER.files():
        document, shown = describe.cell(args.name)
    elif args.name in blocks.FOLDER.files():
        document, shown = describe.cell(blocks.example(args.name))
    elif len(parts(args.name)) > 1:
        document, shown = describe.cell(args.name)
    elif args.name in tasks.FOLDER.files():
        document, shown = describe.task(args.name)
    elif args.name in diagnostics.FOLDER.files():
        document, shown = describe.diagnostic(args.name)
    elif kind := next((kind for kind in describe.COMPONENTS if args.name in kind.folder.files()), None):
        document, shown = describe.component(kind, args.name)
    elif Path(args.name).is_dir():
        document, shown = describe.run(Path(args.name))
    else:
        folders = [folder.FOLDER for folder in (cells, blocks, tasks, diagnostics)]
        folders += [kind.folder for kind in describe.COMPONENTS]
        known = [name for folder in folders for name in folder.names()]
        raise UnknownName(f"{', '.join(folder.kind for folder in folders)} or run", args.name, known)
    if args.json:
        print_json(document)
    else:
        draw(shown)
    return Exit.YES
