"""Check a certificate: does it prove what it claims, of these very weights?

The checker is small and shares nothing with whoever made the network or the certificate. It follows the network
through all inputs of the range at once, as the certificate says how, and compares the bound that it finds.

examples:
  holdfast check net.certificate.json net.safetensors
  holdfast check net.certificate.json net.safetensors --json

exit code: 0 if the certificate is accepted, 1 if not.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._flags import add_json
from holdfast.cli._network import asked_task, open_network, task_flags
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("certificate", metavar="CERTIFICATE", help="what 'holdfast certify' wrote (*.json)")
    parser.add_argument("network", metavar="NETWORK", help="the network (*.safetensors)")
    add_json(parser)
    task_flags(parser, words, words[1] if len(words) > 1 and not words[1].startswith("-") else None)


def run(args: Namespace) -> int:
    from holdfast.certify.certificate import load, words
    from holdfast.certify.check import check
    from holdfast.core.results import Text
    from holdfast.report.terminal import draw

    document = load(args.certificate)
    network, origin = open_network(args.network)
    flags = vars(args).keys() - {"certificate", "network", "json", "task"}
    named = args.task or any(vars(args)[flag] is not None for flag in flags)
    verdict = check(document, network, asked_task(args, origin)[0] if named else None)
    if args.json:
        print_json({"accepted": verdict.accepted, "reason": verdict.reason})
    else:
        told = f"{'accepted' if verdict.accepted else 'not accepted'}: {verdict.reason}."
        draw([Text(told + (f"\n{words(document)}" if verdict.accepted else ""))])
    return 0 if verdict.accepted else 1
