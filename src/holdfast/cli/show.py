"""Describe anything: a cell, block, task, diagnostic, study, optimiser, rule, stop, run or network file.

Of a study it prints the verdicts and figures of the run that is kept with holdfast, of a network file the task, sizes,
origin and weights: those that are not zero as formulas, or a map of their sizes where there are too many.

examples:
  holdfast show lstm
  holdfast show "stack(lstm,gru)"
  holdfast show recall
  holdfast show gradient_flow
  holdfast show why_gates
  holdfast show recall-gru-32-001
  holdfast show runs/recall-gru-32-001/weights/seed-0.safetensors
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.cli.list import KINDS
from holdfast.core.errors import UnknownName
from holdfast.core.results import Part

SHOWN = ("cells", "blocks", "tasks", "diagnostics", "studies", "optimisers", "rules", "stops")
"""The kinds of 'holdfast list' that can be shown."""


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("name", metavar="NAME", help="a name from 'holdfast list', a run folder, or a network file")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.report.terminal import draw

    document, shown = _described(args.name)
    if args.json:
        print_json(document)
    else:
        draw(shown)
    return Exit.YES


def _described(name: str) -> tuple[dict[str, Any], list[Part]]:
    """What has this name; what needs no JAX is looked for first."""
    if name in KINDS["studies"].files():
        from holdfast.studies.show_study import study

        return study(KINDS["studies"], name)
    if Path(name).is_file() or name.endswith(".safetensors"):
        from holdfast.studies.show_network import network

        return network(Path(name))
    from holdfast import blocks, cells, tasks
    from holdfast.engine.resolve import parts
    from holdfast.explanation import diagnostics
    from holdfast.studies import describe

    if name in cells.FOLDER.files():
        return describe.cell(name)
    if name in blocks.FOLDER.files():
        return describe.cell(blocks.example(name))
    if len(parts(name)) > 1:
        return describe.cell(name)
    if name in tasks.FOLDER.files():
        return describe.task(name)
    if name in diagnostics.FOLDER.files():
        return describe.diagnostic(name)
    if kind := next((kind for kind in describe.COMPONENTS if name in kind.folder.files()), None):
        return describe.component(kind, name)
    if Path(name).is_dir():
        return describe.run(Path(name))
    folders = [KINDS[kind] for kind in SHOWN]
    known = [known for folder in folders for known in folder.names()]
    raise UnknownName(f"{', '.join(folder.kind for folder in folders)}, run or network file", name, known)
