"""Explain what a network remembers, in which units, and for how long.

The network runs on fresh sequences of its task, and every diagnostic ('holdfast list diagnostics') that its level
allows is applied. The role of each unit is found by interventions: its state is exchanged between sequences or set to
0, and the change of the answers is measured. The task and its axes are read from the file unless they are given.

Level of model: each diagnostic's, as 'holdfast list diagnostics' shows it; roles and --page need opened.

examples:
  holdfast explain net.safetensors
  holdfast explain net.safetensors --task recall --steps 50 --page net.html --open
  holdfast explain net.safetensors --diagnostics gates,gradient_flow --figures pictures/
  holdfast explain net.safetensors --json

exit code: 0 if the network was explained, also if only up to a step at which its states become NaN or infinite.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_seed
from holdfast.cli._network import open_network, own_name, own_task, task_flags, task_request
from holdfast.cli._output import print_json, show_page
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue
from holdfast.core.files import check_writable
from holdfast.report.progress import ProgressPrinter

if TYPE_CHECKING:
    from holdfast.explanation.explain import Explanation


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a network (*.safetensors); stands first")
    parser.flag("diagnostics", metavar="A,B,...", help="only these, with all tables (default: all, one sentence each)")
    parser.flag("page", metavar="FILE", help="also write an interactive page (*.html)")
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    parser.flag("figures", metavar="DIR", help="also write every plot as PNG and SVG")
    parser.flag("rows", int, default=64, help="number of sequences (default: 64)")
    add_seed(parser)
    add_json(parser)
    task_flags(parser, words, own_name(words[:1]))


def run(args: Namespace) -> int:
    names = [name.strip() for name in args.diagnostics.split(",") if name.strip()] if args.diagnostics else None
    _check(args)
    from holdfast.explanation.explain import check_names, explain
    from holdfast.models.levels import require
    from holdfast.report.terminal import draw

    check_names(names)
    network, origin = open_network(args.network)
    if args.page:
        require(network, "opened", "--page")
    asked = task_request(args, own_task(origin))
    task, unbounded = asked.task, asked.unbounded
    if unbounded is not None:
        raise BadValue(
            f"--range {unbounded[0]:g} {unbounded[1]:g} is unbounded, but sequences are drawn from a bounded range.",
            "Give the range of the network's inputs.",
        )
    printer = ProgressPrinter()
    try:
        found = explain(
            network, task, diagnostics=names, rows=args.rows, seed=args.seed, file=args.network, tell=printer.say
        )
        page = _page(args, found, origin, printer) if args.page else None
        if args.figures:
            from holdfast.report import figures

            printer.say("drawing pictures")
            figures.write([part for finding in found.findings.values() for part in finding.parts], args.figures)
    finally:
        printer.done()
    print_json(found.as_json(page)) if args.json else draw(found.parts(names or ()))
    if args.open and page:
        show_page(page)
    return Exit.YES


def _check(args: Namespace) -> None:
    """Refuse at once what would fail only after the computation."""
    if args.rows < 2:
        raise BadValue(f"--rows is {args.rows}, expected at least 2, since states are exchanged between sequences.")
    if args.open and not args.page:
        raise BadValue("--open needs a page to show.", "Add --page FILE.")
    if args.page:
        check_writable(args.page)
    if args.figures:
        from holdfast.report import figures

        figures.check(args.figures)


def _page(args: Namespace, found: Explanation, origin: dict, printer: ProgressPrinter) -> str | None:
    """Write the page; None if no step of the network has finite numbers."""
    if found.finite_steps == 0:
        return None
    from holdfast import __version__
    from holdfast.explanation.page.words import script
    from holdfast.report import page
    from holdfast.studies.page import of

    document = of(found, origin, version=__version__, tell=printer.say)
    return str(page.write("explain", f"{args.network} on {found.subject.task.name}", document, args.page, script()))
