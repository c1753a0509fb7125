"""Can it learn to remember this? Train many networks at once on a task.

Each network is trained until it has solved the task or its budget of sequences is spent. Settings, checkpoints,
history and weights go into a run folder (--out, by default a new one under runs/). Ctrl-C keeps what was done;
--resume goes on, to the same result, bit for bit, as if it had never stopped.

A network is solved if it meets the criterion on fresh sampled rows. Beside that stands the largest error that a short
attack found, a search along the gradient of the error over 2048 sequences of the same length.

examples:
  holdfast train recall --steps 30 --cell gru --seeds 4
  holdfast train echo --lag 1000 --cell lstm --units 16 --batch 8
  holdfast train echo --sequences 3,0,1,2,3 4,0,1,2,4 --update step --budget 500
  holdfast train --resume runs/recall-gru-32-001

exit code: 0 if every network solved the task, 1 if not, 130 if interrupted.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_threads, check_threads, given_fields
from holdfast.cli._output import Teller, print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadRun, BadValue

RUNS = Path("runs")


def configure(parser: Parser, words: list[str]) -> None:
    from holdfast.train.settings import Settings

    parser.add_argument(
        "task", nargs="?", metavar="TASK", help="a task's name, first; 'holdfast list tasks' shows them"
    )
    parser.fields(Settings, title="settings")
    add_threads(parser)
    parser.flag("out", help="the run folder (default: a new one under runs/)")
    parser.flag("resume", metavar="RUN", help="go on with the run in this folder")
    add_json(parser)
    if not words or "--resume" in words or "--help" in words[:1]:
        return
    from holdfast import tasks

    if not words[0].startswith("-"):
        parser.axes(tasks.get(words[0]))
    elif late := next((word for word in words if word in tasks.FOLDER.names()), None):
        raise BadValue(f"the task '{late}' stands behind a flag.", f"Name it first: holdfast train {late} ...")


def run(args: Namespace) -> int:
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.report.terminal import draw

    check_threads(args.threads)
    keep_compiled_programs()
    settings, folder = _resumed(args) if args.resume else _fresh(args)
    from holdfast.certify.attack import attack
    from holdfast.train.loop import train_networks

    teller = Teller()
    what = f"{settings.task.name}, {settings.cell_name}"
    try:
        done = train_networks(
            settings,
            out=folder,
            threads=args.threads,
            watch=lambda progress: teller(what, progress),
            attack=attack,
        )
    finally:
        teller.done()
    if args.json:
        print_json(done.as_json())
    else:
        draw(done.parts())
    if done.interrupted:
        return Exit.INTERRUPTED
    return Exit.YES if done.rate.solved == done.rate.of else Exit.NO


def _fresh(args: Namespace):
    from holdfast import tasks
    from holdfast.engine.resolve import parts
    from holdfast.train.settings import Settings, make_task

    if args.task is None:
        raise BadValue("holdfast train: name the task first.", "Try 'holdfast train recall --steps 30'.")
    given = vars(args)
    task = make_task(args.task, given_fields(tasks.get(args.task), given))
    settings = Settings(task, **given_fields(Settings, given))
    if args.out:
        folder = Path(args.out)
        if (folder / "settings.json").exists():
            raise BadRun(f"there is a run in {folder} already.", f"Go on with it: --resume {folder}, or name another.")
        return settings, folder
    cell = "-".join(parts(settings.cell_name))
    return settings, _next_folder(f"{settings.task.name}-{cell}-{settings.units}")


def _resumed(args: Namespace):
    from holdfast.train.run import read_settings

    allowed = {"task", "threads", "out", "resume", "json"}
    extra = sorted(set(vars(args)) - allowed) + [flag for flag in ("task", "out") if getattr(args, flag)]
    if extra:
        raise BadValue(
            f"a resumed run keeps its own settings, but '{extra[0]}' was given.",
            "Leave it out, or start a new run without --resume.",
        )
    folder = Path(args.resume)
    return read_settings(folder), folder


def _next_folder(name: str) -> Path:
    """runs/NAME-001, or the first number that is free; made at once, so that two commands never share one."""
    for number in range(1, 1_000_000):
        folder = RUNS / f"{name}-{number:03}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise BadRun(f"cannot make {folder}: {error.strerror}.", "Name another folder with --out.") from error
        return folder
    raise BadRun(f"there are a million runs named {name} already.", "Name a folder with --out.")
