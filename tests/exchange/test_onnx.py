"""ONNX: our graphs under the reference evaluator, PyTorch's own exports read back, and other graphs refused."""

import re
import warnings

import jax.numpy as jnp
import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from holdfast import exchange
from holdfast.core.errors import BadFile
from holdfast.engine.unroll import unroll
from holdfast.exchange import onnx as format
from tests.networks import numbers, random_network


@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_an_exported_graph_gives_our_numbers(cell, tmp_path, float64):
    network, x = random_network(cell, layers=2), numbers(3, 7, 2)
    exchange.export(network, tmp_path / "net.onnx", "onnx", {"seed": 4})
    model = onnx.load(tmp_path / "net.onnx")
    (theirs,) = ReferenceEvaluator(model).run(None, {"inputs": np.asarray(x)})
    np.testing.assert_allclose(unroll(network, x)[0], theirs, rtol=0, atol=1e-12)
    sizes = [
        [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in (*model.graph.input, *model.graph.output)
    ]
    assert sizes == [["batch", "time", 2], ["batch", "time", 2]]
    assert {p.key: p.value for p in model.metadata_props} == {"cell": cell, "origin": '{"seed": 4}'}


class Foreign(torch.nn.Module):
    def __init__(self, layer, layers, batch_first):
        super().__init__()
        self.body = layer(2, 3, layers, batch_first=batch_first)
        self.head = torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.body(x)[0])


@pytest.mark.parametrize(
    ("layer", "cell", "layers", "batch_first", "free"),
    [
        (torch.nn.LSTM, "lstm", 2, True, True),
        (torch.nn.GRU, "gru", 1, False, True),
        (torch.nn.RNN, "elman", 2, True, False),
        (torch.nn.LSTM, "lstm", 1, False, False),
    ],
)
def test_what_pytorch_exports_is_read(layer, cell, layers, batch_first, free, tmp_path):
    torch.manual_seed(1)
    theirs, x = Foreign(layer, layers, batch_first).eval(), torch.randn(3, 7, 2)
    axes = {name: {0: "a", 1: "b"} for name in ("x", "y")} if free else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls this exporter old; its graphs are in everybody's files
        torch.onnx.export(
            theirs, (x,), tmp_path / "f.onnx", dynamo=False, input_names=["x"], output_names=["y"], dynamic_axes=axes
        )
    done = exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
    assert done.converted.startswith(f"{cell}, {layers} layer")
    given = x if batch_first else x.swapaxes(0, 1)
    expected = theirs(given).detach()
    ours = unroll(format.read(tmp_path / "f.onnx", None), jnp.asarray(x.numpy()))[0]
    np.testing.assert_allclose(ours, expected if batch_first else expected.swapaxes(0, 1), atol=1e-5)


def graph(op="LSTM", more=(), extra=(), readout="MatMul", gates=4, sizes=("t", "b", 2), **attributes):
    """A small graph, time first: a recurrent node with ``more`` inputs, a squeeze, a read-out, ``extra`` nodes."""
    random = np.random.default_rng(1)
    shapes = {"W": (1, gates * 3, 2), "R": (1, gates * 3, 3), "B": (1, 2 * gates * 3), "M": (3, 1), "P": (1, 9)}
    held = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    held |= {"ones": np.ones((1, 1, 3), np.float32), "lens": np.array([1], np.int32), "axes": np.array([1], np.int64)}
    nodes = [
        helper.make_node(op, ["x", "W", "R", "B", *more], ["h4"], hidden_size=3, **attributes),
        helper.make_node("Squeeze", ["h4", "axes"], ["h"]),
        helper.make_node(readout, ["h", "M"], ["y"]),
        *extra,
    ]
    x, y = (helper.make_tensor_value_info(n, 1, s) for n, s in (("x", sizes), ("y", ("t", "b", 1))))
    made = helper.make_graph(nodes, "g", [x], [y], [numpy_helper.from_array(v, k) for k, v in held.items()])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_the_small_graph_itself_is_read(tmp_path):
    onnx.save_model(graph(), tmp_path / "f.onnx")
    assert exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out").agreement.largest_difference < 1e-5


