"""Construct weights that solve a task, without training, with a bound on their error.

The network uses a few units of a standard cell. The output explains their gates and gives an error budget and a claim
for every input in the range. The gains are computed from the tolerance, the length, the range and the number format.
'--steps any' makes the claim for every length. Where no such network exists, as for
'--range -inf inf', the output is the theorem, its proof, and a sequence that shows it: on the best constructed network,
or on the one of '--network'.

examples:
  holdfast construct recall --cell lstm --steps 1000 --range -1 1 --tolerance 1e-3 --out net.safetensors
  holdfast construct recall --cell gru --steps any
  holdfast construct copy --cell gru --steps 10 --lag 100
  holdfast construct automaton --expression "(ab|ba)*" --cell elman --steps any
  holdfast construct mqar --cell "shift(deltanet)" --symbols 8 --pairs 4 --steps 16
  holdfast construct recall --range -inf inf
  holdfast construct parity --cell mamba --steps any

exit code: 0 if a network was constructed, 1 if a theorem excludes one.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("task", metavar="TASK", help="recall, copy, automaton, group, counting, ...")
    known = "lstm, gru, elman, lstm1997 or irnn; for mqar shift(deltanet) or another matrix memory"
    parser.flag("cell", default="lstm", help=f"{known} (default: lstm)")
    parser.flag("units", int, help="hidden units; unused ones have zero weights (default: as many as needed)")
    parser.flag("dtype", choices=("float32", "float64"), default="float32", help="number format (default: float32)")
    parser.flag(
        "semantics",
        choices=("real", "ieee"),
        default="ieee",
        help="for --steps any: claim for exact arithmetic, or for IEEE floating point (default: ieee)",
    )
    parser.flag(
        "form", choices=("pytorch",), default="", help="for gru: a latch that is also exact in PyTorch's formula"
    )
    parser.flag(
        "network",
        help="a network of this cell that a theorem excludes: find an input on which it fails",
        metavar="FILE",
    )
    parser.flag("out", help="the network file to write (*.safetensors)", metavar="FILE")
    add_json(parser)
    if words and not words[0].startswith("-"):
        from holdfast import tasks

        parser.axes(tasks.get(words[0]), any_length=True)


def run(args: Namespace) -> int:
    from holdfast.construction.evaluation.impossibility import Impossibility
    from holdfast.verbs.construct import construct

    return Exit.NO if isinstance(call(construct, args), Impossibility) else Exit.YES
