"""A plain recurrent layer that an exporter wrote as a copy of its operations for every step.

  Concat(h_1, ..., h_T),  h_t = f(h_(t-1) R + b_h + (x W + b_x)[t])  with f Tanh or Relu

PyTorch's exporter with ``dynamo=True`` writes ``torch.nn.RNN`` so. The graph has one length, T. The last step is read;
that the others have the same weights is checked by the comparison of outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from holdfast.exchange._standard import FusedLayer

TAKING = ("Slice", "Squeeze", "SequenceAt", "SplitToSequence", "Gather", "Split", "Unsqueeze")
"""The nodes that take the inputs of one step."""


class UnrolledLayer(NamedTuple):
    """The weights, the activation, the number of steps, the name of what the layer reads, and the names of the arrays
    between."""

    weights: FusedLayer
    activation: str
    steps: int
    name: str
    passed: set[str]


class _Map(NamedTuple):
    """The result of a MatMul with a constant ``matrix`` [source, unit] and an Add of a ``bias`` [unit]."""

    name: str
    matrix: np.ndarray
    bias: np.ndarray


Constant = Callable[[str], np.ndarray | None]
Producers = Mapping[str, Any]


def unrolled_layer(node: Any, producers: Producers, constant: Constant) -> UnrolledLayer | None:
    """The layer whose outputs the Concat ``node`` joins; None if it joins something else."""
    last = producers.get(node.input[-1])
    total = producers.get(last.input[0]) if last is not None and last.op_type in ("Tanh", "Relu") else None
    if last is None or total is None or total.op_type != "Add":
        return None
    for of_state, of_input in (total.input, total.input[::-1]):
        recurrent, source = _map(of_state, producers, constant), _source(of_input, producers)
        read = None if source is None else _map(source, producers, constant)
        if recurrent is not None and read is not None:
            weights = FusedLayer(read.matrix, recurrent.matrix, read.bias, recurrent.bias)
            passed = _between(node, read.name, producers)
            return UnrolledLayer(weights, last.op_type.lower(), len(node.input), read.name, passed)
    return None


def _map(name: str, producers: Producers, constant: Constant) -> _Map | None:
    node, bias = producers.get(name), None
    if node is not None and node.op_type == "Add":
        for other, candidate in (node.input, node.input[::-1]):
            if (value := constant(candidate)) is not None:
                node, bias = producers.get(other), value
                break
    if node is None or node.op_type != "MatMul":
        return None
    matrix = constant(node.input[1])
    if matrix is None or matrix.ndim != 2:
        return None
    if bias is None:
        bias = np.zeros_like(matrix[0])
    return _Map(node.input[0], matrix, bias.ravel()) if bias.size == matrix.shape[1] else None


def _source(name: str, producers: Producers) -> str | None:
    """The array of all steps from which ``name`` takes one."""
    node, passed = producers.get(name), 0
    while node is not None and node.op_type in TAKING and passed < len(producers):
        name, passed = node.input[0], passed + 1
        node = producers.get(name)
    return name if passed else None


def _between(node: Any, source: str, producers: Producers) -> set[str]:
    """The arrays from which ``node`` is computed, up to ``source``."""
    found, waiting = set[str](), list(node.input)
    while waiting:
        name = waiting.pop()
        if name != source and name in producers and name not in found:
            found |= {output for output in producers[name].output if output}
            waiting += producers[name].input
    return found