@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3)])
def test_gates_in_another_order_are_noticed(op, gates, tmp_path, monkeypatch):
    words = {"linear_before_reset": 1} if op == "GRU" else {}
    onnx.save_model(graph(op, gates=gates, **words), tmp_path / "f.onnx")
    exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
    monkeypatch.setitem(format.ORDERS, op, format.ORDERS[op][::-1])
    with pytest.raises(BadFile, match="compute different outputs"):
        exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")


def second(name, *places):
    return helper.make_node(name, list(places), ["other"])


REFUSED = [
    (graph("RNN", gates=4), "input weights of layer 0 have shape [2, 12], expected [2, 3]"),
    (graph("GRU", gates=3), "its reset gate acts before the recurrent product, another cell than gru"),
    (graph(direction="reverse"), "LSTM has direction=reverse: it reads the sequence from its end"),
    (graph(direction="bidirectional"), "LSTM has direction=bidirectional: one half reads the sequence from its end"),
    (graph(clip=3.0), "LSTM has clip=3.0: it cuts off large sums"),
    (graph(input_forget=1), "LSTM has input_forget=1: its input and forget gate are one"),
    (graph(activations=["HardSigmoid", "Tanh", "Tanh"]), "its gates are hardsigmoid, expected sigmoid"),
    (graph(activations=["Sigmoid", "Tanh", "Relu"]), "LSTM has the functions sigmoid, tanh, relu, which no cell"),
    (graph("RNN", gates=1, activations=["Elu"]), "its rnn has elu, expected tanh (elman) or relu (irnn)"),
    (graph(more=["", "", "", "P"]), "LSTM has peepholes: its gates read the cell state"),
    (graph(more=["lens"]), "LSTM has sequence_lens: it stops early"),
    (graph(more=["", "ones"]), "LSTM has an initial_h that is not zero; a network of holdfast starts from zeros"),
    (
        graph(readout="Pow"),
        "its graph is not supported: LSTM, Squeeze, Pow; 'y' comes from Pow, which is no part of a network here",
    ),
    (
        graph(extra=[second("Tanh", "x")]),
        "LSTM, Squeeze, MatMul, Tanh; Tanh is on no path from the input to the output",
    ),
]


