"""Compare architectures: train a grid of cells, lags, sizes and learning rates, with many seeds for each point.

Each finished point is saved at once in one SQLite file (--store). After an interrupt, a kill or a power failure the
same command resumes and gives the same results. The learning rate is swept for every cell, and the interval of the best
one is corrected for the number of rates tried. --study names a built-in study ('holdfast list studies'), which ends
with a verdict on each of its claims, or gives a grid of your own a name. --engine selects the engine that runs the
networks, --executor the place: processes on this machine, or a Ray cluster.

examples:
  holdfast compare --task recall --cells elman,lstm,gru --lags 10,30,100 --units 8,32 --seeds 20
  holdfast compare --task echo --cells lstm,gru --lags 30 --rates 0.001,0.01 --study echo-30 --csv echo.csv
  holdfast compare --task recall --cells gru --over optimiser=adam,sgd --over clip=none,1 --budget 50000
  holdfast compare --study echo-30 --report --page echo.html
  holdfast compare --study tutorial --workers 2
  holdfast compare --study why_gates --executor ray --address 10.0.0.1:6379

exit code: 0 if every point is done, 1 if a claim of a built-in study does not hold, 130 if interrupted.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, given_fields
from holdfast.cli._output import print_json, say
from holdfast.cli._parser import GIVEN_ONLY, Parser
from holdfast.core import values
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.fields import FieldInfo, field_infos
from holdfast.core.files import check_folder, check_writable
from holdfast.core.values import text
from holdfast.report.progress import ProgressPrinter

if TYPE_CHECKING:
    from holdfast.comparison.grid.grid import Grid
    from holdfast.comparison.results.answer import Answer
    from holdfast.comparison.results.results import Results
    from holdfast.comparison.store.store import Store
    from holdfast.comparison.study import Study

STORE = Path("runs") / "studies.sqlite"
MANY: dict[str, Any] = {"default": GIVEN_ONLY, "metavar": "A,B,..."}

LISTS = {
    "cells": "cell",
    "units": "units",
    "initialisations": "initialisation",
    "updates": "update",
    "orders": "order",
    "rates": "learning_rate",
}
"""Flags that take several values of a setting; --over does that for every other."""
SWEPT = {"cell": ("elman", "lstm", "gru"), "units": (8, 32), "learning_rate": (1e-3, 3e-3, 1e-2)}
"""The values that are swept by default. Recurrent networks learn in a narrow range of learning rates only."""
FIXED: dict[str, Any] = {"seeds": 20, "budget": 20_000}
"""Settings whose defaults differ from those of 'train'."""


def configure(parser: Parser, words: list[str]) -> None:
    from holdfast.training.settings import Settings

    known = field_infos(Settings)
    parser.flag("task", metavar="TASK", help="a task from 'holdfast list tasks'; its other axes are flags")
    parser.flag("study", metavar="NAME", help="a built-in study, or a name for this grid")
    parser.flag("lags", help="lags in steps, for example 10,30,100 (default: the task's)", **MANY)
    for name, field in LISTS.items():
        default = ",".join(map(text, SWEPT.get(field, (known[field].default,))))
        parser.flag(name, help=f"{known[field].meaning} (default: {default})", **MANY)
    parser.add_argument(
        "--over",
        action="append",
        default=GIVEN_ONLY,
        metavar="SETTING=A,B,...",
        help="sweep another setting, for example optimiser=adam,sgd; may be repeated",
    )
    parser.fields(Settings, [n for n in known if n not in LISTS.values()], title="settings", defaults=FIXED)
    parser.flag("store", help=f"the file in which points are saved (default: {STORE})", default=str(STORE))
    parser.flag("workers", int, help="worker processes (default: one per core)")
    parser.flag("executor", help="processes or ray (default: processes)", default="processes")
    parser.flag("address", metavar="HOST:PORT", help="address of the Ray cluster, or auto (with --executor ray)")
    parser.add_argument("--report", action="store_true", help="do not train: print the results in the store")
    parser.add_argument("--yes", action="store_true", help="accept a grid that takes more than a day")
    parser.flag("csv", metavar="FILE", help="write all points as CSV")
    parser.flag("parquet", metavar="FILE", help="write all points as Parquet (needs the extra parquet)")
    parser.flag("figures", metavar="DIR", help="write the plots as PNG and SVG")
    parser.flag("page", metavar="FILE", help="write a page with the grid and a link to each network")
    add_json(parser)
    if "--task" in words[:-1]:
        from holdfast import tasks

        parser.axes(tasks.get(words[words.index("--task") + 1]))


def run(args: Namespace) -> int:
    from holdfast.comparison.results.answer import answer
    from holdfast.comparison.store.store import Store

    _check(args)
    if not Path(args.store).exists():
        _study(args, None)  # refuse a mistake before an empty store is created
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
        again = f"holdfast compare --study {study.name}" + (
            "" if args.store == str(STORE) else f" --store {args.store}"
        )
        say(f"Interrupted; finished points are kept. Continue with: {again}\n", lines=True)
        return Exit.INTERRUPTED
    return Exit.NO if found.refuted else Exit.YES


def _check(args: Namespace) -> None:
    if args.executor not in ("processes", "ray"):
        raise BadValue(
            f"--executor is '{args.executor}', expected processes or ray.",
            "The engine is a flag of its own: --engine native, parallel, loop or auto.",
        )
    if (args.executor == "ray") != (args.address is not None):
        raise BadValue(
            "--executor ray and --address need each other.", "For example: --executor ray --address 10.0.0.1:6379."
        )
    if args.workers is not None and args.workers < 1:
        raise BadValue(f"--workers is {args.workers}, expected at least 1.", "Leave it out to use every core.")
    _check_outputs(args)


def _check_outputs(args: Namespace) -> None:
    """Refuse at once what would fail only after the training."""
    for path in (args.csv, args.parquet, args.page):
        if path:
            check_writable(path)
    if args.page:
        from holdfast.cli._comparison import networks_folder

        check_folder(networks_folder(Path(args.page)))
    if args.executor == "ray":
        from holdfast.comparison.executors.cluster import check_installed

        check_installed()
    if args.parquet:
        from holdfast.comparison.results.export import check_parquet

        check_parquet()
    if args.figures:
        from holdfast.report import figures

        figures.check(args.figures)


def _run(args: Namespace, study: Study, store: Store) -> tuple[Results, bool]:
    from holdfast.comparison.estimate import check_size
    from holdfast.comparison.run import run_study
    from holdfast.core.progress import cores

    check_size(study, args.workers or cores(), args.yes)
    printer = ProgressPrinter()
    try:
        watch = partial(printer, study.name)
        return run_study(study, store, workers=args.workers, address=args.address, watch=watch)
    finally:
        printer.done()


def _study(args: Namespace, store: Store | None) -> Study:
    """The built-in study of that name, the stored one, or a new one from the flags."""
    from holdfast.comparison.study import Study
    from holdfast.studies import questions

    given = _given(args)
    if args.task is None and args.study is None:
        raise BadValue(
            "holdfast compare needs a task or a study.", "Try 'holdfast compare --task recall --lags 10,30'."
        )
    if args.study in questions.FOLDER.names():
        if args.task is not None:
            raise BadValue(
                f"'{args.study}' is a built-in study and has its own task.", "Leave --task out, or choose another name."
            )
        study = questions.get(args.study)
        return _altered(study, given) if given.anything else study
    if args.task is None:
        there = store.studies() if store else []
        if store is None or args.study not in there:
            raise UnknownName("study", args.study, [*questions.FOLDER.names(), *there])
        stored = Study(args.study, store.grids(args.study))
        return _altered(stored, given) if given.anything else stored
    return _fresh(args, given, store)


def _altered(study: Study, given: GridFlags) -> Study:
    from dataclasses import replace

    from holdfast.comparison.grid.lags import with_lags

    def altered(grid: Grid) -> Grid:
        over, task = dict(given.over), grid.base.task
        if given.lags is not None:
            axes = {name: getattr(task, name) for name in field_infos(type(task)) if name != task.length_axis}
            over["task"] = with_lags(task.name, axes, given.lags)
        return grid.altered(over, **given.fixed)

    return replace(study, grids=tuple(map(altered, study.grids)))


def _fresh(args: Namespace, given: GridFlags, store: Store | None) -> Study:
    import hashlib
    import json

    from holdfast import tasks
    from holdfast.comparison.grid.grid import formed
    from holdfast.comparison.grid.lags import with_lags
    from holdfast.comparison.study import Study
    from holdfast.training.settings import make_task

    axes = given_fields(tasks.get(args.task), vars(args))
    lags = given.lags
    made = (make_task(args.task, axes),) if lags is None else with_lags(args.task, axes, lags)
    grid = formed(FIXED | given.fixed, {"task": made, **SWEPT, **given.over})
    there = store.studies() if store else []
    unnamed = (n for n in there if n.startswith(f"{args.task}-") and store and store.grids(n) == (grid,))
    name = args.study or next(unnamed, None)
    digest = hashlib.sha256(json.dumps(grid.as_json(), sort_keys=True).encode()).hexdigest()
    return Study(name or f"{args.task}-{digest[:8]}", (grid,))


@dataclass(frozen=True)
class GridFlags:
    """The grid as the flags give it: its lags, settings with one value, and settings with several."""

    lags: tuple[int, ...] | None
    fixed: dict[str, Any]
    over: dict[str, tuple]

    @property
    def anything(self) -> bool:
        return self.lags is not None or bool(self.fixed or self.over)


def _given(args: Namespace) -> GridFlags:
    from holdfast.comparison.grid.place import sweepable
    from holdfast.training.settings import Settings

    known, words = sweepable(Settings), vars(args)
    asked = [(f"--{name}", field, words[name]) for name, field in LISTS.items() if name in args]
    for one in words.get("over", ()):
        field, equals, listed = one.partition("=")
        if not equals:
            raise BadValue(f"--over is '{one}', expected a setting and its values.", "For example optimiser=adam,sgd.")
        if field not in known:
            raise UnknownName("setting to sweep", field, known)
        asked.append((f"--over {field}", field, listed))
    over, fixed = {}, given_fields(Settings, {n: v for n, v in words.items() if n not in LISTS})
    for flag, field, listed in asked:
        if field in over or field in fixed:
            raise BadValue(f"{field} is given twice, the second time by {flag}.", "Give it once, with all its values.")
        over[field] = _values(flag, known[field], listed)
    lags = tuple(_listed("--lags", int, words["lags"])) if "lags" in args else None
    return GridFlags(lags, fixed, over)


def _values(flag: str, field: FieldInfo, listed: str) -> tuple:
    found = _listed(flag, field.kind, listed, field.read)
    for value in found:
        if why := field.wrong(value):
            raise BadValue(f"{flag} {why}.")
    return tuple(map(field.taken, found))


def _listed(flag: str, kind: Any, listed: str, read: Callable[[str], Any] | None = None) -> list[Any]:
    words = [word.strip() for word in values.listed(listed) if word.strip()]
    words = [word[1:-1] if word.startswith("(") and word.endswith(")") else word for word in words]  # has commas itself
    if not words:
        raise BadValue(f"{flag} is empty, expected at least one value.", "For example 10,30,100.")
    try:
        return [read(word) if read else values.read(kind, word) for word in words]
    except ValueError:
        wanted = values.PLURALS.get(kind, values.words(kind))
        raise BadValue(
            f"{flag} is '{listed}', expected {wanted} separated by commas.", "For example 10,30,100."
        ) from None


def _write(args: Namespace, found: Answer, store: Store) -> None:
    from holdfast.comparison.results import export

    if args.csv:
        export.write_csv(found.results, Path(args.csv))
    if args.parquet:
        export.write_parquet(found.results, Path(args.parquet))
    if args.figures:
        from holdfast.report import figures

        figures.write(found.parts(), args.figures)
    if args.page:
        from holdfast.cli._comparison import write_page

        printer = ProgressPrinter()
        try:
            write_page(found, store, Path(args.page), printer.say)
        finally:
            printer.done()
