"""Write a network as a file of another framework: PyTorch, Keras or ONNX.

Before anything is written, the framework runs the new file and holdfast the network, on the same random sequences;
where they differ by more than rounding nothing is written. torch: the state_dict of torch.nn layers as safetensors (its
metadata have the lines that load it). keras: a .keras file. onnx: a graph whose batch and time axes have any size.

examples:
  holdfast export net.safetensors --to onnx --out net.onnx
  holdfast export runs/recall-gru-32-001/weights/seed-0.safetensors --to keras --out net.keras
  holdfast export net.safetensors --to torch --out net.torch.safetensors --json

exit code: 0 if the file was written, 2 if the format cannot express the cell or the numbers differ.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadValue


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("file", metavar="FILE", help="a network (*.safetensors)")
    parser.flag("to", metavar="FORMAT", required=True, help="torch, keras or onnx")
    parser.flag("out", metavar="FILE", required=True, help="the file to write (replaced where it exists)")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.engine.files import load
    from holdfast.exchange import export
    from holdfast.report.terminal import draw

    file, out = Path(args.file), Path(args.out)
    if out.resolve() == file.resolve():
        raise BadValue(f"--out is {out}, the network itself, which would be lost.", "Name another file.")
    keep_compiled_programs()
    network, origin = load(file)
    done = export(network, out, args.to, origin)
    if args.json:
        print_json(done.as_json())
    else:
        draw(done.parts())
    return Exit.YES
