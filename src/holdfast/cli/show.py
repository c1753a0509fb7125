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

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("name", metavar="NAME", help="a name from 'holdfast list', or a run folder")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.verbs.show import show

    call(show, args)
    return Exit.YES
