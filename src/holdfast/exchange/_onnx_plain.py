"""An ONNX graph without what says nothing: initial states of zeros, lengths that are those of the whole sequence, and
an axis of directions in the output. The graph is copied; what it computes is the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.exchange._onnx_file import array
from holdfast.exchange._onnx_graph import INPUTS, ORDERS, attributes_of


def plain(model: Any) -> Any:
    """A copy of ``model`` with its first output only, without initial states of zeros and whole ``sequence_lens``. If
    the output is that of a recurrent node it is arranged as [time, batch, output] or [batch, output], with the
    directions side by side."""
    copied = type(model)()
    copied.CopyFrom(model)
    graph = copied.graph
    del graph.output[1:]
    constants = {tensor.name: tensor for tensor in graph.initializer}
    first, second = _declared(graph)
    for node in graph.node:
        if node.op_type in ORDERS:
            steps = first if attributes_of(node).get("layout", 0) == 0 else second
            for place, name in enumerate(node.input):
                what = INPUTS[place] if place < len(INPUTS) else ""
                if name in constants and what.startswith(("initial_", "sequence_")):
                    wanted = 0 if what.startswith("initial_") else steps
                    if wanted is not None and np.all(array(constants[name]) == wanted):
                        node.input[place] = ""
            _arrange(graph, node)
    return copied


def freed(model: Any) -> Any:
    """A copy of ``model`` that declares any size of the first two axes of its input, and nothing of its output."""
    copied = type(model)()
    copied.CopyFrom(model)
    held = {tensor.name for tensor in copied.graph.initializer}
    for given in copied.graph.input:
        if given.name not in held:
            for place, dim in enumerate(given.type.tensor_type.shape.dim[:2]):
                dim.Clear()
                dim.dim_param = f"axis{place}"
    for output in copied.graph.output:
        output.type.tensor_type.ClearField("shape")
    del copied.graph.value_info[:]
    return copied


def sizes_of(model: Any) -> tuple[int | None, int | None]:
    """The batch size and the number of steps that ``model`` declares for an input with the batch first, or None."""
    return _declared(model.graph)


def _declared(graph: Any) -> tuple[int | None, int | None]:
    held = {tensor.name for tensor in graph.initializer}
    (given,) = [i for i in graph.input if i.name not in held]
    first, second, *_ = [d.dim_value or None for d in given.type.tensor_type.shape.dim]
    return first, second


def _arrange(graph: Any, node: Any) -> None:
    """Put the directions of an output of this recurrent node side by side, if the graph returns it as its first."""
    from onnx import helper, numpy_helper

    name = graph.output[0].name
    if name not in list(node.output)[:2]:
        return
    every_step, batch_first = name == node.output[0], attributes_of(node).get("layout", 0) == 1
    inner, place = f"{name}.directions", list(node.output).index(name)
    node.output[place] = inner
    if not batch_first:
        perm = [0, 2, 1, 3] if every_step else [1, 0, 2]
        graph.node.append(helper.make_node("Transpose", [inner], [f"{name}.rows"], perm=perm))
        inner = f"{name}.rows"
    shape = np.array([0, 0, -1] if every_step else [0, -1], np.int64)
    graph.initializer.append(numpy_helper.from_array(shape, f"{name}.shape"))
    graph.node.append(helper.make_node("Reshape", [inner, f"{name}.shape"], [name]))
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
