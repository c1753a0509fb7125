"""Demonstrate memory: train on two sequences that differ only in their first symbol.

Trains a recurrent network and a feed-forward control on sequences of symbols (default: 3,0,1,2,3 and 4,0,1,2,4) and
prints their predictions at every step. Then it trains many initialisations and prints the success rates for two update
rules: one update per step, as in a well-known tutorial, and one per sequence.

Without --epochs the network is trained until every step is right, for at most 1000 epochs, and the success rates are
those after 250 epochs. With --epochs, every training lasts exactly that long.

examples:
  holdfast demo
  holdfast demo --update step --epochs 250                    the settings of the tutorial
  holdfast demo --show-arrays --initialisations 0
  holdfast demo --page --open
  holdfast demo --sequences to,be,or,not,to do,be,or,not,do --cell gru --units 8

exit code: 0 if the network predicts every step right, 1 if not.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_common, add_json
from holdfast.cli._output import print_json, show_page
from holdfast.cli._parser import Parser
from holdfast.report.progress import ProgressPrinter
from holdfast.verbs._arguments import threads_of

if TYPE_CHECKING:
    from holdfast.demonstration.demonstrate import Demonstration


DEFAULTS = {"cell": "lstm", "units": 20, "update": "sequence", "order": "fixed", "learning_rate": 1e-3,
            "initialisation": "keras"}  # fmt: skip
"""The settings with a flag, and their defaults."""


def configure(parser: Parser, words: list[str]) -> None:
    from holdfast.training.settings import Settings

    parser.add_argument(
        "--sequences", nargs="+", metavar="A,B,C", help="sequences, each of symbols separated by commas"
    )
    parser.fields(Settings, DEFAULTS, defaults=DEFAULTS)
    parser.flag("epochs", int, help="train for exactly N epochs")
    parser.flag(
        "initialisations", int, default=256, help="number of networks for the success rates, 0 for none (default: 256)"
    )
    parser.add_argument(
        "--page",
        nargs="?",
        const="demo.html",
        metavar="FILE",
        help="also write an interactive page of the network (default: demo.html)",
    )
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    parser.add_argument(
        "--show-arrays", action="store_true", help="first print the one-hot vectors, pairs and shapes of the sequences"
    )
    add_common(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.core.errors import BadValue
    from holdfast.core.files import check_writable
    from holdfast.core.sequences import parse
    from holdfast.engine.compiled import keep_compiled_programs

    sequences = parse(args.sequences) if args.sequences else None
    given_settings = {name: vars(args)[name] for name in DEFAULTS if name in args}
    for flag, least in (("epochs", 1), ("initialisations", 0)):
        value = getattr(args, flag)
        if value is not None and value < least:
            raise BadValue(f"holdfast demo: --{flag} is {value}, expected at least {least}.")
    threads_of(args.threads)
    if args.open and not args.page:
        raise BadValue("--open needs a page to show.", "Add --page.")
    if args.page:
        check_writable(args.page)
    keep_compiled_programs()

    from holdfast.demonstration.arrays import arrays
    from holdfast.demonstration.demonstrate import SEQUENCES, demonstrate
    from holdfast.demonstration.parts import parts
    from holdfast.report.terminal import draw

    with ProgressPrinter() as printer:
        demonstration = demonstrate(
            sequences or SEQUENCES,
            **given_settings,
            epochs=args.epochs,
            initialisations=args.initialisations,
            seed=args.seed,
            threads=args.threads,
            watch=printer,
        )
        if args.page:
            _write_page(demonstration, args.page, printer)
    if args.json:
        print_json(demonstration.as_json() | ({"page": args.page} if args.page else {}))
    else:
        draw([*(arrays(demonstration.sequences) if args.show_arrays else []), *parts(demonstration)])
    if args.open:
        show_page(args.page)
    return Exit.YES if demonstration.solved else Exit.NO


def _write_page(demonstration: Demonstration, path: str, printer: ProgressPrinter) -> None:
    from holdfast import __version__
    from holdfast.explanation.page.words import script
    from holdfast.report import page
    from holdfast.studies.page import of_demonstration

    document = of_demonstration(demonstration, version=__version__, tell=printer.say)
    page.write("explain", "the demonstration", document, path, script())
