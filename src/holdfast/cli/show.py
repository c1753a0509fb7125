"""Describe anything: a cell, block, task, diagnostic, study, optimiser, rule, stop, run or network file.

Of a study it prints the verdicts and figures of the run that is kept with holdfast, of a network file the task, sizes,
origin and weights: those that are not zero as formulas, or a map of their sizes where there are too many. Of a file of
ONNX, Keras or PyTorch it prints the network that 'import' would make, or why it cannot be opened and at which level it
is used all the same.

examples:
  holdfast show lstm
  holdfast show "stack(lstm,gru)"
  holdfast show recall
  holdfast show gradient_flow
  holdfast show why_gates
  holdfast show recall-gru-32-001
  holdfast show runs/recall-gru-32-001/weights/seed-0.safetensors
  holdfast show model.onnx
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import print_result
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("name", metavar="NAME", help="a name from 'holdfast list', a run folder, or a network file")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.core import cache
    from holdfast.verbs.show import show

    cache.enable()
    print_result(show(args.name), args.json)
    return Exit.YES
