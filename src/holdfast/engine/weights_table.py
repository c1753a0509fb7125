"""A network as HTML for notebooks: its sizes, and a table of the weights of every gate, without their numbers."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import jax
import numpy as np

if TYPE_CHECKING:
    from holdfast.core.arrays import Leaf
    from holdfast.engine.network import Linear, Network

HEADS = ("part", "gate", "reads", "weights", "biases", "largest absolute value")
INPUT = "x"


def weights_table(network: Network) -> str:
    """The sizes of the network in a sentence, then a row for every gate of every linear map."""
    count = sum(np.size(leaf) for leaf in jax.tree.leaves(network))
    deep = f"{len(network.layers)} layers of " if len(network.layers) > 1 else ""
    separate = f", separate weights for {network.steps} steps" if network.steps is not None else ""
    said = (
        f"{network.cell_name}: {deep}{network.units} units, inputs {network.inputs}, outputs {network.outputs}"
        f"{separate}; {count:,} weights in {network.dtype}"
    )
    rows = "".join(_row("td", row) for part, maps in _parts(network) for row in _rows(part, maps))
    return (
        f"<div class='holdfast'><p>{html.escape(said)}</p>"
        f"<table><thead>{_row('th', HEADS)}</thead><tbody>{rows}</tbody></table></div>"
    )


def _parts(network: Network) -> Iterator[tuple[str, dict[str, Linear]]]:
    if network.embedding is not None:
        yield "embedding", {INPUT: network.embedding}
    for number, layer in enumerate(network.layers, 1):
        yield f"layer {number}", dict(layer)
    *hidden, last = network.readout_maps
    for number, linear in enumerate(hidden, 1):
        yield f"read-out, hidden layer {number}", {"": linear}
    yield "read-out", {"": last}


def _rows(part: str, maps: dict[str, Linear]) -> Iterator[tuple[str, ...]]:
    for source, linear in maps.items():
        for gate in linear.gates:
            matrix, bias = linear.of(gate)
            leaves = [leaf for leaf in (matrix, bias) if leaf is not None and np.size(leaf)]
            largest = max((float(np.abs(np.asarray(leaf)).max()) for leaf in leaves), default=0.0)
            yield part, gate, source, _shape(matrix), "-" if bias is None else _shape(bias), f"{largest:.4g}"


def _shape(leaf: Leaf) -> str:
    return " x ".join(map(str, np.shape(leaf)))


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
