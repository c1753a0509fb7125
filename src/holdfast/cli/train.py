"""Train many networks at once on a task: can the cell learn to remember?

Each network is trained until it solves the task or has used its budget of sequences. Settings, checkpoints, history and
weights are saved in a run folder (--out; default: a new one under runs/). After Ctrl-C, --resume continues the run, and
the result is the same bit for bit as without the interruption.

A network solves the task if it meets the criterion on fresh sequences. The output also gives the largest error that a
short adversarial search found at the same length (gradient ascent on 2048 sequences).

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
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadRun, BadValue
from holdfast.report.progress import ProgressPrinter

RUNS = Path("runs")


def configure(parser: Parser, words: list[str]) -> None:
    from holdfast.training.settings import Settings

    parser.add_argument("task", nargs="?", metavar="TASK", help="a task from 'holdfast list tasks'; stands first")
    parser.fields(Settings, title="settings")
    add_threads(parser)
    parser.flag("out", help="the run folder (default: a new one under runs/)")
    parser.flag("resume", metavar="RUN", help="continue the run in this folder")
    add_json(parser)
    if not words or "--resume" in words or "--help" in words[:1]:
        return
    from holdfast import tasks

    if not words[0].startswith("-"):
        parser.axes(tasks.get(words[0]))
    elif late := next((word for word in words if word in tasks.FOLDER.names()), None):
        raise BadValue(f"the task '{late}' stands after a flag.", f"Put it first: holdfast train {late} ...")


def run(args: Namespace) -> int:
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.report.terminal import draw

    check_threads(args.threads)
    keep_compiled_programs()
    settings, folder = _resumed(args) if args.resume else _fresh(args)
    from holdfast.certification.attack import attack
    from holdfast.training.loop import train_networks

    printer = ProgressPrinter()
    what = f"{settings.task.name}, {settings.cell_name}"
    try:
        done = train_networks(
            settings,
            out=folder,
            threads=args.threads,
            watch=lambda progress: printer(what, progress),
            attack=attack,
        )
    finally:
        printer.done()
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
    from holdfast.training.settings import Settings, make_task

    if args.task is None:
        raise BadValue("holdfast train needs a task.", "Try 'holdfast train recall --steps 30'.")
    given = vars(args)
    task = make_task(args.task, given_fields(tasks.get(args.task), given))
    settings = Settings(task, **given_fields(Settings, given))
    if args.out:
        folder = Path(args.out)
        if (folder / "settings.json").exists():
            raise BadRun(
                f"there is already a run in {folder}.", f"Continue it with --resume {folder}, or give another folder."
            )
        return settings, folder
    cell = "-".join(parts(settings.cell_name))
    return settings, _next_folder(f"{settings.task.name}-{cell}-{settings.units}")


def _resumed(args: Namespace):
    from holdfast.training.run import read_settings

    allowed = {"task", "threads", "out", "resume", "json"}
    extra = sorted(set(vars(args)) - allowed) + [flag for flag in ("task", "out") if getattr(args, flag)]
    if extra:
        raise BadValue(
            f"a resumed run keeps its settings, but '{extra[0]}' was given.",
            "Leave it out, or start a new run without --resume.",
        )
    folder = Path(args.resume)
    return read_settings(folder), folder


def _next_folder(name: str) -> Path:
    """Create runs/NAME-001, or the first free number; creating it at once keeps two commands apart."""
    for number in range(1, 1_000_000):
        folder = RUNS / f"{name}-{number:03}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise BadRun(f"cannot create {folder}: {error.strerror}.", "Give another folder with --out.") from error
        return folder
    raise BadRun(f"there are already a million runs named {name}.", "Give a folder with --out.")
