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
from pathlib import Path

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._network import (
    least_steps_of,
    length_flag,
    open_network,
    own_name,
    own_task,
    task_flags,
    task_request,
    tolerance_of,
)
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue
from holdfast.core.files import check_writable
from holdfast.core.text import escaped
from holdfast.report.progress import ProgressPrinter


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a network (*.safetensors); stands first")
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
    import holdfast
    from holdfast.certification.certificate import save
    from holdfast.certification.prove import prove
    from holdfast.report.terminal import draw

    tolerance = tolerance_of(args)
    if not args.seconds > 0:
        raise BadValue(f"--seconds is {args.seconds:g}, expected a positive number.")
    network, origin = open_network(args.network)
    asked = task_request(args, own_task(origin), first=least_steps_of(origin))
    if asked.unbounded:
        low, high = asked.unbounded
        raise BadValue(
            f"--range {low:g} {high:g} is unbounded, but a certificate needs a bounded range.",
            "Give a bounded range, or use 'holdfast refute', which accepts an unbounded one.",
        )
    place = args.out or str(Path(args.network).with_suffix(".certificate.json"))
    check_writable(place)
    printer = ProgressPrinter()
    try:
        proof = prove(
            network,
            asked.task,
            lengths=asked.lengths,
            tolerance=tolerance,
            semantics=args.semantics,
            seconds=args.seconds,
            watch=printer.say,
            version=holdfast.__version__,
        )
    finally:
        printer.done()
    path = None
    if proof.certificate is not None:
        path = place
        save(proof.certificate, path)
    print_json(proof.as_json(path)) if args.json else draw(proof.parts(path and escaped(path)))
    if proof.interrupted:
        return Exit.INTERRUPTED
    return Exit.YES if proof.verdict == "proved" else Exit.NO
