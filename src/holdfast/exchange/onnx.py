"""ONNX: a graph of ``LSTM``, ``GRU`` or ``RNN`` nodes and a ``MatMul`` with ``Add``; batch and time axes of any size.

The input is ``inputs`` [batch, time, input], the output ``outputs`` [batch, time, output], in float32 or float64.
Stacked layers are consecutive nodes. ONNX has two GRUs; ours is ``linear_before_reset=1``, with the reset gate after
the recurrent product. An LSTM has no peepholes. A feedforward cell is an RNN with recurrent weights of 0; the metadata
record this.

In float32, onnxruntime runs a file. It approximates sigmoid and tanh: outputs differ by about 1e-6. It does not support
float64 for these nodes; the reference evaluator of the package onnx runs float64 files. That evaluator has no relu.

Files of other exporters can be read: the path is followed from output to input, and nodes outside it may only create
the initial state, which must be 0. Graphs with time as the first axis are read too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Network
from holdfast.exchange._onnx_file import load
from holdfast.exchange._onnx_graph import Graph, find
from holdfast.exchange._standard import FusedLayer, choose_cell, fuse, kind_of, separate
from holdfast.exchange._verify import Runner

ENDING = ".onnx"
NEEDS = ("onnx", "onnxruntime")
ORDERS = {
    "lstm": ("input", "output", "forget", "candidate"),
    "gru": ("update", "reset", "candidate"),
    "rnn": ("candidate",),
}
"""The order of the gates in ``W`` [1, gates * units, source]."""

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
    for depth, layer in enumerate(fuse(network, ORDERS[kind.name])):
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
    kind = {node: kind for kind, node in NODES.items()}[graph.node]
    return separate(
        choose_cell(kind, graph.activation, cell, graph.metadata.get("cell", "")),
        [_fused(*weights) for weights in graph.layers],
        [(graph.matrix, graph.bias)],
        ORDERS[kind],
    )


def runner(file: Path, cell: str) -> Runner:
    """The file, ready to run. Raises ``BadFile`` if no program can run it."""
    model = load(file)
    graph = find(model)
    name, (first, second) = graph.input, graph.sizes
    batch, steps = (second, first) if graph.time_first_in else (first, second)
    run, by = _program(model, graph)

    def compute(inputs: np.ndarray) -> np.ndarray:
        given = np.ascontiguousarray(inputs.swapaxes(0, 1)) if graph.time_first_in else inputs
        try:
            outputs = run(None, {name: given})[0]
        except Exception as error:  # the errors of onnxruntime have no common base class
            raise BadFile(f"{by} cannot run it on inputs of shape {list(given.shape)}: {error}") from error
        return outputs.swapaxes(0, 1) if graph.time_first_out else outputs

    return Runner(compute, by, batch, steps)


def _program(model: Any, graph: Graph) -> tuple[Any, str]:
    """The program that runs the model and its name: onnxruntime in float32, the reference evaluator in float64."""
    import onnx
    import onnxruntime
    from onnx.reference import ReferenceEvaluator

    if graph.matrix.dtype == np.float64:
        if graph.activation == "relu":
            raise BadValue(
                "onnxruntime has no RNN in double precision and onnx's reference evaluator none with relu, so nothing "
                "can verify it.",
                "Use the format torch.",
            )
        by = f"the reference evaluator of onnx {onnx.__version__}"
        try:
            return ReferenceEvaluator(model).run, by
        except Exception as error:  # of any kind: the graph is untrusted
            raise BadFile(f"{by} cannot run it: {error}") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, and need not be printed as well
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise BadFile(f"onnxruntime cannot run it: {error}") from error
    return session.run, f"onnxruntime {onnxruntime.__version__}"


def _fused(w: np.ndarray, r: np.ndarray, b: np.ndarray | None) -> FusedLayer:
    """The fused weights from W [1, gates * units, source], R [1, gates * units, unit], B [1, 2 * gates * units] or
    None."""
    both = np.zeros(2 * r.shape[1], r.dtype) if b is None else b[0]
    half = len(both) // 2
    return FusedLayer(w[0].T, r[0].T, both[:half], both[half:])
