"""Construct weights that solve a task, without training, with a bound on their error.

The network uses a few units of a standard cell. The output explains their gates and gives an error budget and a claim
for every input in the range. The gains are computed from the tolerance, the length, the range and the number format.
'--steps any' makes the claim for every length. For '--range -inf inf' no such network exists: the output is the proof
and, where there is one, a sequence that shows it.

examples:
  holdfast construct recall --cell lstm --steps 1000 --range -1 1 --tolerance 1e-3 --out net.safetensors
  holdfast construct recall --cell gru --steps any
  holdfast construct copy --cell gru --steps 10 --lag 100
  holdfast construct recall --range -inf inf

exit code: 0 if a network was constructed, 1 if a theorem excludes one.
"""

from __future__ import annotations

import math
from argparse import Namespace

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, given_fields
from holdfast.cli._output import print_json
from holdfast.cli._parser import ANY, Parser
from holdfast.core.errors import BadValue
from holdfast.core.files import check_writable
from holdfast.core.text import escaped


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("task", metavar="TASK", help="recall, copy, adding, echo, order, bits, ...")
    parser.flag("cell", default="lstm", help="lstm, gru, elman, lstm1997 or irnn (default: lstm)")
    parser.flag("units", int, default=32, help="hidden units; unused ones have zero weights (default: 32)")
    parser.flag("dtype", choices=("float32", "float64"), default="float32", help="number format (default: float32)")
    parser.flag(
        "semantics",
        choices=("real", "ieee"),
        default="ieee",
        help="for --steps any: claim for exact arithmetic, or for IEEE floating point (default: ieee)",
    )
    parser.flag(
        "form", choices=("pytorch",), default="", help="for gru: a latch that is also exact in PyTorch's formula"
    )
    parser.flag("out", help="the network file to write (*.safetensors)", metavar="FILE")
    add_json(parser)
    if words and not words[0].startswith("-"):
        from holdfast import tasks

        parser.axes(tasks.get(words[0]), any_length=True)


def run(args: Namespace) -> int:
    import jax

    if args.dtype == "float64":
        jax.config.update("jax_enable_x64", True)

    from holdfast import tasks
    from holdfast.construction.evaluation import construction, impossibility
    from holdfast.report.terminal import draw
    from holdfast.training.settings import make_task

    if args.out:
        check_writable(args.out)
    kind = tasks.get(args.task)
    axes = given_fields(kind, vars(args))
    forever = axes.get(kind.length_axis) == ANY
    if forever:
        # The task needs some length: its default, or the position if that is later.
        axes[kind.length_axis] = max(getattr(kind, kind.length_axis), axes.get("position", 0))
    range_ = tuple(axes.get("range", getattr(kind, "range", (-1.0, 1.0))))
    if not all(math.isfinite(end) for end in range_):
        axes.pop("range", None)
    _check_range(range_)
    task = make_task(args.task, axes)
    steps = None if forever else task.longest
    tolerance = getattr(task, "tolerance", math.inf)
    asked = {"units": args.units, "steps": steps, "tolerance": tolerance, "dtype": args.dtype}
    refused = impossibility.why_impossible(task, range_, args.cell, semantics=args.semantics, **asked)
    if refused is not None:
        print_json(refused.as_json()) if args.json else draw(refused.parts())
        return Exit.NO
    made = construction.construct(task, args.cell, **asked, semantics=args.semantics, form=args.form)
    if args.out:
        from holdfast.engine.files import save

        save(made.construction.network, args.out, made.origin())
    print_json(made.as_json(args.out)) if args.json else draw(made.parts(args.out and escaped(args.out)))
    return Exit.YES


def _check_range(range_: tuple[float, float]) -> None:
    low, high = range_
    if not low < high:
        raise BadValue(f"--range {low:g} {high:g} is empty, expected the smaller number first.")
