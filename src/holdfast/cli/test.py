"""Evaluate a saved network on fresh sequences, also at lengths it was not trained on.

The task is the one the network was trained on or constructed for, unless --task names another; its axes are flags. The
sequences come from the test split, with random numbers that no training uses. Next to the sampled result stands the
largest error that a short adversarial search found at the same length (gradient ascent on 2048 sequences; on fewer
above 256 steps).

--by adds the figures of every scored step by its position, by query (the first, second, ... question of a row), or by
gap: how many steps ago the symbol that is asked for was read, in tasks where it is one of the symbols read.

Level of model: answers. A file of ONNX (model.onnx) is taken too; in Python, any object that holdfast.as_model takes.

examples:
  holdfast test runs/recall-gru-32-001/weights/seed-0.safetensors
  holdfast test net.safetensors --task recall --lengths 10,100,1000
  holdfast test runs/mqar-deltanet-32-001/weights/seed-0.safetensors --by position,gap

exit code: 0 if the network meets the task's criterion at every length, 1 if not.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_seed
from holdfast.cli._network import task_named
from holdfast.cli._parser import Parser
from holdfast.core.origin import task_of
from holdfast.verbs._network import origin_of


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="FILE", help="a network (*.safetensors or *.onnx); stands first")
    parser.flag("task", help="the task (default: the one it was made for)")
    parser.flag("lengths", metavar="N,N,...", help="lengths to evaluate at: values of the task's length axis")
    parser.flag("sequences-per-length", int, default=2560, help="sequences per length (default: 2560)")
    parser.flag("by", metavar="KIND,...", help="figures by position, query or gap (default: none)")
    add_seed(parser)
    add_json(parser)
    if name := _task_name(words):
        from holdfast import tasks

        parser.axes(tasks.get(name))


def run(args: Namespace) -> int:
    from holdfast.verbs.test import test

    return Exit.YES if call(test, args).solved else Exit.NO


def _task_name(words: list[str]) -> str | None:
    """The task whose axes become flags, before parsing: --task, or the task in the file."""
    if name := task_named(words):
        return name
    if words and not words[0].startswith("-"):
        return task_of(origin_of(words[0])).get("name")
    return None
