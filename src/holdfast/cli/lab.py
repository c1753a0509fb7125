"""Open the live laboratory: train, watch and break a network on one screen of the browser.

The page is one self-contained file, which works without a network or a server. Without --save it is written to a
temporary folder and opened. Every setting of the page is in its address, so that a link is a lesson. A tour is a JSON
file of stops with one sentence and one action each.

examples:
  holdfast lab
  holdfast lab --cell gru
  holdfast lab --save lab.html
  holdfast lab --tour lesson.json --save lesson.html

exit code: 0 if the page was written.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import show_page
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.flag("cell", default="lstm", help="the cell that the page opens on (default: lstm)")
    parser.flag("tour", metavar="FILE", help="a tour of your own (*.json)")
    parser.flag("save", metavar="FILE", help="write the page (*.html), and do not open it")
    parser.add_argument("--open", action="store_true", help="open it also with --save")
    add_json(parser)


def run(args: Namespace) -> int:
    import tempfile
    from pathlib import Path

    from holdfast.verbs.lab import lab

    opened = vars(args).pop("open") or not args.save
    if not args.save:
        args.save = str(Path(tempfile.mkdtemp(prefix="holdfast-"), "lab.html"))
    made = call(lab, args)
    if opened:
        show_page(made.file)
    return Exit.YES
