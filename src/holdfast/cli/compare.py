"""Which architecture remembers better? Train a grid of cells, lags, sizes and learning rates, many seeds each.

Every finished point is kept at once in a store, one SQLite file; the same command goes on where an interrupt, a kill
or a power cut left it, to the same results. The learning rate is swept for every cell, and the interval of the best
one holds for all that were tried. --study takes a built-in study ('holdfast list studies'), which ends in verdicts on
its claims, or any other name for a grid of your own, by which it is found again. HOLDFAST_ENGINE says what computes
the networks; --engine says where: in processes of this machine, or on a Ray cluster.

examples:
  holdfast compare --task recall --cells elman,lstm,gru --lags 10,30,100 --units 8,32 --seeds 20
  holdfast compare --task echo --cells lstm,gru --lags 30 --rates 0.001,0.01 --study echo-30 --csv echo.csv
  holdfast compare --study echo-30 --report --page echo.html
  holdfast compare --study tutorial --workers 2
  holdfast compare --study why_gates --engine ray --address 10.0.0.1:6379

exit code: 0 when every point is done, 1 if a claim of a built-in study does not hold, 130 if interrupted.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import Teller, duration, print_json
from holdfast.cli._parser import GIVEN_ONLY, Parser
from holdfast.core.errors import BadValue
from holdfast.core.files import check_folder, check_writable

STORE = Path("runs") / "studies.sqlite"

SWEPT = {
    "cells": (str, "cells, as in lstm,gru"),
    "lags": (int, "lags in steps, as in 10,30,100 (default: the task's own)"),
    "units": (int, "hidden units (default: 8,32)"),
    "rates": (float, "learning rates tried for every cell (default: 0.001,0.003,0.01)"),
    "initialisations": (str, "first weights, as in keras,keras+forget=1 (default: auto)"),
    "updates": (str, "when weights change: step,sequence,batch (default: batch)"),
    "orders": (str, "order of given sequences: fixed,shuffled (default: fixed)"),
}
PLAIN = {
    "seeds": (int, "networks per place in the grid (default: 20)"),
    "seed": (int, "the root of all randomness (default: 0)"),
    "layers": (int, "cells stacked (default: 1)"),
    "weights": (str, "shared by all steps, or per_step (default: shared)"),
    "batch": (int, "sequences per update (default: 32; given sequences: all)"),
    "truncate": (int, "cut the gradient between windows of N steps (default: never)"),
    "budget": (int, "sequences per network at most (default: 20000)"),
    "check-every": (int, "sequences between checks (default: budget/100, at least 1000)"),
}


def configure(parser: Parser, words: list[str]) -> None:
    parser.flag("task", metavar="TASK", help="'holdfast list tasks' shows them; its other axes are flags too")
    parser.flag("study", metavar="NAME", help="a built-in study, or a name of your own for this grid")
    for name, (_, help) in SWEPT.items():
        parser.flag(name, help=help, default=GIVEN_ONLY, metavar="A,B,...")
    for name, (kind, help) in PLAIN.items():
        parser.flag(name, kind, help=help, default=GIVEN_ONLY)
    parser.flag("clip", help="largest norm of the gradient, or 'none' (default: 1)", default=GIVEN_ONLY)
    parser.flag("store", help=f"where points are kept (default: {STORE})", default=str(STORE))
    parser.flag("workers", int, help="processes (default: one per core)")
    parser.flag("engine", help="where it runs: processes or ray (default: processes)", default="processes")
    parser.flag("address", metavar="HOST:PORT", help="the Ray cluster's, or auto (with --engine ray)")
    parser.add_argument("--report", action="store_true", help="train nothing: show what the store has")
    parser.add_argument("--yes", action="store_true", help="a grid that takes more than a day is meant")
    parser.flag("csv", metavar="FILE", help="write every point as CSV")
    parser.flag("parquet", metavar="FILE", help="write every point as Parquet (extra parquet)")
    parser.flag("figures", metavar="DIR", help="write the pictures as PNG and SVG (extra figures)")
    parser.flag("page", metavar="FILE", help="write a page: a grid whose places lead to their networks")
    add_json(parser)
    if "--task" in words[:-1]:
        from holdfast import tasks

        parser.axes(tasks.get(words[words.index("--task") + 1]))


def run(args: Namespace) -> int:
    from holdfast.compare.answer import answer
    from holdfast.compare.store import Store

    _check(args)
    if not Path(args.store).exists():
        _study(args, None)  # a mistake leaves no empty store behind
    with Store(args.store, write=not args.report) as store:
        study = _study(args, store)
        if args.report:
            results, interrupted = store.results(study.name), False
        else:
            results, interrupted = _run(args, study, store)
        found = answer(study, results)
        _write(args, found, store)
        if args.json:
            print_json(found.as_json())
        else:
            from holdfast.report.terminal import draw

            draw(found.parts())
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.NO if found.refuted else Exit.YES


def _check(args: Namespace) -> None:
    if args.engine not in ("processes", "ray"):
        raise BadValue(
            f"--engine is '{args.engine}', expected processes or ray: it says where a study runs.",
            "What computes its networks is chosen by the environment: HOLDFAST_ENGINE=native, xla or auto.",
        )
    if (args.engine == "ray") != (args.address is not None):
        raise BadValue("--engine ray and --address go together.", "As in --engine ray --address 10.0.0.1:6379.")
    if args.workers is not None and args.workers < 1:
        raise BadValue(f"--workers is {args.workers}, expected at least 1.", "Leave it out to use every core.")
    _check_outputs(args)


def _check_outputs(args: Namespace) -> None:
    """Whatever would only fail once everything is trained."""
    for path in (args.csv, args.parquet, args.page):
        if path:
            check_writable(path)
    if args.page:
        from holdfast.cli._comparison import networks_folder

        check_folder(networks_folder(Path(args.page)))
    if args.engine == "ray":
        from holdfast.compare.cluster import check_installed

        check_installed()
    if args.parquet:
        from holdfast.compare.export import check_parquet

        check_parquet()
    if args.figures:
        from holdfast.report import figures

        figures.check(args.figures)


def _run(args: Namespace, study: Any, store: Any) -> tuple[Any, bool]:
    from holdfast.compare.estimate import check_size
    from holdfast.compare.processes import cores
    from holdfast.compare.run import run_study

    check_size(study, args.workers or cores(), args.yes)
    teller = Teller()

    def watch(p: Any) -> None:
        left = "compiling" if p.seconds_left == float("inf") else f"at most {duration(p.seconds_left)} left"
        teller.say(f"{study.name}: {p.done:,} of {p.of:,} points, {p.solved:,} of the new ones solved, {left}")

    try:
        return run_study(study, store, workers=args.workers, address=args.address, watch=watch)
    finally:
        teller.done()


def _study(args: Namespace, store: Any) -> Any:
    """The built-in study of that name, the stored one, or a new one from the flags."""
    from holdfast.compare.study import Study
    from holdfast.studies import questions

    given = _given(args)
    if args.task is None and args.study is None:
        raise BadValue(
            "holdfast compare: name a task or a study.", "Try 'holdfast compare --task recall --lags 10,30'."
        )
    if args.study in questions.FOLDER.names():
        if args.task is not None:
            raise BadValue(f"'{args.study}' is a built-in study and has its own task.", "Leave --task out, or rename.")
        study = questions.get(args.study)
        return _altered(study, given) if given else study
    if args.task is None:
        there = store.studies() if store else []
        if args.study not in there:
            from holdfast.core.errors import UnknownName

            raise UnknownName("study, built in or stored,", args.study, [*questions.FOLDER.names(), *there])
        stored = Study(args.study, store.grids(args.study))
        return _altered(stored, given) if given else stored
    return _fresh(args, given)


def _altered(study: Any, given: dict[str, Any]) -> Any:
    from dataclasses import replace

    return replace(study, grids=tuple(replace(grid, **given) for grid in study.grids))


def _fresh(args: Namespace, given: dict[str, Any]) -> Any:
    import hashlib
    import json

    from holdfast import tasks
    from holdfast.cli._flags import given_axes
    from holdfast.compare.grid import Grid
    from holdfast.compare.study import Study

    axes = given_axes(tasks.get(args.task), {k: v for k, v in vars(args).items() if k not in given})
    axes = {name: tuple(value) if isinstance(value, list) else value for name, value in axes.items()}
    grid = Grid(args.task, axes=axes, **given)
    text = json.dumps(grid.as_json(), sort_keys=True)
    name = args.study or f"{args.task}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return Study(name, (grid,))


def _given(args: Namespace) -> dict[str, Any]:
    """The grid's fields among the parsed flags."""
    from holdfast.cli._flags import clip

    found: dict[str, Any] = {}
    for name, (kind, _) in SWEPT.items():
        if name in args:
            found[name] = _values(name, getattr(args, name), kind)
    for name in (name.replace("-", "_") for name in PLAIN):
        if name in args:
            found[name] = getattr(args, name)
    if "clip" in args:
        found["clip"] = clip(args.clip)
    return found


def _values(name: str, text: str, kind: type) -> tuple:
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        return tuple(kind(word) for word in words)
    except ValueError:
        wanted = {int: "whole numbers", float: "numbers", str: "words"}[kind]
        raise BadValue(f"--{name} is '{text}', expected {wanted} separated by commas.", "As in 10,30,100.") from None


def _write(args: Namespace, found: Any, store: Any) -> None:
    from holdfast.compare import export

    if args.csv:
        export.write_csv(found.results, Path(args.csv))
    if args.parquet:
        export.write_parquet(found.results, Path(args.parquet))
    if args.figures:
        from holdfast.report import figures

        figures.write(found.parts(), args.figures)
    if args.page:
        from holdfast.cli._comparison import write_page

        teller = Teller()
        try:
            write_page(found, store, Path(args.page), teller.say)
        finally:
            teller.done()
