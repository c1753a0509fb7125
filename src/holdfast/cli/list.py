"""List cells, blocks, tasks, constructions, diagnostics, studies, optimisers, rules, stops and runs.

examples:
  holdfast list
  holdfast list cells
  holdfast list runs --json
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder
from holdfast.core.text import argument, escaped, width_of, wrapped
from holdfast.studies.folders import KINDS
from holdfast.training.folder import KILLED, SETTINGS, is_empty

RUNS = Path("runs")
NARROW = 32
"""Columns that sentences need beside their names."""


def configure(parser: Parser, words: list[str]) -> None:
    kinds = (*KINDS, "runs")
    parser.add_argument(
        "kind", nargs="?", choices=kinds, metavar="KIND", help=f"one of {', '.join(kinds)} (default: all)"
    )
    add_json(parser)


def run(args: Namespace) -> int:
    kinds = [args.kind] if args.kind else [*KINDS, "runs"]
    found = {kind: _runs() if kind == "runs" else _named(KINDS[kind]) for kind in kinds}
    if args.json:
        print_json(found)
        return Exit.YES
    for kind, things in found.items():
        lines = [(escaped(thing["name"]), escaped(_with_level(thing))) for thing in things]
        print(f"{kind}:", *(_columns(lines) or [f"  none in {RUNS}/"]), sep="\n")
    return Exit.YES


def _columns(lines: list[tuple[str, str]]) -> list[str]:
    """Names and their sentences, side by side; in a narrow terminal every sentence stands below its name."""
    width, start = width_of(sys.stdout, 0), max((len(name) for name, _ in lines), default=0) + 4
    if not width:
        return [f"  {name:<{start - 4}}  {sentence}" for name, sentence in lines]
    if width - start < NARROW:
        return [f"  {name}\n{wrapped(sentence, width, *['    '] * 2)}" for name, sentence in lines]
    return [wrapped(sentence, width, f"  {name}".ljust(start), " " * start) for name, sentence in lines]


def _named(folder: Folder) -> list[dict[str, str]]:
    plugins = folder.plugins()
    return [
        {"name": n, "sentence": _plugin(folder, n) if n in plugins else folder.sentence(n), **_level(folder, n)}
        for n in folder.names()
    ]


def _with_level(thing: dict[str, str]) -> str:
    return f"{thing['level']:<8} {thing['sentence']}" if "level" in thing else thing["sentence"]


def _level(folder: Folder, name: str) -> dict[str, str]:
    """The level of model that a diagnostic needs; of other things nothing."""
    return {"level": folder.stated(name, "level")} if folder.kind == "diagnostic" else {}


def _plugin(folder: Folder, name: str) -> str:
    """The sentence of a plug-in, or the reason why it does not import. What is installed is not imported."""
    try:
        if not folder.is_imported_by_name(name):
            folder.load(name)
        return folder.sentence(name)
    except BadFile as problem:
        return f"does not import: {problem.message.split('does not import: ')[-1]}"


def _runs() -> list[dict[str, str]]:
    folders = [folder for folder in sorted(RUNS.glob("*/")) if (folder / SETTINGS).exists() or is_empty(folder)]
    return [{"name": str(folder), "sentence": _sentence(folder)} for folder in folders]


def _sentence(folder: Path) -> str:
    from holdfast.core.run_result import read_result

    path = folder / "result.json"
    if is_empty(folder):
        return f"empty: {KILLED}; delete it, or train into it: --out {argument(folder)}"
    if not path.exists():
        return "unfinished; continue with: holdfast train --resume " + str(folder)
    try:
        result = read_result(path)
        cut = ", interrupted" if result["interrupted"] else ""
        return (
            f"{result['task']}, {result['cell']} of {result['units']}: solved {result['solved']} of {result['of']}{cut}"
        )
    except BadFile:
        return "its result cannot be read"
