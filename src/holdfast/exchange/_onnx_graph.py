"""A recurrent network in an ONNX graph, found by following the path from its output back to its input.

Read backwards, the path is an optional Add, a MatMul, then an LSTM, GRU or RNN for every layer; between them a Squeeze
of the axis of directions, and a Transpose of time and batch. Nodes outside the path may only create the initial state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.core.errors import BadFile
from holdfast.core.results import some
from holdfast.exchange._onnx_file import array, check_sizes

RECURRENT = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}
"""The recurrent nodes and their default activation functions."""

BESIDE = {"Constant", "Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "ConstantOfShape", "Slice", "Expand", "Cast",
          "Identity", "Transpose"}  # fmt: skip
"""The nodes with which exporters create an initial state."""

FEWEST = {**dict.fromkeys(RECURRENT, 3), "MatMul": 2, "Add": 2, "Constant": 0}
"""The smallest number of inputs of a node; 1 for nodes that are not listed."""

WANTED = {
    "linear_before_reset": (1, "its reset gate acts before the recurrent product, another cell than gru"),
    "direction": ("forward", "it reads the sequence from its end"),
    "clip": (None, "it cuts off large sums"),
    "input_forget": (0, "its input and forget gate are one"),
    "layout": (0, "it has the batch first, which few runtimes can"),
    "activation_alpha": (None, "its functions have parameters"),
    "activation_beta": (None, "its functions have parameters"),
}
"""Attributes that change what a node computes: the expected value, and why other values are not supported."""

INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")


@dataclass(frozen=True)
class Graph:
    """A network in a graph: the kind of recurrent ``node`` and the ``activation`` of an RNN (otherwise ""), W, R and B
    of every layer, the lowest first, the read-out ``matrix`` [unit, output] and ``bias`` [output], the name of the
    input and its first two ``sizes`` (None: any), and whether time is the first axis of the input and of the output."""

    node: str
    activation: str
    layers: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]]
    matrix: np.ndarray
    bias: np.ndarray
    input: str
    sizes: tuple[int | None, int | None]
    time_first_in: bool
    time_first_out: bool
    metadata: dict[str, str]


def find(model: Any) -> Graph:
    """The network in ``model``. Raises ``BadFile`` if the graph has another form, with what was found."""
    walk = _Walk(model)
    walk.check_nodes()
    name, swapped_out = walk.skip(walk.output)
    name, bias = walk.bias(name)
    name, matrix = walk.matrix(name)
    name, swapped = walk.skip(name)
    swapped_out ^= swapped
    nodes, swaps = [], []
    while not nodes or name != walk.input:
        nodes.insert(0, walk.node(name, tuple(RECURRENT), "Y"))
        walk.check(nodes[0])
        name, swapped = walk.skip(nodes[0].input[0])
        swaps.insert(0, swapped)
    kinds = {(node.op_type, walk.activations(node)[-1] if node.op_type == "RNN" else "") for node in nodes}
    if len(kinds) != 1 or any(swaps[1:]):
        raise walk.unknown("expected nodes of one kind, each reading the one below")
    walk.check_beside()
    if matrix.ndim != 2:
        raise BadFile(f"its MatMul has a constant of shape {list(matrix.shape)}, expected [unit, output].")
    if bias is not None and bias.size not in (1, matrix.shape[1]):
        raise BadFile(
            f"its Add has a constant of {bias.size} numbers, expected {matrix.shape[1]}, one for each output."
        )
    ((node, activation),) = kinds
    return Graph(
        node=node,
        activation=activation,
        layers=[walk.weights(node) for node in nodes],
        matrix=matrix,
        bias=np.zeros_like(matrix[0]) if bias is None else np.broadcast_to(bias.ravel(), matrix.shape[1:]),
        input=walk.input,
        sizes=walk.sizes(),
        time_first_in=not swaps[0],  # the first axis of a recurrent node is time
        time_first_out=not swapped_out,
        metadata={prop.key: prop.value for prop in model.metadata_props},
    )


class _Walk:
    """The graph's nodes by the names of their outputs, and its constants."""

    def __init__(self, model: Any) -> None:
        self.graph = model.graph
        self.producers = {name: node for node in self.graph.node for name in node.output}
        self.initial = {t.name: array(t) for t in self.graph.initializer}
        self.initial |= {
            node.output[0]: array(a.t)
            for node in self.graph.node
            for a in node.attribute
            if node.op_type == "Constant" and a.name == "value" and a.HasField("t") and node.output
        }
        inputs = [i.name for i in self.graph.input if i.name not in self.initial]
        outputs = [o.name for o in self.graph.output]
        if len(inputs) != 1 or len(outputs) != 1:
            raise BadFile(
                f"its graph takes {', '.join(inputs) or 'nothing'} and gives {', '.join(outputs)}, expected one input "
                "and one output. A network of holdfast starts from zeros and returns only its read-out."
            )
        self.input, self.output = inputs[0], outputs[0]
        self.path: set[str] = set()

    def unknown(self, why: str) -> BadFile:
        found = [node.op_type for node in self.graph.node if node.op_type != "Constant"]
        return BadFile(f"its graph is not supported: {', '.join(some(found, 24)) or 'no nodes'}; {why}.")

    def check_nodes(self) -> None:
        """Raise ``BadFile`` if a node lacks inputs or outputs, or may create large arrays outside the path."""
        for node in self.graph.node:
            wanted = {**dict.fromkeys(RECURRENT, 3), "MatMul": 2, "Add": 2}.get(
                node.op_type, node.op_type in BESIDE - {"Constant"}
            )
            if node.domain not in ("", "ai.onnx"):
                raise self.unknown(f"{node.op_type} is of '{node.domain[:40]}', not ONNX's own")
            if len(node.input) < wanted or not node.output:
                raise self.unknown(f"a {node.op_type} has {len(node.input)} inputs and {len(node.output)} outputs")
        beside = [node for node in self.graph.node if node.op_type in BESIDE]
        (given,) = [i for i in self.graph.input if i.name == self.input]
        dims = [d.dim_value for d in given.type.tensor_type.shape.dim]
        if len(dims) != 3 or min(dims) < 0:
            raise self.unknown(f"its input has sizes {dims}, expected [batch, time, input]")
        check_sizes([node for node in beside if node.op_type != "Constant"], self.initial, dims[2])

    def node(self, name: str, kinds: tuple[str, ...], output: str = "output") -> Any:
        """The node of one of these kinds whose first output is ``name``."""
        node = self.producers.get(name)
        if node is None or node.op_type not in kinds:
            got = f"it comes from {node.op_type}" if node is not None else "it comes from no node"
            raise self.unknown(f"where {' or '.join(kinds)} should give '{name}', {got}")
        if node.output[0] != name:
            raise self.unknown(f"'{name}' is another output of {node.op_type} than {output}, its value at every step")
        if name in self.path:
            raise self.unknown(f"'{name}' is computed from itself")
        self.path.add(name)
        return node

    def constant(self, name: str) -> np.ndarray | None:
        """The value of the constant ``name``, also if it passes through Identity or Transpose; None if it is not a
        constant."""
        passed: list[Any] = []
        while name not in self.initial:
            node = self.producers.get(name)
            if node is None or node.op_type not in ("Identity", "Transpose") or len(passed) > len(self.producers):
                return None
            passed.append(node)
            name = node.input[0]
        value = self.initial[name]
        for node in reversed(passed):
            if node.op_type == "Transpose":
                perm = _attributes(node).get("perm", list(range(value.ndim))[::-1])
                if sorted(perm) != list(range(value.ndim)):
                    raise self.unknown(f"a Transpose has perm {perm} for {value.ndim} axes")
                value = value.transpose(perm)
        return value

    def bias(self, name: str) -> tuple[str, np.ndarray | None]:
        """The other input of an Add and its constant; ``name`` itself and None if there is no Add."""
        if name not in self.producers or self.producers[name].op_type != "Add":
            return name, None
        node = self.node(name, ("Add",))
        values = [self.constant(part) for part in node.input]
        if sum(value is not None for value in values) != 1:
            raise self.unknown("an Add should add one constant, the read-out's bias")
        return next((n, v) for n, v in zip(reversed(node.input), values, strict=True) if v is not None)

    def matrix(self, name: str) -> tuple[str, np.ndarray]:
        node = self.node(name, ("MatMul",))
        value = self.constant(node.input[1])
        if value is None:
            raise self.unknown("the right factor of its MatMul is no constant")
        return node.input[0], value

    def skip(self, name: str) -> tuple[str, bool]:
        """The name below nodes that only rearrange axes, and whether they swap time and batch."""
        swapped = False
        while name in self.producers and self.producers[name].op_type in ("Transpose", "Squeeze", "Identity"):
            node = self.node(name, ("Transpose", "Squeeze", "Identity"))
            attributes = _attributes(node)
            if node.op_type == "Transpose":
                if list(attributes.get("perm", ())) != [1, 0, 2]:
                    raise self.unknown(f"a Transpose has perm {attributes.get('perm')}, expected [1, 0, 2]")
                swapped = not swapped
            elif node.op_type == "Squeeze":
                given = self.constant(node.input[1]) if len(node.input) > 1 else attributes.get("axes", ())
                axes = [] if given is None else [int(axis) for axis in np.ravel(given)]
                if axes != [1]:
                    raise self.unknown(f"a Squeeze has axes {axes}, expected [1], the axis of directions")
            name = node.input[0]
        return name, swapped

    def check(self, node: Any) -> None:
        """Raise ``BadFile`` with every reason why a recurrent node is not supported."""
        attributes = _attributes(node)
        reasons = []
        for name, (wanted, why) in WANTED.items():
            absent = 0 if name == "linear_before_reset" else wanted
            if name == "linear_before_reset" and node.op_type != "GRU":
                continue
            if (got := attributes.get(name, absent)) != wanted:
                reasons.append(f"{node.op_type} has {name}={got}: {_both_ways(got) or why}")
        functions = self.activations(node)
        if functions != RECURRENT[node.op_type] and functions != ["relu"][: node.op_type == "RNN"]:
            reasons.append(f"{node.op_type} has the functions {', '.join(functions)}, which no cell of holdfast has")
        given = {place for place, name in zip(INPUTS, node.input, strict=False) if name}
        if "P" in given:
            reasons.append(
                f"{node.op_type} has peepholes: its gates read the cell state, and no cell for this format does"
            )
        if "sequence_lens" in given:
            reasons.append(f"{node.op_type} has sequence_lens: it stops early")
        for place, name in zip(INPUTS, node.input, strict=False):
            value = self.constant(name) if place.startswith("initial_") and name else None
            if value is not None and np.any(value):
                reasons.append(
                    f"{node.op_type} has an {place} that is not zero; a network of holdfast starts from zeros"
                )
        if reasons:
            raise BadFile("; ".join(reasons) + ".")

    def activations(self, node: Any) -> list[str]:
        given = _attributes(node).get("activations")
        return [name.lower() for name in given] if given else RECURRENT[node.op_type]

    def weights(self, node: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """W, R and B of a recurrent node; B is None if it is absent."""
        w, r, b = (self.constant(name) if name else None for name in [*node.input[1:4], ""][:3])
        if w is None or r is None or (b is None and any(node.input[3:4])):
            raise self.unknown(f"the weights of its {node.op_type} are no constants")
        shapes = [list(value.shape) for value in (w, r, b) if value is not None]
        if [len(shape) for shape in shapes] != [3, 3, 2][: len(shapes)] or any(shape[0] != 1 for shape in shapes):
            raise BadFile(f"the weights of its {node.op_type} have shapes {shapes}, expected one direction: [1, ...].")
        return w, r, b

    def check_beside(self) -> None:
        beside = [n.op_type for n in self.graph.node if n.output[0] not in self.path and n.op_type not in BESIDE]
        if beside:
            raise self.unknown(f"{', '.join(sorted(set(beside)))} is on no path from the input to the output")

    def sizes(self) -> tuple[int | None, int | None]:
        """The first two sizes of the input; None where any size is allowed."""
        (given,) = [i for i in self.graph.input if i.name == self.input]
        first, second, _ = [d.dim_value or None for d in given.type.tensor_type.shape.dim]
        return first, second


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(part) for part in value]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    try:
        return {a.name: text(helper.get_attribute_value(a)) for a in node.attribute}
    except ValueError as error:
        raise BadFile(f"an attribute of its {node.op_type} cannot be read: {error}.") from error


def _both_ways(got: Any) -> str:
    return "one half reads the sequence from its end, which no step can" if got == "bidirectional" else ""
