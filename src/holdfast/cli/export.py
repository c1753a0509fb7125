"""Export a network to PyTorch, Keras or ONNX.

Before the file is written, the other framework runs it on random sequences and the outputs are compared with
holdfast's. If they differ by more than rounding, nothing is written. Formats: torch is the state_dict of torch.nn
layers as safetensors, with code that loads it in the metadata; keras is a .keras file; onnx is a graph with dynamic
batch and time axes.

examples:
  holdfast export net.safetensors --to onnx --out net.onnx
  holdfast export runs/recall-gru-32-001/weights/seed-0.safetensors --to keras --out net.keras
  holdfast export net.safetensors --to torch --out net.torch.safetensors --json

exit code: 0 if the file was written, 2 if the format cannot express the cell or the outputs differ.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._parser import Parser


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("network", metavar="FILE", help="a network (*.safetensors)")
    parser.flag("to", metavar="FORMAT", required=True, help="torch, keras or onnx")
    parser.flag("out", metavar="FILE", required=True, help="the file to write; an existing file is replaced")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.verbs.export import export

    call(export, args)
    return Exit.YES
