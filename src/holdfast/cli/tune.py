"""Find the smallest network and the smallest budget with which a cell learns a task.

The search (Optuna) varies units, layers, learning rate, initialisation, batch size and, with --updates, the update
rule. Each trial trains several networks; it succeeds only if the confidence interval of its success rate lies above
--success. Of two successful trials the better has fewer weights, then fewer sequences. The best configuration is
trained again on new seeds, and the result is that success rate with its interval. Finished trials are saved: after
Ctrl-C or a kill, the same command resumes and only the running trial is lost. Several processes may work on one study.
The axes of the task, such as --steps, are flags.

examples:
  holdfast tune recall --steps 10 --cell lstm
  holdfast tune echo --lag 30 --cell gru --units 1 16 --trials 60
  holdfast tune recall --storage postgresql://me@host/trials --study lags --minutes 30
  holdfast tune recall --steps 10 --cell lstm --updates batch step
  holdfast tune recall --steps 10 --cell elman --success 0.8 --seeds 16 --json

exit code: 0 if a network was found and confirmed on new seeds, 1 if none, 130 if interrupted.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_threads, check_threads, given_fields
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue
from holdfast.core.fields import field_infos
from holdfast.report.progress import ProgressPrinter

DEFAULTS: dict[str, Any] = {"budget": 30_000, "seeds": 8}
"""Settings whose defaults differ from those of 'train'."""


def configure(parser: Parser, words: list[str]) -> None:
    from holdfast.training.settings import Settings
    from holdfast.tuning.search import SEARCHED, Search

    parser.add_argument("task", metavar="TASK", help="a task from 'holdfast list tasks'; stands first")
    parser.fields(Search, title="search space and criterion")
    fixed = [name for name in field_infos(Settings) if name not in SEARCHED]
    parser.fields(Settings, fixed, title="settings of every trial", defaults=DEFAULTS)
    parser.flag("trials", int, default=40, help="total number of trials, earlier calls included (default: 40)")
    parser.flag("minutes", float, help="start no trial after this many minutes")
    parser.flag("storage", metavar="FILE|URL", help="where trials are saved (default: ./holdfast-tune.journal)")
    parser.flag("study", metavar="NAME", help="name of the study (default: task, axes and cell)")
    add_threads(parser)
    add_json(parser)
    if words and not words[0].startswith("-"):
        from holdfast import tasks

        parser.axes(tasks.get(words[0]))


def run(args: Namespace) -> int:
    from holdfast import tasks
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.training.settings import Settings, make_task
    from holdfast.tuning.storage import JOURNAL, need_packages

    check_threads(args.threads)
    storage = args.storage or JOURNAL
    need_packages(storage)
    if args.study == "":
        raise BadValue("--study is empty, expected a name.")
    keep_compiled_programs()

    from holdfast.report.terminal import draw
    from holdfast.tuning.find import tune
    from holdfast.tuning.search import SEARCHED, Search

    given = vars(args)
    axes = given_fields(tasks.get(args.task), given)
    bounds = given_fields(Search, given)
    fixed = {name: value for name, value in given_fields(Settings, given).items() if name not in SEARCHED}
    search = Search(Settings(make_task(args.task, axes), **DEFAULTS | fixed), **bounds)
    name = args.study or "-".join((args.task, *(f"{n}={_short(v)}" for n, v in axes.items()), search.base.cell))
    printer = ProgressPrinter()
    try:
        done = tune(
            search,
            storage=storage,
            name=name,
            trials=args.trials,
            minutes=args.minutes,
            threads=args.threads,
            watch=printer,
        )
    finally:
        printer.done()
    print_json(done.as_json()) if args.json else draw(done.parts())
    if done.interrupted:
        return Exit.INTERRUPTED
    return Exit.YES if done.best else Exit.NO


def _short(value: object) -> str:
    """The value of an axis in the name of a study."""
    if isinstance(value, list | tuple):
        return " ".join(",".join(part) if isinstance(part, tuple) else str(part) for part in value)
    return str(value)
