"""What does this network remember, where, and for how long? Run on fresh rows, opened gate by gate, told in words.

Every diagnostic ('holdfast list diagnostics') that its level allows is applied; roles of units are found by changing
what they hold and watching the answers. The task and its axes are the file's own where they are not given.

Level of model: each diagnostic's, as 'holdfast list diagnostics' shows it; roles and --page need opened.

examples:
  holdfast explain net.safetensors
  holdfast explain net.safetensors --task recall --steps 50 --page net.html --open
  holdfast explain net.safetensors --diagnostics gates,gradient_flow --figures pictures/
  holdfast explain net.safetensors --json

exit code: 0 if it was explained, also where only up to a step at which its numbers stop being finite.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_seed
from holdfast.cli._network import asked_about, open_network, own_name, own_task, task_flags
from holdfast.cli._output import Teller, print_json, show_page
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue
from holdfast.core.files import check_writable

if TYPE_CHECKING:
    from holdfast.explain.explain import Explanation


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a network (*.safetensors), first")
    parser.flag("diagnostics", metavar="A,B,...", help="only these, told in full (default: all, in short)")
    parser.flag("page", metavar="FILE", help="also write a page that steps through time (*.html)")
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    parser.flag("figures", metavar="DIR", help="also write pictures of every plot (PNG and SVG)")
    parser.flag("rows", int, default=64, help="sequences to look at (default: 64)")
    add_seed(parser)
    add_json(parser)
    task_flags(parser, words, own_name(words[:1]))


def run(args: Namespace) -> int:
    names = [name.strip() for name in args.diagnostics.split(",") if name.strip()] if args.diagnostics else None
    _check(args)
    from holdfast.explain.explain import check_names, explain
    from holdfast.models.levels import require
    from holdfast.report.terminal import draw

    check_names(names)
    network, origin = open_network(args.network)
    if args.page:
        require(network, "opened", "--page")
    asked = asked_about(args, own_task(origin))
    task, unbounded = asked.task, asked.unbounded
    if unbounded is not None:
        raise BadValue(
            f"--range {unbounded[0]:g} {unbounded[1]:g} is not bounded, and rows to look at are drawn from a range.",
            "Give the range in which the network is used.",
        )
    teller = Teller()
    try:
        found = explain(
            network, task, diagnostics=names, rows=args.rows, seed=args.seed, file=args.network, tell=teller.say
        )
        page = _page(args, found, origin, teller) if args.page else None
        if args.figures:
            from holdfast.report import figures

            teller.say("drawing pictures")
            figures.write([part for finding in found.findings.values() for part in finding.parts], args.figures)
    finally:
        teller.done()
    print_json(found.as_json(page)) if args.json else draw(found.parts(names or ()))
    if args.open and page:
        show_page(page)
    return Exit.YES


def _check(args: Namespace) -> None:
    """What would only fail after the work is done."""
    if args.rows < 2:
        raise BadValue(f"--rows is {args.rows}, expected at least 2: what a unit holds is compared between sequences.")
    if args.open and not args.page:
        raise BadValue("--open shows a page, and there is none.", "Add --page FILE.")
    if args.page:
        check_writable(args.page)
    if args.figures:
        from holdfast.report import figures

        figures.check(args.figures)


def _page(args: Namespace, found: Explanation, origin: dict, teller: Teller) -> str | None:
    """Write the page; None where the network gave no finite number, so that there is nothing to show."""
    if found.finite_steps == 0:
        return None
    from holdfast import __version__
    from holdfast.explain.page.words import script
    from holdfast.report import page
    from holdfast.studies.page import of

    told = of(found, origin, version=__version__, tell=teller.say)
    return str(page.write("explain", f"{args.network} on {found.subject.task.name}", told, args.page, script()))
