"""A network: layers of one cell, their weights by gate, and a read-out, linear or with hidden layers or an output
function. A pytree."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import alphabet
from holdfast.core.arrays import Array, Leaf, matrix_product
from holdfast.core.cell import CONSTANT, Cell, Map
from holdfast.core.errors import BadValue, refuse
from holdfast.engine.resolve import resolve

READOUT = "y"
"""The name of the read-out's only 'gate'."""
HIDDEN = "hidden"
"""The name of that of each of its hidden layers."""
EMBEDDED = "embedded"
"""The name of the embedding's."""
OUTPUT_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
    "log_softmax": jax.nn.log_softmax,
}
"""What may be applied to the outputs of a read-out, by name. Training does without: its losses read logits."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Linear:
    """A linear map with named outputs, one for each gate.

    ``matrix`` [source, column]: each gate has its columns, in the order of ``gates``. ``shapes`` has every gate's shape
    without the leading axes, where they are not vectors of one size; ``source_axes`` is how many axes of what is read
    are read. Nobody outside this class needs to know: ``of("forget")`` gives a gate's own matrix and bias, and
    ``gate_values(source)`` every gate in its own shape.
    Of a ``diagonal`` map ``matrix`` is [1, column]: every unit reads itself with one weight.
    """

    matrix: Leaf
    bias: Leaf
    gates: tuple[str, ...] = field(metadata={"static": True})
    diagonal: bool = field(default=False, metadata={"static": True})
    shapes: tuple[tuple[int, ...], ...] | None = field(default=None, metadata={"static": True})
    source_axes: int = field(default=1, metadata={"static": True})

    def __call__(self, source: Array) -> Array:
        """[..., source] to [..., column]: all gates in one product."""
        if self.source_axes != 1:
            source = source.reshape(*source.shape[: source.ndim - self.source_axes], -1)
        if self.matrix.shape[-2] == 0:
            source = source[..., :0]
        if self.diagonal:
            product = jnp.tile(source, len(self.gates)) * self.matrix[..., 0, :]
        else:
            product = matrix_product(source, self.matrix)
        return product if self.bias is None else product + self.bias

    def gate_values(self, source: Array) -> dict[str, Array]:
        """[..., source] to every gate by name, [..., *its shape]."""
        columns = self(source)
        if self.shapes is None:
            return dict(zip(self.gates, jnp.split(columns, len(self.gates), axis=-1), strict=True))
        return {
            gate: columns[..., self.columns(gate)].reshape(*columns.shape[:-1], *shape)
            for gate, shape in zip(self.gates, self.shapes, strict=True)
        }

    def dense(self) -> Linear:
        """The same map with a full matrix, zeros and all, in NumPy: JAX would flush subnormal weights, and round those
        of double precision wherever that is not switched on."""
        if not self.diagonal:
            return self
        eye = np.tile(np.eye(self.width(self.gates[0]), dtype=self.matrix.dtype), len(self.gates))
        return replace(self, matrix=eye * np.asarray(self.matrix), diagonal=False)

    @property
    def units(self) -> int:
        """The size of each gate, where all have one size."""
        return self.matrix.shape[-1] // len(self.gates)

    def shape(self, gate: str) -> tuple[int, ...]:
        """The shape of a gate, without the leading axes."""
        return (self.units,) if self.shapes is None else self.shapes[self.gates.index(gate)]

    def width(self, gate: str) -> int:
        """How many columns a gate has."""
        return prod(self.shape(gate))

    def columns(self, gate: str) -> slice:
        """Where a gate's outputs lie among the columns of ``matrix`` and in ``bias``."""
        start = sum(self.width(before) for before in self.gates[: self.gates.index(gate)])
        return slice(start, start + self.width(gate))

    def of(self, gate: str) -> tuple[Leaf, Leaf]:
        """The matrix [source, column of the gate] and the bias [column of the gate] (or None) of one gate."""
        columns = self.columns(gate)
        return self.matrix[..., columns], None if self.bias is None else self.bias[..., columns]

    def under(self, own: Mapping[str, str]) -> Linear:
        """The same map with the names that one cell of a stack has for its gates, by what the stack calls them."""
        return replace(self, gates=tuple(own.get(gate, f"another cell's {gate}") for gate in self.gates))

    def put(self, gate: str, matrix: Leaf = None, bias: Leaf = None) -> Linear:
        """The same map with one gate's matrix, or bias, or both, replaced."""
        columns = self.columns(gate)
        new = self
        if matrix is not None:
            new = replace(new, matrix=self.matrix.at[..., columns].set(matrix))
        if bias is not None:
            assert self.bias is not None, f"this map has no bias, so {gate} cannot be given one"
            new = replace(new, bias=self.bias.at[..., columns].set(bias))
        return new


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Perceptron:
    """A read-out that is not linear: relu of a linear map for each of ``hidden``, the lowest first, then ``last``, then
    ``function``, a name in ``OUTPUT_FUNCTIONS`` or "".

    It has no one ``matrix`` or ``bias``: asking for them raises ``BadValue``, in the words of a user's mistake.
    """

    hidden: tuple[Linear, ...]
    last: Linear
    function: str = field(default="", metadata={"static": True})

    def __call__(self, source: Array) -> Array:
        """[..., unit] to [..., output]."""
        for linear in self.hidden:
            source = alphabet.get("relu").numbers(linear(source))
        outputs = self.last(source)
        return OUTPUT_FUNCTIONS[self.function](outputs) if self.function else outputs

    @property
    def matrix(self) -> Leaf:
        raise self._has_no_matrix()

    @property
    def bias(self) -> Leaf:
        raise self._has_no_matrix()

    def _has_no_matrix(self) -> BadValue:
        has = f"hidden layers ({len(self.hidden)})" if self.hidden else f"the output function {self.function}"
        return BadValue(
            f"the read-out of this network has {has}, and what was asked for needs one matrix from the units to the "
            "outputs.",
            "Take a network with a linear read-out: --readout-hidden none.",
        )


