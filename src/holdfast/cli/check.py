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

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._network import length_flag, task_flags
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadFile


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("certificate", metavar="CERTIFICATE", help="a certificate of 'holdfast certify' (*.json)")
    parser.add_argument("network", metavar="NETWORK", help="the network (*.safetensors or *.onnx)")
    add_json(parser)
    length_flag(parser)
    task_flags(parser, words, _claimed_task(words))


def run(args: Namespace) -> int:
    from holdfast.verbs.check import check

    return Exit.YES if call(check, args).accepted else Exit.NO


def _claimed_task(words: list[str]) -> str | None:
    """The task of the certificate in the file named by the first word; None if it cannot be read."""
    from holdfast.certification.certificate import load, parse

    if not words or words[0].startswith("-"):
        return None
    try:
        return parse(load(words[0])).claim.task
    except BadFile:
        return None
