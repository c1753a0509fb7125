"""Import a network from PyTorch, Keras or ONNX.

The file must contain LSTM, GRU or plain recurrent layers and a read-out. Before the network is written, the other
framework runs the file on random sequences and the outputs are compared with holdfast's. If they differ by more than
rounding, or if no cell of holdfast computes the layers, nothing is written and the reason is printed. A file of
torch.save (.pt) is read without running code of it. With --task, the task is recorded in the network.

examples:
  holdfast import net.onnx --from onnx
  holdfast import model.keras --from keras --out net.safetensors
  holdfast import state.safetensors --from torch --cell irnn --out net.safetensors
  holdfast import model.keras --from keras --task echo

exit code: 0 if the network was written, 2 if not.
"""

# ruff: noqa: N999 (the verb is called what users call it; nobody imports this file by a statement)

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, given_fields
from holdfast.cli._network import task_named
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadFile, BadValue


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("file", metavar="FILE", help="the file to import")
    parser.flag("from", metavar="FORMAT", dest="format", required=True, help="torch, keras or onnx")
    parser.flag(
        "out",
        metavar="FILE",
        help="the network to write (default: FILE with the ending .safetensors, or .imported.safetensors)",
    )
    parser.flag("cell", help="the cell, if the file does not record it: elman, irnn or feedforward")
    parser.flag("task", help="the task that the network was made for, recorded in it with the axes given here")
    if name := task_named(words):
        from holdfast import tasks

        parser.axes(tasks.get(name))
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.exchange import import_
    from holdfast.report.terminal import draw

    keep_compiled_programs()
    file = Path(args.file)
    done = import_(file, args.format, _place(file, args.out), args.cell, _task(args))
    if args.json:
        print_json(done.as_json())
    else:
        draw(done.parts())
    return Exit.YES


def _task(args: Namespace) -> dict[str, Any] | None:
    """The name and axes of the task as a network's file has them; None where it is not given."""
    if args.task is None:
        return None
    from holdfast import tasks
    from holdfast.training.settings import make_task, task_as_json

    return task_as_json(make_task(args.task, given_fields(tasks.get(args.task), vars(args))))


def _place(file: Path, given: str | None) -> Path:
    """The path of the network. A file named by --out is replaced, one at the default path is not."""
    if not file.name:
        raise BadFile(f"there is no file {file}.")
    ending = ".imported.safetensors" if file.suffix == ".safetensors" else ".safetensors"
    out = Path(given) if given else file.with_suffix(ending)
    if out.resolve() == file.resolve():
        raise BadValue(
            f"the network would replace {file}, from which it is imported.", "Give another file: --out FILE."
        )
    if not given and out.exists():
        raise BadValue(f"the file {out} already exists.", "Give --out; an existing file is then replaced.")
    return out
