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

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_seed
from holdfast.cli._network import own_name, task_flags
from holdfast.cli._output import show_page
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="NETWORK", help="a network (*.safetensors or *.onnx); stands first")
    parser.flag("diagnostics", metavar="A,B,...", help="only these, with all tables (default: all, one sentence each)")
    parser.flag("page", metavar="FILE", help="also write an interactive page (*.html)")
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    parser.flag("figures", metavar="DIR", help="also write every plot as PNG and SVG")
    parser.flag("rows", int, default=64, help="number of sequences (default: 64)")
    add_seed(parser)
    add_json(parser)
    task_flags(parser, words, own_name(words[:1]))


def run(args: Namespace) -> int:
    from holdfast.core.errors import BadValue
    from holdfast.verbs.explain import explain

    opened = vars(args).pop("open")
    vars(args).pop("tolerance", None)  # an axis of some tasks, which changes no sequence
    if opened and not args.page:
        raise BadValue("--open needs a page to show.", "Add --page FILE.")
    found = call(explain, args, progress=True)
    if opened and found.page_file:
        show_page(found.page_file)
    return Exit.YES
