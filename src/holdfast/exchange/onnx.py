"""ONNX: a graph of ``LSTM``, ``GRU`` or ``RNN`` nodes and a ``MatMul`` with ``Add``; batch and time axes of any size.

The input is ``inputs`` [batch, time, input], the output ``outputs`` [batch, time, output], in float32 or float64.
Stacked layers are consecutive nodes. ONNX has two GRUs; ours is ``linear_before_reset=1``, with the reset gate after
the recurrent product. An LSTM has no peepholes. A feedforward cell is an RNN with recurrent weights of 0; the metadata
record this.

In float32, onnxruntime runs a file. It approximates sigmoid and tanh: outputs differ by about 1e-6. It does not support
float64 for these nodes; the reference evaluator of the package onnx runs float64 files. That evaluator has no relu.

Files of other exporters can be read, such as those of PyTorch with and without dynamo and of tf2onnx: with an embedding
or a linear map below, hidden layers and an output function above, outputs at every step or at the last only, time as
the first or second axis. Nodes outside the path from input to output may only create the initial state, which must be
0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.engine.network import Network
from holdfast.exchange._chain import opened
from holdfast.exchange._onnx_file import load
from holdfast.exchange._onnx_graph import ORDERS, find
from holdfast.exchange._onnx_run import program_of
from holdfast.exchange._standard import fuse, kind_of
from holdfast.exchange._verify import Runner

ENDING = ".onnx"
NEEDS = ("onnx", "onnxruntime")
NODES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
OPSET, IR = 17, 8
"""The versions of 2022: old enough for all runtimes in use, and new enough for the nodes used here."""


def write(network: Network, origin: dict, file: Path) -> None:
    """Write ``file``, with ``origin`` in its metadata. Raises ``BadValue`` if ONNX cannot express the cell."""
    import json

    import onnx
    from onnx import helper, numpy_helper

    kind = kind_of(network, "onnx")
    weights = {"readout.matrix": np.asarray(network.readout.matrix), "readout.bias": np.asarray(network.readout.bias)}
    weights["direction_axis"] = np.array([1], np.int64)
    words: dict[str, Any] = {"hidden_size": network.units}
    words |= {"activations": [kind.activation.capitalize()]} if kind.activation else {}
    words |= {"linear_before_reset": 1} if kind.name == "gru" else {}
    nodes = [helper.make_node("Transpose", ["inputs"], ["below0"], perm=[1, 0, 2])]
    for depth, layer in enumerate(fuse(network, ORDERS[NODES[kind.name]])):
        own = [f"layer{depth}.{name}" for name in ("W", "R", "B")]
        parts = (layer.matrix_x.T, layer.matrix_h.T, np.concatenate([layer.bias_x, layer.bias_h]))
        weights |= {name: part[None] for name, part in zip(own, parts, strict=True)}
        nodes.append(helper.make_node(NODES[kind.name], [f"below{depth}", *own], [f"layer{depth}"], **words))
        nodes.append(helper.make_node("Squeeze", [f"layer{depth}", "direction_axis"], [f"below{depth + 1}"]))
    nodes.append(helper.make_node("Transpose", [f"below{len(network.layers)}"], ["hidden"], perm=[1, 0, 2]))
    nodes.append(helper.make_node("MatMul", ["hidden", "readout.matrix"], ["product"]))
    nodes.append(helper.make_node("Add", ["product", "readout.bias"], ["outputs"]))

    element = helper.np_dtype_to_tensor_dtype(np.dtype(network.dtype))
    inputs = helper.make_tensor_value_info("inputs", element, ["batch", "time", network.inputs])
    outputs = helper.make_tensor_value_info("outputs", element, ["batch", "time", network.outputs])
    held = [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "holdfast", [inputs], [outputs], held)
    model = helper.make_model(
        graph, producer_name="holdfast", ir_version=IR, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(model, {"cell": network.cell_name, "origin": json.dumps(origin)})
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, file)


def read(file: Path, cell: str | None) -> Network:
    """The network in ``file``. Raises ``BadFile`` for an unsupported graph, ``BadValue`` if ``cell`` does not match."""
    graph = find(load(file))
    return opened(graph.parts, cell, graph.metadata.get("cell", ""))


def runner(file: Path, cell: str) -> Runner:
    """The file, ready to run. Raises ``BadFile`` if no program can run it."""
    return runner_of(load(file))


def runner_of(model: Any) -> Runner:
    """The model, ready to run. Raises ``BadFile`` if it is not supported or no program can run it."""
    graph = find(model)
    first, second = graph.sizes
    batch, steps = (second, first) if graph.time_first_in else (first, second)
    if graph.layers[0].weights.matrix_h.dtype == np.float64 and any(
        layer.activation == "relu" for layer in graph.layers
    ):
        raise BadValue(
            "onnxruntime has no RNN in double precision and onnx's reference evaluator none with relu, so nothing can "
            "verify it.",
            "Use the format torch.",
        )
    program = program_of(model, by_reference=graph.batch_first_node)

    def compute(inputs: np.ndarray) -> np.ndarray:
        given = inputs.argmax(-1) if graph.symbols else inputs
        outputs = program.run(np.ascontiguousarray(given.swapaxes(0, 1)) if graph.time_first_in else given)
        if graph.last:
            return outputs.reshape(len(inputs), 1, -1)
        return outputs.swapaxes(0, 1) if graph.time_first_out else outputs

    return Runner(compute, program.by, batch, steps, graph.symbols, graph.last)
