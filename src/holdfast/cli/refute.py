"""Search for a sequence on which a network's error exceeds a tolerance, print it and replay it.

The search tries random rows of the task and the corners of its range, then improves the worst by gradient ascent on the
error. Sequences have exactly the task's length; '--up-to N' searches all lengths up to N. On an unbounded range
('--range -inf inf') the inputs grow until a sequence is found. Finding none proves nothing: use 'certify' for a proof.

Level of model: answers. A file of ONNX (model.onnx) is taken too; in Python, any object that holdfast.as_model takes. A
model without gradients is searched at random.

examples:
  holdfast refute net.safetensors --task recall --tolerance 1e-3
  holdfast refute net.safetensors --range -inf inf
  holdfast refute net.safetensors --task recall --steps 1000 --tries 100000 --seed 1

exit code: 1 if a sequence was found, 0 if none was.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_seed
from holdfast.cli._network import length_flag, own_name, task_flags
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a network (*.safetensors or *.onnx); stands first")
    parser.flag("tries", int, default=20_000, help="largest number of sequences to run (default: 20000)")
    parser.flag("seconds", float, default=60.0, help="time limit of the search in seconds (default: 60)")
    add_seed(parser)
    add_json(parser)
    length_flag(parser)
    task_flags(parser, words, own_name(words[:1]))


def run(args: Namespace) -> int:
    from holdfast.verbs.refute import refute

    found = call(refute, args, progress=True)
    if found.interrupted:
        return Exit.INTERRUPTED
    return Exit.NO if found.found else Exit.YES
