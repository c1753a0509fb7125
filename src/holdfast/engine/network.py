"""A network, as a pytree: layers of one cell, their weights by gate, and a read-out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from holdfast import alphabet
from holdfast.core.arrays import Array, Leaf, PerLayer, as_array
from holdfast.core.cell import CONSTANT, Cell, Map
from holdfast.core.errors import BadValue, refuse
from holdfast.core.typed_jax import full, tree_map, zeros
from holdfast.engine.equality import EqualByValue
from holdfast.engine.linear import Linear
from holdfast.engine.readings.record import Unsupported, record
from holdfast.engine.resolve import resolve

READOUT = "y"
"""The name of the only gate of the read-out's linear map."""
HIDDEN = "hidden"
"""The name of the only gate of a hidden layer of the read-out."""
EMBEDDED = "embedded"
"""The name of the only gate of the embedding."""
OUTPUT_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
    "log_softmax": jax.nn.log_softmax,
}
"""What may be applied to the outputs of a read-out, by name. Training does without: its losses read logits."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class Perceptron(EqualByValue):
    """A read-out that is not linear: relu of each linear map in ``hidden``, the lowest first, then the map ``last``,
    then ``function``, a name in ``OUTPUT_FUNCTIONS`` or "".

    It has no single ``matrix`` or ``bias``: reading these attributes raises ``BadValue``.
    """

    hidden: tuple[Linear, ...]
    last: Linear
    function: str = field(default="", metadata={"static": True})

    def __repr__(self) -> str:
        return f"Perceptron({', '.join(map(repr, (*self.hidden, self.last)))})"

    def __call__(self, source: Array) -> Array:
        """Map [..., unit] to [..., output]."""
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
"""The weights of one layer: a linear map for every source that the cell reads (``x``, ``h``, ...). The source
``constant`` reads nothing: its map is a bias."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class Network(EqualByValue):
    """A network: ``layers[0]`` reads the input, every further layer the output of the layer below, and ``readout`` the
    output of the top layer.

    An ``embedding`` is a linear map from the inputs to the units; ``layers[0]`` then reads its result. ``cell_name`` is
    a cell, a block around a cell such as ``prenorm(lstm)``, or around several, such as ``stack(lstm,gru)``.

    All steps share their weights, or every step has separate weights. Separate weights have a leading axis for the
    step: step t of a sequence uses the weights of step t, and a sequence has at most ``steps`` steps. If the cell has
    heads, the units of a layer are divided among its ``heads``.

    >>> net = create("lstm", inputs=1, units=2, outputs=1)
    >>> net.layers[0]["h"].of("forget")[0].shape
    (2, 2)
    """

    layers: tuple[Layer, ...]
    readout: Linear | Perceptron
    cell_name: str = field(metadata={"static": True})
    heads: int = field(default=1, metadata={"static": True})
    embedding: Linear | None = None

    def __repr__(self) -> str:
        deep = f", layers={len(self.layers)}" if len(self.layers) > 1 else ""
        own = f", steps={self.steps}" if self.steps is not None else ""
        sizes = f"inputs={self.inputs}, units={self.units}, outputs={self.outputs}"
        return f"Network({self.cell_name!r}, {sizes}{deep}{own}, dtype={self.dtype})"

    def _repr_html_(self) -> str:
        """The sizes and a table of the weights, for notebooks."""
        from holdfast.engine.weights_table import weights_table

        return weights_table(self)

    @property
    def cell(self) -> Cell:
        return resolve(self.cell_name)

    @property
    def inputs(self) -> int:
        below = self.layers[0]["x"] if self.embedding is None else self.embedding
        return below.matrix.shape[-2]

    @property
    def readout_maps(self) -> tuple[Linear, ...]:
        """The linear maps of the read-out: those of its hidden layers, the lowest first, then the map to the
        outputs."""
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
        """The number of steps with separate weights; None if all steps share their weights."""
        matrix = self.layers[0]["x"].matrix
        return matrix.shape[0] if matrix.ndim > 2 else None

    @property
    def dtype(self) -> np.dtype:
        return self.readout_maps[-1].matrix.dtype

    def embedded(self, x: Array) -> Array:
        """The values that the first layer reads. With an embedding: the embedding [..., unit] of inputs [..., input],
        or of whole-number symbols [...], counted from 0. Without one: the inputs themselves."""
        if self.embedding is None:
            return x
        if not jnp.issubdtype(x.dtype, jnp.integer):
            return self.embedding(x)
        return self.embedding.matrix[x] + self.embedding.bias

    def above_embedding(self) -> Network:
        """The network without its embedding, which reads the result of ``embedded``."""
        return self if self.embedding is None else replace(self, embedding=None)

    def along(self, time: int) -> tuple[Layer, ...] | None:
        """The weights of the first ``time`` steps, leaves [time, ...], with NaN past the last step; None if all steps
        share their weights."""
        if self.steps is None:
            return None

        def of_steps(a: Leaf) -> Leaf:
            past = full((max(0, time - len(a)), *a.shape[1:]), jnp.nan, a.dtype)
            return jnp.concatenate([a[:time], past]) if len(past) else a[:time]

        return tree_map(of_steps, self.layers)

    def using(self, layers: tuple[Layer, ...] | None) -> Network:
        """The network of one step, with one step of the weights from ``along``; this network if ``layers`` is None."""
        return self if layers is None else replace(self, layers=layers)

    def at(self, step: int | Array) -> Network:
        """The network of one step; this network if all steps share their weights."""
        return self if self.steps is None else self.using(tree_map(lambda a: a[step], self.layers))

    def after(self, steps: int) -> Network:
        """The network for the rest of a sequence after its first ``steps`` steps: separate weights of these steps are
        dropped."""
        return self if self.steps is None else replace(self, layers=tree_map(lambda a: a[steps:], self.layers))

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a state or gate of a layer, by name, without the batch axis."""
        return self.sizes(self.cell.axes_of(name))

    def sizes(self, axes: tuple[str, ...]) -> tuple[int, ...]:
        """The sizes of these axes of the cell, given by name."""
        return self.cell.sizes_of(axes, self.units, self.heads)

    @property
    def places(self) -> tuple[int, ...]:
        """The sizes of the axes of a place, at which an intervention changes all states together: those of the output,
        if all states have them; otherwise that of the first axis, the units or the heads of a matrix memory, if all
        states share it."""
        if not self.cell.states:
            return (self.units,)
        axes = {self.cell.axes_of(name) for name in self.cell.states}
        with suppress(Unsupported):  # of a step that cannot be recorded only the states are known
            if axes == {record(self.cell).output.axes}:
                return self.shape(self.cell.states[0])
        first = {of_state[:1] for of_state in axes}
        return self.sizes(*first) if len(first) == 1 else ()

    @property
    def place_name(self) -> str:
        """The name of a place: unit or head."""
        axes = self.cell.axes_of(self.cell.memory)[: len(self.places)]
        return axes[-1] if axes else "layer"

    def start(self, batch: int) -> PerLayer:
        """The state before the first step: for every layer, zeros [batch, *axes of the state] by name."""
        known = {shape: zeros((batch, *shape), self.dtype) for shape in map(self.shape, self.cell.states)}
        return tuple(self.cell.state_type(*(known[self.shape(s)] for s in self.cell.states)) for _ in self.layers)


def refuse_separate_weights(network: Network, why: str) -> None:
    """Raise ``BadValue`` with the clause ``why`` if every step has separate weights."""
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
    dtype: DTypeLike = jnp.float32,
    steps: int | None = None,
    heads: int = 1,
    embedding: bool = False,
    readout_hidden: tuple[int, ...] = (),
) -> Network:
    """A network with all weights 0, whose weights are then drawn, constructed or read from a file.

    ``cell`` is a name that ``resolve`` accepts. ``steps``: separate weights for this many steps; None: all steps share
    their weights. ``embedding``: an embedding below the first layer. ``readout_hidden``: the units of each hidden layer
    of the read-out.
    Raises ``UnknownName`` for a cell that does not exist, and ``BadValue`` for sizes that the cell does not allow.
    """
    kind = resolve(cell)
    times = () if steps is None else (steps,)
    read = units if embedding else inputs
    mistakes = kind.mistakes(units, heads) + kind.input_mistakes(read, units)
    refuse(mistakes, f"invalid sizes of a network of {cell}")

    def empty(*shape: int) -> Array:
        return as_array(np.zeros(shape, dtype))

    def layer(features: int) -> Layer:
        return {m.source: like(kind, m, features, units, heads, empty, times) for m in kind.maps}

    stack = tuple(layer(read if depth == 0 else units) for depth in range(layers))
    sizes = (units, *readout_hidden, outputs)
    readout = read_out([(empty(a, b), empty(b)) for a, b in itertools.pairwise(sizes)])
    below = Linear(empty(inputs, units), empty(units), (EMBEDDED,)) if embedding else None
    return Network(stack, readout, cell, heads, below)


def read_out(maps: Sequence[tuple[Leaf, Leaf]], function: str = "") -> Linear | Perceptron:
    """The read-out with these ``maps``, (matrix [source, column], bias [column]), the one to the outputs last."""
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
    """A map of a layer with these sizes. ``array(*shape)`` makes its matrix and bias; ``times`` is () or (steps,)."""
    shapes = tuple(cell.shape(gate, units, heads) for gate in m.gates)
    columns = sum(map(prod, shapes))
    return Linear(
        array(*times, cell.rows(m, inputs, units, heads), columns),
        array(*times, columns) if m.bias else None,
        m.gates,
        m.diagonal,
        None if all(shape == (units,) for shape in shapes) else shapes,
        1 if m.source in ("x", CONSTANT) else len(cell.axes_of(m.source)),
        heads if m.per_head else 1,
    )
