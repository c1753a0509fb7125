"""Attacks on ONNX files: bytes, tensors, attributes, edges; cycles, deep graphs, weights outside, initial states."""

from __future__ import annotations

import contextlib
import itertools
import random
from typing import Any

from attacks import mutations


def mutated(random: random.Random, content: bytes) -> bytes:
    if random.random() < 0.3:
        return mutations.of_bytes(random, content)
    import onnx

    model = onnx.load_model_from_string(content)
    for _ in range(random.choice((1, 1, 1, 2))):
        with contextlib.suppress(IndexError):  # the first mutation left nothing of the kind that the second changes
            random.choice(ACTS)(random, model)
    return model.SerializeToString()


def _tensor(random: random.Random, model: Any) -> None:
    tensor = random.choice(model.graph.initializer)
    act = random.randrange(6)
    if act == 0 and tensor.dims:
        tensor.dims[random.randrange(len(tensor.dims))] = random.choice((-1, 0, 1, 2, 10**6, 2**40, 2**62, -(2**62)))
    elif act == 1:
        tensor.data_type = random.choice((0, 1, 2, 6, 7, 8, 10, 11, 14, 16, 17, 22, 99, -1))
    elif act == 2:
        tensor.raw_data = random.choice(
            (b"", tensor.raw_data[:-1], tensor.raw_data * 2, b"\xff" * len(tensor.raw_data))
        )
    elif act == 3:
        tensor.name = random.choice(("", "inputs", "outputs", "x" * 10**5, *(t.name for t in model.graph.initializer)))
    elif act == 4:
        del tensor.dims[:]
        tensor.dims.extend([1] * random.choice((0, 1, 5, 3000)))
    else:
        tensor.float_data.extend([1.0] * random.choice((1, 100)))


def _outside(random: random.Random, model: Any) -> None:
    tensor = random.choice(model.graph.initializer)
    tensor.data_location = 1
    tensor.raw_data = b""
    words = {"location": random.choice(("/etc/passwd", "../x", "..", ".", "", "a/../../b", "case", "\x00", "\\\\h\\s"))}
    if random.random() < 0.7:
        words["offset"] = random.choice(("-1", "-9223372036854775808", "0", "8", "99999999999999999999", "x", ""))
    if random.random() < 0.7:
        words["length"] = random.choice(("-1", "0", "4", "1099511627776", "x", ""))
    for key, value in words.items():
        tensor.external_data.add(key=key, value=value)


def _edge(random: random.Random, model: Any) -> None:
    names = [name for node in model.graph.node for name in (*node.input, *node.output)]
    node = random.choice(model.graph.node)
    side = random.choice((node.input, node.output))
    act = random.randrange(3)
    if act == 0 and side:
        side[random.randrange(len(side))] = random.choice((*names, "", "nowhere"))
    elif act == 1 and side:
        del side[random.randrange(len(side)) :]
    else:
        side.append(random.choice(names))


def _word(random: random.Random, model: Any) -> None:
    from onnx import helper

    node = random.choice(model.graph.node)
    act = random.randrange(4)
    if act == 0:
        node.op_type = random.choice(
            ("LSTM", "GRU", "RNN", "Identity", "If", "Loop", "Scan", "MatMul", "", "Pow", "Add")
        )
    elif act == 1:
        node.domain = random.choice(("", "ai.onnx", "com.microsoft", "x"))
    elif act == 2 and node.attribute:
        attribute = random.choice(node.attribute)
        attribute.type = random.randrange(0, 15)
    else:
        name = random.choice(("perm", "hidden_size", "activations", "direction", "axes", "clip", "linear_before_reset"))
        value = random.choice((0, 1, -1, 2**40, 1.5, "x", [1, 0, 2], [0, 0, 0], [-1, 5], ["Tanh"], ["x"] * 3, b"\xff"))
        for attribute in [a for a in node.attribute if a.name == name]:
            node.attribute.remove(attribute)
        node.attribute.append(helper.make_attribute(name, value))


def _deep(random: random.Random, model: Any) -> None:
    """3000 nodes in a row, in a ring, or 90 graphs in one another (the format's own limit is 100)."""
    from onnx import helper

    node, act = random.choice(model.graph.node), random.randrange(3)
    if act < 2 and node.input:
        place = random.randrange(len(node.input))
        first = node.input[place]
        names = [first if act == 0 else "deep3000", *(f"deep{n}" for n in range(1, 3001))]
        chain = [helper.make_node("Identity", [a], [b]) for a, b in itertools.pairwise(names)]
        node.input[place] = "deep3000"
        rest = [*chain, *model.graph.node]
        del model.graph.node[:]
        model.graph.node.extend(rest)
        return
    inner = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [], [])
    for _ in range(20):
        inner = helper.make_graph(
            [helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)][:1], "g", [], []
        )
        if inner.ByteSize() > 10**6:
            break
    model.graph.node.append(helper.make_node("If", ["inputs"], ["z"], then_branch=inner))


def _large(random: random.Random, model: Any) -> None:
    """An initial state of any size, made beside the path."""
    import numpy as np
    from onnx import helper, numpy_helper

    recurrent = next(node for node in model.graph.node if node.op_type in ("LSTM", "GRU", "RNN"))
    size = random.choice((3, 1000, 10**6, 2**31, 2**40))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, size, 3], np.int64), "large_shape"))
    nodes = [helper.make_node("ConstantOfShape", ["large_shape"], ["large0"])]
    for n in range(random.choice((0, 1, 30))):
        nodes.append(helper.make_node("Concat", [f"large{n}", f"large{n}"], [f"large{n + 1}"], axis=1))
    while len(recurrent.input) < 5:
        recurrent.input.append("")
    recurrent.input.append(nodes[-1].output[0])
    rest = [*nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(rest)


def _frame(random: random.Random, model: Any) -> None:
    """What stands around the nodes: inputs, outputs, versions, functions, metadata."""
    act = random.randrange(6)
    if act == 0:
        dim = random.choice(random.choice((model.graph.input, model.graph.output))[0].type.tensor_type.shape.dim)
        dim.dim_value = random.choice((-1, 0, 1, 10**6, 2**40))
    elif act == 1:
        del random.choice((model.graph.input, model.graph.output, model.graph.initializer, model.opset_import))[:]
    elif act == 2:
        model.opset_import[0].version = random.choice((-1, 0, 1, 6, 7, 13, 99, 2**40))
    elif act == 3:
        model.functions.add(name="LSTM", domain="")
    elif act == 4:
        model.metadata_props.add(key="cell", value=random.choice(("lstm", "x", "", "elman", "\x00")))
    else:
        model.ir_version = random.choice((-1, 0, 1, 3, 99, 2**40))


ACTS = (_tensor, _tensor, _outside, _edge, _edge, _word, _word, _deep, _large, _frame)
