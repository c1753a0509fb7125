"""A recurrent network in an ONNX graph, found by following the path from its output back to its input.

The path consists of the parts of a chain (linear maps, recurrent layers, functions, an embedding) and of nodes that
only arrange axes. Nodes outside the path may only create the initial state, or the shape of a Reshape. Which axis is
time follows from the Transposes; the comparison of outputs in ``_verify.py`` decides whether the chain is right.

The RNN of PyTorch's exporter is not a node but a copy of its operations for every step (``_onnx_unrolled.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.core.errors import BadFile
from holdfast.core.results import some
from holdfast.exchange._chain import ChainPart, DensePart, FunctionPart, RecurrentPart
from holdfast.exchange._onnx_file import array, check_sizes
from holdfast.exchange._onnx_unrolled import unrolled_layer
from holdfast.exchange._standard import FusedLayer

if TYPE_CHECKING:
    from onnx import ModelProto

ORDERS = {
    "LSTM": ("input", "output", "forget", "candidate"),
    "GRU": ("update", "reset", "candidate"),
    "RNN": ("candidate",),
}
"""The order of the gates in ``W`` [1, gates * units, source]."""
DEFAULT = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}
"""The default functions of the recurrent nodes."""

ARRANGING = ("Identity", "Squeeze", "Unsqueeze", "Reshape", "Cast", "Dropout")
FUNCTIONS = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softmax": "softmax", "LogSoftmax": "log_softmax"}

BESIDE = {"Constant", "Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "ConstantOfShape", "Slice", "Expand", "Cast",
          "Identity", "Transpose", "Mul", "Reshape"}  # fmt: skip
"""The nodes with which exporters create an initial state or a shape."""

FEWEST = {**dict.fromkeys(ORDERS, 3), "MatMul": 2, "Add": 2, "Gemm": 2, "Gather": 2, "Mul": 2, "Constant": 0}
"""The smallest number of inputs of a node; 1 for nodes that are not listed."""

WANTED = {
    "direction": ("forward", "it reads the sequence from its end"),
    "clip": (None, "it cuts off large sums"),
    "input_forget": (0, "its input and forget gate are one"),
    "activation_alpha": (None, "its functions have parameters"),
    "activation_beta": (None, "its functions have parameters"),
}
"""Attributes that change what a node computes: the expected value, and why other values are not supported."""

INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")


@dataclass(frozen=True)
class Graph:
    """A network in a graph.

    ``parts``: the lowest first. ``sizes``: the first two of the ``input``, None for any. ``symbols``: it reads symbols
    [batch, time]. ``last``: its output is that of the last step only. ``time_first_in``, ``time_first_out``: time is
    the first axis of the input, of the output. ``batch_first_node``: a recurrent node has the batch first.
    """

    parts: list[ChainPart]
    input: str
    sizes: tuple[int | None, int | None]
    symbols: bool
    last: bool
    time_first_in: bool
    time_first_out: bool
    batch_first_node: bool
    metadata: dict[str, str]

    @property
    def layers(self) -> list[RecurrentPart]:
        return [part for part in self.parts if isinstance(part, RecurrentPart)]


def find(model: ModelProto) -> Graph:
    """The network in ``model``. Raises ``BadFile`` if the graph has another form, with what was found."""
    walk = _Walk(model)
    walk.check_nodes()
    while walk.name != walk.input:
        walk.step_down()
    if not walk.layers:
        raise walk.unknown("it has no recurrent layer")
    walk.check_beside()
    first, second = walk.sizes()
    if walk.unrolled_steps is not None:
        first, second = (walk.unrolled_steps, second) if walk.time_first else (first, walk.unrolled_steps)
    return Graph(
        parts=walk.parts[::-1],
        input=walk.input,
        sizes=(first, second),
        symbols=walk.symbols,
        last=walk.last,
        time_first_in=walk.time_first,
        time_first_out=walk.time_first_out,
        batch_first_node=walk.batch_first_node,
        metadata={prop.key: prop.value for prop in model.metadata_props},
    )


class _Walk:
    """The position on the path from the output to the input, and what was found so far, the highest part first.

    ``time_first``: whether time is the first axis of the array ``name``, as far as this is known.
    """

    def __init__(self, model: Any) -> None:
        self.graph = model.graph
        self.producers = {name: node for node in self.graph.node for name in node.output if name}
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
        self.input, self.name = inputs[0], outputs[0]
        self.path: set[str] = set()
        self.parts: list[ChainPart] = []
        self.bias: np.ndarray | None = None
        self.layers = 0
        self.unrolled_steps: int | None = None
        self.symbols = self.last = self.swapped = self.batch_first_node = False
        self.time_first = self.time_first_out = False

    def step_down(self) -> None:
        """Follow the path through one node, and take its part."""
        node = self.node(self.name)
        op, attributes = node.op_type, attributes_of(node)
        if self.bias is not None and op not in (*ARRANGING, "MatMul"):
            raise self.unknown("an Add should add a constant to the result of a MatMul")
        if op in ORDERS:
            self.take_layer(node, attributes)
        elif op == "Concat":
            self.take_unrolled(node)
        elif op == "Transpose":
            perm = list(attributes.get("perm", ()))
            if perm not in ([1, 0, 2], [0, 2, 1, 3]):
                raise self.unknown(f"a Transpose has perm {perm}, expected [1, 0, 2]")
            self.swapped ^= perm == [1, 0, 2]
            self.time_first ^= perm == [1, 0, 2]
            self.name = node.input[0]
        elif op in ("Add", "MatMul", "Gemm"):
            self.take_map(node, attributes)
        elif op in FUNCTIONS:
            self.parts.append(FunctionPart(FUNCTIONS[op]))
            self.name = node.input[0]
        elif op in ("Gather", "Slice"):
            self.take_choice(node)
        elif op in ARRANGING:
            self.name = node.input[0]
        else:
            raise self.unknown(f"'{self.name[:40]}' comes from {op}, which is no part of a network here")

    def take_layer(self, node: Any, attributes: dict[str, Any]) -> None:
        self.check(node)
        if self.name != node.output[0]:
            if len(node.output) < 2 or self.name != node.output[1] or self.layers:
                raise self.unknown(f"'{self.name[:40]}' is another output of {node.op_type} than Y or Y_h")
            self.last = True
        time_first = attributes.get("layout", 0) == 0  # the first axis of a recurrent node is time
        self.meet_layer(time_first)
        self.batch_first_node |= not time_first
        w, r, b = self.weights(node)
        both = np.zeros(2 * r.shape[1], r.dtype) if b is None else b[0]
        half = len(both) // 2
        functions = [name.lower() for name in attributes.get("activations") or DEFAULT[node.op_type]]
        gate, activation = (functions[0], functions[-1]) if node.op_type != "RNN" else ("sigmoid", functions[0])
        if node.op_type == "LSTM" and len(set(functions[1:])) > 1:
            raise BadFile(f"LSTM has the functions {', '.join(functions)}, which no cell of holdfast has.")
        self.parts.append(
            RecurrentPart(
                node.op_type.lower(),
                ORDERS[node.op_type],
                FusedLayer(w[0].T, r[0].T, both[:half], both[half:]),
                activation,
                gate,
                reset_after=node.op_type != "GRU" or attributes.get("linear_before_reset", 0) == 1,
            )
        )
        self.name = node.input[0]

    def meet_layer(self, time_first: bool) -> None:
        """Note where time is above and below a recurrent layer."""
        if not self.layers:
            self.time_first_out = time_first ^ self.swapped
        elif self.time_first != time_first:
            raise self.unknown("a recurrent layer reads time where the layer below has the batch")
        self.layers += 1
        self.time_first = time_first

    def take_unrolled(self, node: Any) -> None:
        found = unrolled_layer(node, self.producers, self.constant)
        if found is None:
            raise self.unknown(f"'{self.name[:40]}' comes from Concat, which is no part of a network here")
        self.meet_layer(True)
        weights, activation, steps, self.name, passed = found
        self.path |= passed
        self.unrolled_steps = steps
        self.parts.append(RecurrentPart("rnn", ORDERS["RNN"], weights, activation))

    def take_map(self, node: Any, attributes: dict[str, Any]) -> None:
        """The constants of an Add, MatMul or Gemm."""
        values = [self.constant(name) for name in node.input[:2]]
        if node.op_type == "Add":
            if sum(value is not None for value in values) != 1:
                raise self.unknown("an Add should add one constant, the bias of a map")
            self.name, self.bias = next(
                (n, v) for n, v in zip(reversed(node.input), values, strict=True) if v is not None
            )
            return
        matrix, bias = values[1], self.bias
        if values[0] is not None or matrix is None:
            raise self.unknown(f"a {node.op_type} should multiply with one constant matrix, on its right")
        if node.op_type == "Gemm":
            if attributes.get("transA", 0) or attributes.get("alpha", 1.0) != 1 or attributes.get("beta", 1.0) != 1:
                raise self.unknown("a Gemm has transA, alpha or beta")
            matrix = matrix.T if attributes.get("transB", 0) else matrix
            bias = self.constant(node.input[2]) if any(node.input[2:]) else None
            if bias is None and any(node.input[2:]):
                raise self.unknown("a Gemm should add a constant")
        if matrix.ndim != 2:
            raise BadFile(f"its {node.op_type} has a constant of shape {list(matrix.shape)}, expected [unit, output].")
        if bias is not None and bias.size not in (1, matrix.shape[1]):
            raise BadFile(
                f"its Add has a constant of {bias.size} numbers, expected {matrix.shape[1]}, one for each output."
            )
        bias = np.zeros_like(matrix[0]) if bias is None else np.broadcast_to(bias.ravel(), matrix.shape[1:])
        self.parts.append(DensePart(matrix, bias))
        self.name, self.bias = node.input[0], None

    def take_choice(self, node: Any) -> None:
        """A Gather or Slice: an embedding, if it takes rows of a constant; otherwise the choice of the last step."""
        table = self.constant(node.input[0])
        if node.op_type == "Gather" and table is not None:
            if table.ndim != 2 or not self.layers:
                raise self.unknown("a Gather takes from a constant that is no embedding below the recurrent layers")
            self.parts.append(DensePart(table, np.zeros_like(table[0])))
            self.symbols, self.name = True, node.input[1]
            return
        if self.layers or len(node.input) < 2 or self.constant(node.input[1]) is None:
            raise self.unknown(f"a {node.op_type} is no choice of the last step")
        self.last, self.name = True, node.input[0]

    def unknown(self, why: str) -> BadFile:
        found = [node.op_type for node in self.graph.node if node.op_type != "Constant"]
        return BadFile(f"its graph is not supported: {', '.join(some(found, 24)) or 'no nodes'}; {why}.")

    def check_nodes(self) -> None:
        """Raise ``BadFile`` if a node lacks inputs or outputs, or may create large arrays outside the path."""
        for node in self.graph.node:
            wanted = FEWEST.get(node.op_type, node.op_type in {*BESIDE, *ARRANGING, *FUNCTIONS})
            if node.domain not in ("", "ai.onnx"):
                raise self.unknown(f"{node.op_type} is of '{node.domain[:40]}', not ONNX's own")
            if len(node.input) < wanted or not node.output:
                raise self.unknown(f"a {node.op_type} has {len(node.input)} inputs and {len(node.output)} outputs")
        beside = [node for node in self.graph.node if node.op_type in BESIDE]
        (given,) = [i for i in self.graph.input if i.name == self.input]
        dims = [d.dim_value for d in given.type.tensor_type.shape.dim]
        if len(dims) not in (2, 3) or min(dims) < 0:
            raise self.unknown(f"its input has sizes {dims}, expected [batch, time, input]")
        check_sizes([node for node in beside if node.op_type != "Constant"], self.initial, max(dims[2:], default=1))

    def node(self, name: str) -> Any:
        """The node that computes ``name``, noted as a part of the path."""
        node = self.producers.get(name)
        if node is None:
            raise self.unknown(f"'{name[:40]}' comes from no node")
        if name in self.path:
            raise self.unknown(f"'{name[:40]}' is computed from itself")
        self.path |= {output for output in node.output if output}
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
                perm = attributes_of(node).get("perm", list(range(value.ndim))[::-1])
                if sorted(perm) != list(range(value.ndim)):
                    raise self.unknown(f"a Transpose has perm {perm} for {value.ndim} axes")
                value = value.transpose(perm)
        return value

    def check(self, node: Any) -> None:
        """Raise ``BadFile`` with every reason why a recurrent node is not supported."""
        attributes = attributes_of(node)
        reasons = []
        for name, (wanted, why) in WANTED.items():
            if (got := attributes.get(name, wanted)) != wanted:
                reasons.append(f"{node.op_type} has {name}={got}: {_both_ways(got) or why}")
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
        beside = [n.op_type for n in self.graph.node if not self.path & set(n.output) and n.op_type not in BESIDE]
        if beside:
            raise self.unknown(f"{', '.join(sorted(set(beside)))} is on no path from the input to the output")

    def sizes(self) -> tuple[int | None, int | None]:
        """The first two sizes of the input; None where any size is allowed."""
        (given,) = [i for i in self.graph.input if i.name == self.input]
        first, second, *_ = [d.dim_value or None for d in given.type.tensor_type.shape.dim]
        return first, second


def attributes_of(node: Any) -> dict[str, Any]:
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