Layer = Mapping[str, Linear]
"""The weights of one layer: a linear map for every source that the cell reads (``x``, ``h``, ...), and one of
``constant``, which reads nothing."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Network:
    """``layers[0]`` reads the input, every further layer the hidden state below it, ``readout`` the topmost.

    With an ``embedding``, a linear map from the inputs to as many values as there are units, ``layers[0]`` reads what
    that gives. ``cell_name`` is a cell, a block around one, ``prenorm(lstm)``, or several, ``stack(lstm,gru)``.

    Weights are shared by all steps, or every step has its own: those of ``layers`` then have a first axis, the step's.
    Step t of what is read uses those of step t, and there are no more than ``steps``. The units of a layer are divided
    among its ``heads``, where its cell has some.

    >>> net = create("lstm", inputs=1, units=2, outputs=1)
    >>> net.layers[0]["h"].of("forget")[0].shape
    (2, 2)
    """

    layers: tuple[Layer, ...]
    readout: Linear | Perceptron
    cell_name: str = field(metadata={"static": True})
    heads: int = field(default=1, metadata={"static": True})
    embedding: Linear | None = None

    @property
    def cell(self) -> Cell:
        return resolve(self.cell_name)

    @property
    def inputs(self) -> int:
        below = self.layers[0]["x"] if self.embedding is None else self.embedding
        return below.matrix.shape[-2]

    @property
    def readout_maps(self) -> tuple[Linear, ...]:
        """The linear maps of the read-out: those of its hidden layers from the lowest, then that to the outputs."""
        return (self.readout,) if isinstance(self.readout, Linear) else (*self.readout.hidden, self.readout.last)

    @property
    def output_function(self) -> str:
        """The name of what is applied to the outputs, in ``OUTPUT_FUNCTIONS``; "" where nothing is."""
        return "" if isinstance(self.readout, Linear) else self.readout.function

    def before_output_function(self) -> Network:
        """The network whose outputs are those to which the function is applied: the logits."""
        maps = [(linear.matrix, linear.bias) for linear in self.readout_maps]
        return replace(self, readout=read_out(maps)) if self.output_function else self

    @property
    def units(self) -> int:
        return self.readout_maps[0].matrix.shape[-2]

    @property
    def outputs(self) -> int:
        return self.readout_maps[-1].units

    @property
    def steps(self) -> int | None:
        """For how many steps there are weights, where every step has its own; None where all steps share one set."""
        matrix = self.layers[0]["x"].matrix
        return matrix.shape[0] if matrix.ndim > 2 else None

    @property
    def dtype(self) -> Any:
        return self.readout_maps[-1].matrix.dtype

    def embedded(self, x: Array) -> Array:
        """What the first layer reads: of inputs [..., input] their embedding [..., unit], of whole numbers [...] that
        of the symbols which they count from 0; the inputs themselves where there is no embedding."""
        if self.embedding is None:
            return x
        if not jnp.issubdtype(x.dtype, jnp.integer):
            return self.embedding(x)
        return self.embedding.matrix[x] + self.embedding.bias

    def above_embedding(self) -> Network:
        """The network that reads what ``embedded`` gives."""
        return self if self.embedding is None else replace(self, embedding=None)

    def along(self, time: int) -> tuple[Layer, ...] | None:
        """The weights of so many steps, leaves [time, ...], NaN past the last; None where all share one set."""
        if self.steps is None:
            return None

        def of_steps(a: Leaf) -> Leaf:
            past = jnp.full((max(0, time - len(a)), *a.shape[1:]), jnp.nan, a.dtype)
            return jnp.concatenate([a[:time], past]) if len(past) else a[:time]

        return jax.tree.map(of_steps, self.layers)

    def using(self, layers: tuple[Layer, ...] | None) -> Network:
        """The network of one step, with these of the weights ``along`` gave; the same one where it gave none."""
        return self if layers is None else replace(self, layers=layers)

    def at(self, step: int | Array) -> Network:
        """The network of one step; the same one where weights are shared."""
        return self if self.steps is None else self.using(jax.tree.map(lambda a: a[step], self.layers))

    def after(self, steps: int) -> Network:
        """The network that reads on where ``steps`` steps have been read: without their weights, where they had their
        own."""
        return self if self.steps is None else replace(self, layers=jax.tree.map(lambda a: a[steps:], self.layers))

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a state or gate of a layer, by name, without the batch."""
        return self.sizes(self.cell.axes_of(name))

    def sizes(self, axes: tuple[str, ...]) -> tuple[int, ...]:
        """The sizes of axes of its cell, by name."""
        return self.cell.sizes_of(axes, self.units, self.heads)

    @property
    def places(self) -> tuple[int, ...]:
        """The sizes of the axes that all states of a layer begin with: its units, or the heads of a matrix memory.
        What lies at one place of all states is changed together, by interventions say."""
        if not self.cell.states:
            return (self.units,)
        axes = zip(*(self.cell.axes_of(name) for name in self.cell.states), strict=False)
        shared = itertools.takewhile(lambda names: len(set(names)) == 1, axes)
        return self.shape(self.cell.states[0])[: len(list(shared))]

    @property
    def place_name(self) -> str:
        """What the places are called: unit, or head."""
        axes = self.cell.axes_of(self.cell.memory)[: len(self.places)]
        return axes[-1] if axes else "layer"

    def start(self, batch: int) -> tuple[Any, ...]:
        """The state before the first step: zeros [batch, *axes of the state], by name, for every layer."""
        zeros = {shape: jnp.zeros((batch, *shape), self.dtype) for shape in map(self.shape, self.cell.states)}
        return tuple(self.cell.state_type(*(zeros[self.shape(s)] for s in self.cell.states)) for _ in self.layers)


