"""``holdfast.export``: a network to PyTorch, Keras or ONNX."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.core.errors import BadValue
from holdfast.verbs._arguments import PathLike
from holdfast.verbs._network import given_network

if TYPE_CHECKING:
    from holdfast.engine.network import Network
    from holdfast.exchange import Conversion


def export(network: PathLike | Network, *, to: str, out: PathLike) -> Conversion:
    """Write a network to ``out`` in the format ``to``: torch, keras or onnx.

    ``network`` is the path of a file or a ``Network``. The other framework runs the file on random sequences first;
    nothing is written if its outputs differ by more than rounding.
    Raises ``BadValue`` where the format cannot express the cell, ``BadFile`` where the outputs differ.
    """
    from holdfast.exchange import export as write

    place = Path(out)
    if isinstance(network, str | os.PathLike) and place.resolve() == Path(network).resolve():
        raise BadValue(f"--out is {out}, which is the network itself.", "Give another file.")
    given = given_network(network)
    return write(given.network("export"), place, to, given.origin)