@pytest.mark.parametrize(("model", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_another_graph_is_refused_with_the_reason(model, reason, tmp_path):
    onnx.save_model(model, tmp_path / "f.onnx")
    with pytest.raises(BadFile, match=re.escape(reason)) as caught:
        exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
    assert str(caught.value).startswith(f"{tmp_path / 'f.onnx'} cannot be imported: ")
    assert not (tmp_path / "out").exists()


def test_an_initial_state_that_is_made_and_not_zero_shows_in_the_numbers(tmp_path):
    made = graph(more=["", "h0"], sizes=("t", 1, 2))
    shape = numpy_helper.from_array(np.array([1, 1, 3]), "shape")
    made.graph.initializer.append(shape)
    value = numpy_helper.from_array(np.ones(1, np.float32))
    made.graph.node.insert(0, helper.make_node("ConstantOfShape", ["shape"], ["h0"], value=value))
    onnx.save_model(made, tmp_path / "f.onnx")
    with pytest.raises(BadFile, match=r"onnxruntime .* and holdfast compute different outputs: .* apart at step 1,"):
        exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")


def test_a_graph_that_takes_its_state_is_refused(tmp_path):
    made = graph(more=["", "h0"])
    made.graph.input.append(helper.make_tensor_value_info("h0", 1, (1, "b", 3)))
    onnx.save_model(made, tmp_path / "f.onnx")
    with pytest.raises(BadFile, match="its graph takes x, h0 and gives y, expected one input and one output"):
        format.read(tmp_path / "f.onnx", None)


def test_the_last_cell_state_is_refused(tmp_path):
    made = graph()
    made.graph.node[0].output[:] = ["", "", "h4"]
    onnx.save_model(made, tmp_path / "f.onnx")
    with pytest.raises(BadFile, match="'h4' is another output of LSTM than Y or Y_h"):
        format.read(tmp_path / "f.onnx", None)


def test_the_last_hidden_state_is_read_and_compared_at_the_last_step(tmp_path):
    made = graph()
    made.graph.node[0].output[:] = ["", "h4"]
    made.graph.node[1].input[1] = "zero"
    made.graph.initializer.append(numpy_helper.from_array(np.array([0]), "zero"))
    del made.graph.output[0].type.tensor_type.shape.dim[0]
    onnx.save_model(made, tmp_path / "f.onnx")
    done = exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
    assert done.agreement.largest_difference < 1e-6


class Classifier(torch.nn.Module):
    """Symbols through an embedding, a GRU, outputs at the last step through a hidden layer."""

    def __init__(self):
        super().__init__()
        self.below = torch.nn.Embedding(5, 4)
        self.body = torch.nn.GRU(4, 3, batch_first=True)
        self.hidden, self.head = torch.nn.Linear(3, 6), torch.nn.Linear(6, 2)

    def forward(self, x):
        hidden = torch.relu(self.hidden(self.body(self.below(x))[0][:, -1]))
        return torch.softmax(self.head(hidden), -1)


def exported(module, x, file, dynamo, free=True):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            auto = torch.export.Dim.AUTO
            shapes = ({0: auto, 1: auto},) if free else None
            torch.onnx.export(module.eval(), (x,), file, dynamo=True, dynamic_shapes=shapes, verbose=False)
        else:
            axes = {"x": {0: "batch", 1: "time"}, "y": {0: "batch"}}
            names = {"input_names": ["x"], "output_names": ["y"]}
            torch.onnx.export(module.eval(), (x,), file, dynamo=False, dynamic_axes=axes, **names)


@pytest.mark.parametrize("dynamo", [False, True], ids=["script", "dynamo"])
def test_an_embedding_and_a_head_at_the_last_step_are_read(dynamo, tmp_path):
    torch.manual_seed(2)
    module, symbols = Classifier(), torch.randint(5, (3, 7))
    exported(module, symbols, tmp_path / "f.onnx", dynamo)
    done = exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
    assert (done.agreement.steps, done.agreement.largest_difference < 1e-6) == (32, True)
    network = format.read(tmp_path / "f.onnx", None)
    assert (network.cell_name, len(network.readout_maps), network.output_function) == ("gru", 2, "softmax")
    ours = unroll(network, jnp.eye(5)[symbols.numpy()])[0][:, -1]
    np.testing.assert_allclose(ours, module(symbols).detach(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "cell", "steps", "free"),
    [(torch.nn.LSTM, "lstm", 32, True), (torch.nn.RNN, "elman", 7, True), (torch.nn.RNN, "elman", 7, False)],
    ids=["LSTM", "RNN, a copy for every step", "RNN of one size"],
)
def test_what_pytorch_exports_with_dynamo_is_read(layer, cell, steps, free, tmp_path):
    torch.manual_seed(3)
    module, x = Foreign(layer, 2, True), torch.randn(3, 7, 2)
    exported(module, x, tmp_path / "f.onnx", True, free)
    done = exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
    assert done.converted.startswith(f"{cell}, 2 layers of 3 units")
    assert (done.agreement.steps, done.agreement.largest_difference < 1e-6) == (steps, True)
    ours = unroll(format.read(tmp_path / "f.onnx", None), jnp.asarray(x.numpy()))[0]
    np.testing.assert_allclose(ours, module(x).detach(), rtol=0, atol=1e-6)


def test_copies_for_every_step_with_different_weights_are_noticed(tmp_path):
    torch.manual_seed(3)
    exported(Foreign(torch.nn.RNN, 1, True), torch.randn(3, 7, 2), tmp_path / "f.onnx", True, False)
    made = onnx.load(tmp_path / "f.onnx")
    repeated = [node for node in made.graph.node if node.op_type == "MatMul"][2]
    held = {tensor.name: tensor for tensor in made.graph.initializer}
    assert list(held[repeated.input[1]].dims) == [3, 3]
    changed = numpy_helper.to_array(held[repeated.input[1]]) + np.float32(0.1)
    made.graph.initializer.append(numpy_helper.from_array(changed, "other"))
    repeated.input[1] = "other"
    onnx.save_model(made, tmp_path / "g.onnx")
    with pytest.raises(BadFile, match="compute different outputs"):
        exchange.import_(tmp_path / "g.onnx", "onnx", tmp_path / "out")


def of_keras(kind="LSTM", units=3):
    """The graph that tf2onnx writes for a Keras LSTM or GRU with return_sequences and a Dense(sigmoid): an initial
    state of the size of the batch, and Dense as a product of rows between two Reshapes. Built by hand in this form."""
    gates = {"LSTM": 4, "GRU": 3}[kind]
    random = np.random.default_rng(1)
    shapes = {"W": (1, gates * units, 2), "R": (1, gates * units, units), "B": (1, 2 * gates * units)}
    held = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    held |= {"kernel": random.normal(size=(units, 2)).astype(np.float32), "bias": np.array([0.2, -0.3], np.float32)}
    held |= {"0": np.array([0]), "1": np.array([1]), "2": np.array([2]), "units": np.array([units])}
    held |= {"rows": np.array([-1, units]), "outputs": np.array([2])}
    node, states = helper.make_node, ["state"] * (2 if kind == "LSTM" else 1)
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Slice", ["shape", "0", "1", "0"], ["batch"]),
        node("Concat", ["1", "batch", "units"], ["sizes"], axis=0),
        node("ConstantOfShape", ["sizes"], ["state"]),
        node("Transpose", ["x"], ["below"], perm=[1, 0, 2]),
        node(kind, ["below", "W", "R", "B", "", *states], ["Y"], hidden_size=units, **(
            {"linear_before_reset": 1} if kind == "GRU" else {})),
        node("Squeeze", ["Y", "1"], ["squeezed"]),
        node("Transpose", ["squeezed"], ["hidden"], perm=[1, 0, 2]),
        node("Shape", ["hidden"], ["hidden_shape"]),
        node("Slice", ["hidden_shape", "0", "2", "0"], ["leading"]),
        node("Reshape", ["hidden", "rows"], ["flat"]),
        node("MatMul", ["flat", "kernel"], ["product"]),
        node("Concat", ["leading", "outputs"], ["whole"], axis=0),
        node("Reshape", ["product", "whole"], ["tensordot"]),
        node("Add", ["tensordot", "bias"], ["added"]),
        node("Sigmoid", ["added"], ["y"]),
    ]  # fmt: skip
    x, y = (helper.make_tensor_value_info(n, 1, ("b", "t", 2)) for n in ("x", "y"))
    made = helper.make_graph(nodes, "tf2onnx", [x], [y], [numpy_helper.from_array(v, k) for k, v in held.items()])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_the_form_of_tf2onnx_is_read(kind, tmp_path):
    onnx.save_model(of_keras(kind), tmp_path / "f.onnx")
    done = exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
    assert done.agreement.largest_difference < 1e-6
    network = format.read(tmp_path / "f.onnx", None)
    assert (network.cell_name, network.output_function) == (kind.lower(), "sigmoid")


@pytest.mark.parametrize("content", [b"", b"\x00" * 50, b"not a graph at all", b"\xff" * 64])
def test_another_file_is_told(content, tmp_path):
    (tmp_path / "f.onnx").write_bytes(content)
    with pytest.raises(BadFile, match="it is not an ONNX model"):
        format.read(tmp_path / "f.onnx", None)


def test_a_file_cut_short_is_told(tmp_path):
    onnx.save_model(graph(), tmp_path / "f.onnx")
    content = (tmp_path / "f.onnx").read_bytes()
    for share in (0.1, 0.5, 0.95):
        (tmp_path / "f.onnx").write_bytes(content[: int(len(content) * share)])
        with pytest.raises(BadFile, match="cannot be imported: "):
            exchange.import_(tmp_path / "f.onnx", "onnx", tmp_path / "out")