def refuse_separate_weights(network: Network, why: str) -> None:
    """Raise ``BadValue`` with ``why``, a clause, where every step has weights of its own."""
    if network.steps is not None:
        raise BadValue(
            f"this {network.cell_name} network has separate weights for every step, and {why}.",
            "Use a network whose steps share weights; 'holdfast test' evaluates this one.",
        )


def create(
    cell: str,
    inputs: int,
    units: int,
    outputs: int,
    layers: int = 1,
    dtype: Any = jnp.float32,
    steps: int | None = None,
    heads: int = 1,
    embedding: bool = False,
    readout_hidden: tuple[int, ...] = (),
) -> Network:
    """A network of zeros: the shape, before weights are drawn, written or read into it.

    ``cell`` is a name that ``resolve`` knows. ``steps``: so many steps have weights of their own; None: all share one
    set. ``embedding``: the inputs are embedded below the first layer. ``readout_hidden``: the units of each hidden
    layer of the read-out.
    Raises ``UnknownName`` for a cell that does not exist, ``BadValue`` where it cannot have so many heads, or inputs.
    """
    kind = resolve(cell)
    times = () if steps is None else (steps,)
    read = units if embedding else inputs
    mistakes = kind.mistakes(units, heads) + kind.input_mistakes(read, units)
    refuse(mistakes, f"invalid sizes of a network of {cell}")

    def zeros(*shape: int) -> Array:
        return jnp.asarray(np.zeros(shape), dtype)

    def layer(features: int) -> Layer:
        return {m.source: like(kind, m, features, units, heads, zeros, times) for m in kind.maps}

    stack = tuple(layer(read if depth == 0 else units) for depth in range(layers))
    sizes = (units, *readout_hidden, outputs)
    readout = read_out([(zeros(a, b), zeros(b)) for a, b in itertools.pairwise(sizes)])
    below = Linear(zeros(inputs, units), zeros(units), (EMBEDDED,)) if embedding else None
    return Network(stack, readout, cell, heads, below)


def read_out(maps: Sequence[tuple[Leaf, Leaf]], function: str = "") -> Linear | Perceptron:
    """The read-out of these maps, each a matrix [source, column] and a bias [column], the one to the outputs last, and
    of the output ``function`` of this name."""
    *hidden, last = maps
    above = tuple(Linear(*one, (HIDDEN,)) for one in hidden)
    linear = Linear(*last, (READOUT,))
    return Perceptron(above, linear, function) if above or function else linear


def like(
    cell: Cell,
    m: Map,
    inputs: int,
    units: int,
    heads: int,
    array: Callable[..., Leaf],
    times: tuple[int, ...] = (),
) -> Linear:
    """A map of a layer of these sizes, its matrix and bias made by ``array(*shape)``; ``times`` is () or (steps,)."""
    shapes = tuple(cell.shape(gate, units, heads) for gate in m.gates)
    columns = sum(map(prod, shapes))
    return Linear(
        array(*times, cell.rows(m, inputs, units, heads), columns),
        array(*times, columns) if m.bias else None,
        m.gates,
        m.diagonal,
        None if all(shape == (units,) for shape in shapes) else shapes,
        1 if m.source in ("x", CONSTANT) else len(cell.axes_of(m.source)),
    )
