"""Evaluate a saved network on fresh sequences, also at lengths it was not trained on.

The task is the one the network was trained on, unless --task names another; its axes are flags. The sequences come from
the test split, with random numbers that no training uses. Next to the sampled result stands the largest error that a
short adversarial search found at the same length (gradient ascent on 2048 sequences).

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
    parser.add_argument("file", metavar="FILE", help="a network (*.safetensors); stands first")
    parser.flag("task", help="the task (default: the one it was trained on)")
    parser.flag("lengths", metavar="N,N,...", help="lengths to evaluate at: values of the task's length axis")
    parser.flag("sequences-per-length", int, default=2560, help="sequences per length (default: 2560)")
    add_seed(parser)
    add_json(parser)
    if name := _task_name(words):
        from holdfast import tasks

        parser.axes(tasks.get(name))


def run(args: Namespace) -> int:
    from holdfast.certification.attack import attack
    from holdfast.plugins.verified import verified_cell
    from holdfast.report.terminal import draw
    from holdfast.training.judge import judge

    network, origin = open_network(args.file)
    verified_cell(network.cell_name)
    evaluation = judge(
        network,
        _tasks(args, origin),
        sequences=args.sequences_per_length,
        seed=args.seed,
        file=args.file,
        attack=attack,
    )
    if args.json:
        print_json(evaluation.as_json())
    else:
        draw(evaluation.parts())
    return Exit.YES if evaluation.solved else Exit.NO


def _task_name(words: list[str]) -> str | None:
    """The task whose axes become flags, before parsing: --task, or the task in the file."""
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
    """The task of the network's training with the axes from the flags, at every length of --lengths."""
    from holdfast import tasks
    from holdfast.training.settings import make_task

    own = dict(_trained_on(origin))
    name = args.task or own.get("name")
    if name is None:
        raise BadValue(f"{args.file} does not record the task it was trained on.", "Give one: --task recall.")
    axes = {k: v for k, v in own.items() if k != "name"} if own.get("name") == name else {}
    task = tasks.get(name)
    axes |= given_fields(task, vars(args))
    if not args.lengths:
        return [make_task(name, axes)]
    if axes.get("sequences"):
        raise BadValue(
            "--lengths needs a task of any length, but this one is a list of given sequences.", "Leave --lengths out."
        )
    return [make_task(name, {**axes, task.length_axis: length}) for length in _lengths(args.lengths)]


def _lengths(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise BadValue(f"--lengths is '{text}', expected whole numbers separated by commas.", "Try 10,100.") from None
