"""Read a file of another framework, PyTorch, Keras or ONNX, as a network of holdfast.

The file holds LSTM, GRU or plain recurrent layers and one linear read-out. Before anything is written, the framework
runs the file and holdfast the network, on the same random sequences; where they differ by more than rounding, or the
file computes what no cell here does, nothing is written and the reason is told.

examples:
  holdfast import net.onnx --from onnx
  holdfast import model.keras --from keras --out net.safetensors
  holdfast import state.safetensors --from torch --cell irnn --out net.safetensors

exit code: 0 if the network was written, 2 if not.
"""

# ruff: noqa: N999 (the verb is called what users call it; nobody imports this file by a statement)

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser
from holdfast.core.errors import BadFile, BadValue


def configure(parser: Parser, words: list[str]) -> None:
    parser.add_argument("file", metavar="FILE", help="the foreign file")
    parser.flag("from", metavar="FORMAT", dest="format", required=True, help="torch, keras or onnx")
    parser.flag("out", metavar="FILE", help="the network to write (default: beside FILE, ending in .safetensors)")
    parser.flag("cell", help="which cell it is where the file does not tell: elman, irnn, feedforward")
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.engine.compiled import keep_compiled_programs
    from holdfast.exchange import import_
    from holdfast.report.terminal import draw

    keep_compiled_programs()
    file = Path(args.file)
    done = import_(file, args.format, _place(file, args.out), args.cell)
    if args.json:
        print_json(done.as_json())
    else:
        draw(done.parts())
    return Exit.YES


def _place(file: Path, given: str | None) -> Path:
    """Where the network goes: what the user names is replaced, a place that we chose is not."""
    if not file.name:
        raise BadFile(f"there is no file {file}.")
    out = Path(given) if given else file.with_suffix(".safetensors")
    if out.resolve() == file.resolve():
        raise BadValue(f"the network would replace {file}, which it is read from.", "Name another file: --out.")
    if not given and out.exists():
        raise BadValue(f"there is a file {out} already.", "Name the place with --out; then it is replaced.")
    return out
