"""How good is a saved network? Measure it on fresh sequences, also of lengths it was not trained on.

The task is the one the network was trained on, unless --task names another; axes given here change it. The
sequences come from the test split and from streams that no training draws from. Beside the sampled figure stands what
a short attack found at the same length, a search along the gradient of the error over 2048 sequences.

Level of model: answers. In Python, judge takes any function and a module of PyTorch too (holdfast.as_model).

examples:
  holdfast test runs/recall-gru-32-001/weights/seed-0.safetensors
  holdfast test net.safetensors --task recall --lengths 10,100,1000

exit code: 0 if the network meets the task's criterion at every length, 1 if not.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_seed, given_fields
from holdfast.cli._network import open_network, origin_of
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("file", metavar="FILE", help="a network (*.safetensors), first")
    parser.flag("task", help="the task (default: the one it was trained on)")
    parser.flag("lengths", metavar="N,N,...", help="sizes of the task's length axis to test at")
    parser.flag("sequences-per-length", int, default=2560, help="fresh sequences (default: 2560)")
    add_seed(parser)
    add_json(parser)
    if name := _task_name(words):
        from holdfast import tasks

        parser.axes(tasks.get(name))


def run(args: Namespace) -> int:
    from holdfast.certify.attack import attack
    from holdfast.plugins.verified import verified_cell
    from holdfast.report.terminal import draw
    from holdfast.train.judge import judge

    network, origin = open_network(args.file)
    verified_cell(network.cell_name)
    judged = judge(
        network,
        _tasks(args, origin),
        sequences=args.sequences_per_length,
        seed=args.seed,
        file=args.file,
        attack=attack,
    )
    if args.json:
        print_json(judged.as_json())
    else:
        draw(judged.parts())
    return Exit.YES if judged.solved else Exit.NO


def _task_name(words: list[str]) -> str | None:
    """The task to take axes from, before parsing: --task, or the file's own."""
    for place, word in enumerate(words):
        if word == "--task" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--task="):
            return word.removeprefix("--task=")
    if words and not words[0].startswith("-"):
        return _trained_on(origin_of(words[0])).get("name")
    return None


def _trained_on(origin: dict) -> dict:
    return origin.get("settings", {}).get("task", {})


def _tasks(args: Namespace, origin: dict) -> list:
    """The task with the axes of the network's own training, changed by those given, at every length asked for."""
    from holdfast import tasks
    from holdfast.train.settings import make_task

    own = dict(_trained_on(origin))
    name = args.task or own.get("name")
    if name is None:
        raise BadValue(f"{args.file} does not say what it was trained on.", "Name a task: --task recall.")
    axes = {k: v for k, v in own.items() if k != "name"} if own.get("name") == name else {}
    task = tasks.get(name)
    axes |= given_fields(task, vars(args))
    if not args.lengths:
        return [make_task(name, axes)]
    if axes.get("sequences"):
        raise BadValue("--lengths: given sequences have the lengths they have.", "Leave --lengths out.")
    return [make_task(name, {**axes, task.length_axis: length}) for length in _lengths(args.lengths)]


def _lengths(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise BadValue(f"--lengths is '{text}', expected whole numbers separated by commas.", "Try 10,100.") from None
