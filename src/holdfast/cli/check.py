"""Check a certificate: does it prove its claim for exactly these weights?

The checker is small and shares no code with the programs that make networks and certificates. It propagates the whole
input range through the network, as the certificate prescribes, and compares the resulting bound with the claim.

Flags state a claim of your own: the certificate is accepted only if it proves at least that. Without flags it has to
prove its own claim.

examples:
  holdfast check net.certificate.json net.safetensors
  holdfast check net.certificate.json net.safetensors --steps 1000 --range -1 1 --tolerance 1e-3
  holdfast check net.certificate.json net.safetensors --up-to 1000 --json

exit code: 0 if the certificate is accepted, 1 if not.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._network import length_flag, open_network, task_flags, task_request, tolerance_of
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadFile, BadValue

if TYPE_CHECKING:
    from holdfast.certification.check import Question
    from holdfast.core.claim import Claim


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("certificate", metavar="CERTIFICATE", help="a certificate of 'holdfast certify' (*.json)")
    parser.add_argument("network", metavar="NETWORK", help="the network (*.safetensors)")
    add_json(parser)
    length_flag(parser)
    task_flags(parser, words, _claimed_task(words))


def run(args: Namespace) -> int:
    from holdfast.certification.certificate import FORMAT, load, parse, words
    from holdfast.certification.check import check, task_of
    from holdfast.core.results import Text
    from holdfast.report.terminal import draw

    document = load(args.certificate)
    network, _ = open_network(args.network)
    claim = parse(document).claim if document["format"] == FORMAT else None
    verdict = check(document, network, claim and _question(args, claim))
    if args.json:
        about = claim and claim.as_json()
        print_json({"accepted": verdict.accepted, "reason": verdict.reason, "claim": about})
    else:
        text = f"{'accepted' if verdict.accepted else 'not accepted'}: {verdict.reason}."
        draw([Text(f"{text}\n{words(claim, task_of(claim))}" if claim and verdict.accepted else text)])
    return Exit.YES if verdict.accepted else Exit.NO


def _question(args: Namespace, claim: Claim) -> Question | None:
    """The claim with the values of the flags; None without flags."""
    from holdfast.certification.check import Question

    flags = vars(args).keys() - {"certificate", "network", "json"}
    if all(vars(args)[flag] is None for flag in flags):
        return None
    tolerance = tolerance_of(args)
    own = {"name": claim.task, **claim.axes}
    asked = task_request(args, own, claim.lengths.kind, claim.least_steps)
    if asked.unbounded:
        low, high = asked.unbounded
        raise BadValue(
            f"--range {low:g} {high:g} is unbounded, but a certificate covers a bounded range.",
            "Give the range that the certificate has to cover.",
        )
    return Question(asked.task, asked.lengths, tolerance)


def _claimed_task(words: list[str]) -> str | None:
    """The task of the certificate in the file named by the first word; None if it cannot be read."""
    from holdfast.certification.certificate import load, parse

    if not words or words[0].startswith("-"):
        return None
    try:
        return parse(load(words[0])).claim.task
    except BadFile:
        return None
