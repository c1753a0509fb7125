"""Prove a bound on a network's error for every input sequence in a range.

Works for any network, trained or constructed, and writes the proof as a certificate. The verdict is 'proved', 'refuted'
or 'unknown'; if it is unknown, the best bound found is printed. By default the bound holds for sequences of exactly the
task's length. '--up-to N' covers all lengths up to N, and '--steps any' every length, if the sets of reachable states
converge. Semantics 'real' is exact arithmetic on the stored weights; 'ieee' is floating-point arithmetic with all
rounding errors.

Level of model: opened. Of a cell whose step calls JAX directly there are no bounds; 'test' and 'refute' take it.

examples:
  holdfast certify net.safetensors --task recall --steps 1000 --range -1 1
  holdfast certify net.safetensors --up-to 1000
  holdfast certify net.safetensors --tolerance 1e-3 --out proof.json
  holdfast certify net.safetensors --steps any --semantics ieee

exit code: 0 if proved, 1 if unknown or refuted, 130 if interrupted (the bound proved so far is kept).
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._network import length_flag, own_name, task_flags
from holdfast.cli._parser import Parser
from holdfast.verbs._arguments import AUTO


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a network (*.safetensors or *.onnx); stands first")
    parser.flag(
        "semantics",
        choices=("real", "ieee"),
        default="real",
        help="exact arithmetic, or IEEE floating point (default: real)",
    )
    parser.flag("seconds", float, default=60.0, help="time limit of the search in seconds (default: 60)")
    parser.flag(
        "out", metavar="FILE", help="the certificate to write (default: NETWORK with the ending .certificate.json)"
    )
    add_json(parser)
    length_flag(parser)
    task_flags(parser, words, own_name(words[:1]))


def run(args: Namespace) -> int:
    from holdfast.verbs.certify import certify

    args.out = args.out or AUTO
    proof = call(certify, args, progress=True)
    if proof.interrupted:
        return Exit.INTERRUPTED
    return Exit.YES if proof.verdict == "proved" else Exit.NO
