"""Compare architectures: train a grid of cells, lags, sizes and learning rates, with many seeds for each point.

Each finished point is saved at once in one SQLite file (--store). After an interrupt, a kill or a power failure the
same command resumes and gives the same results. The learning rate is swept for every cell, and the interval of the best
one is corrected for the number of rates tried. --study names a built-in study ('holdfast list studies'), which ends
with a verdict on each of its claims, or gives a grid of your own a name. --engine selects the engine that runs the
networks, --executor the place: processes on this machine, or a Ray cluster.

examples:
  holdfast compare --task recall --cells elman,gru --lags 3,10 --units 16 --rates 0.003,0.01 --seeds 8
  holdfast compare --task echo --cells lstm,gru --lags 30 --rates 0.001,0.01 --study echo-30 --csv echo.csv
  holdfast compare --task recall --cells gru --over optimiser=adam,sgd --over clip=none,1 --budget 50000
  holdfast compare --study echo-30 --report --page echo.html
  holdfast compare --study tutorial --workers 2
  holdfast compare --study why_gates --executor ray --address 10.0.0.1:6379

exit code: 0 if every point is done, 1 if a claim of a built-in study does not hold, 130 if interrupted.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import say
from holdfast.cli._parser import GIVEN_ONLY, Parser
from holdfast.core.fields import field_infos
from holdfast.core.text import argument
from holdfast.core.values import text
from holdfast.verbs._study import FIXED, LISTS, SWEPT
from holdfast.verbs.compare import STORE

MANY: dict[str, Any] = {"default": GIVEN_ONLY, "metavar": "A,B,..."}


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
    from holdfast.verbs.compare import compare

    found = call(compare, args, progress=True)
    if found.interrupted:
        store = "" if args.store == str(STORE) else f" --store {argument(args.store)}"
        again = f"holdfast compare --study {found.study.name}{store}"
        say(f"Interrupted; finished points are kept. Continue with: {again}\n", lines=True)
        return Exit.INTERRUPTED
    return Exit.NO if found.refuted else Exit.YES
