"""Prove how far a network's error can go, for every input sequence in a range.

Any network, trained ones too; the proof is written as a certificate. 'unknown' is an answer: then the best bound found
is told. It is about rows of exactly the task's length; '--up-to N' asks about all lengths up to N, '--steps any' about
every length, which is proved where the sets of states settle. Semantics real: exact arithmetic on the weights; ieee:
the network as it runs, rounding and all. The task is the one that the network was made for, unless --task names
another.

Level of model: opened. Of a cell whose step calls JAX directly there are no bounds; 'test' and 'refute' take it.

examples:
  holdfast certify net.safetensors --task recall --steps 1000 --range -1 1
  holdfast certify net.safetensors --up-to 1000
  holdfast certify net.safetensors --tolerance 1e-3 --out proof.json
  holdfast certify net.safetensors --steps any --semantics ieee

exit code: 0 if it is proved, 1 if it is unknown or refuted, 130 if interrupted (what was proved until then is kept).
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._network import (
    asked_about,
    least_steps_of,
    length_flag,
    open_network,
    own_name,
    own_task,
    task_flags,
    tolerance_of,
)
from holdfast.cli._output import Teller, print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue
from holdfast.core.files import check_writable
from holdfast.core.text import escaped


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a network (*.safetensors), first")
    parser.flag("semantics", choices=("real", "ieee"), default="real", help="exact arithmetic, or as it runs")
    parser.flag("seconds", float, default=60.0, help="time for the search (default: 60)")
    parser.flag("out", metavar="FILE", help="the certificate (default: beside the network, .certificate.json)")
    add_json(parser)
    length_flag(parser)
    task_flags(parser, words, own_name(words[:1]))


def run(args: Namespace) -> int:
    import holdfast
    from holdfast.certify.certificate import save
    from holdfast.certify.prove import prove
    from holdfast.report.terminal import draw

    tolerance = tolerance_of(args)
    if not args.seconds > 0:
        raise BadValue(f"--seconds is {args.seconds:g}, expected a positive number.")
    network, origin = open_network(args.network)
    asked = asked_about(args, own_task(origin), first=least_steps_of(origin))
    if asked.unbounded:
        low, high = asked.unbounded
        raise BadValue(
            f"--range {low:g} {high:g} is not bounded, and a certificate is about a bounded one.",
            "'holdfast refute' takes an unbounded range.",
        )
    place = args.out or str(Path(args.network).with_suffix(".certificate.json"))
    check_writable(place)
    teller = Teller()
    try:
        proof = prove(
            network,
            asked.task,
            lengths=asked.lengths,
            tolerance=tolerance,
            semantics=args.semantics,
            seconds=args.seconds,
            watch=teller.say,
            version=holdfast.__version__,
        )
    finally:
        teller.done()
    path = None
    if proof.certificate is not None:
        path = place
        save(proof.certificate, path)
    print_json(proof.as_json(path)) if args.json else draw(proof.parts(path and escaped(path)))
    if proof.interrupted:
        return Exit.INTERRUPTED
    return Exit.YES if proof.verdict == "proved" else Exit.NO
