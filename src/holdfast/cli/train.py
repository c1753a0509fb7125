"""Train many networks at once on a task: can the cell learn to remember?

Each network is trained until it solves the task or has used its budget of sequences. Settings, checkpoints, history and
weights are saved in a run folder (--out; default: a new one under runs/). After Ctrl-C, --resume continues the run, and
the result is the same bit for bit as without the interruption.

A network solves the task if it meets the criterion on fresh sequences. The output also gives the largest error that a
short adversarial search found at the same length (gradient ascent on 2048 sequences; on fewer above 256 steps).

examples:
  holdfast train recall --steps 30 --cell gru --seeds 4
  holdfast train echo --lag 1000 --cell lstm --units 16 --batch 8
  holdfast train echo --sequences 3,0,1,2,3 4,0,1,2,4 --update step --budget 500
  holdfast train --resume runs/recall-gru-32-001

exit code: 0 if every network solved the task, 1 if not, 130 if interrupted.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_threads
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue
from holdfast.verbs._arguments import AUTO


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
    from holdfast.verbs.train import train

    args.out = args.out or (None if args.resume else AUTO)
    done = call(train, args, progress=True)
    if done.interrupted:
        return Exit.INTERRUPTED
    return Exit.YES if done.rate.solved == done.rate.of else Exit.NO
