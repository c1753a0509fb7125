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

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._network import task_named
from holdfast.cli._parser import Parser
from holdfast.verbs._arguments import AUTO


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
    from holdfast.verbs.import_model import import_model

    args.out = args.out or AUTO
    call(import_model, args)
    return Exit.YES
