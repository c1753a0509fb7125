"""Initial weights: the defaults of a framework by name, then changes to them, in one text.

keras                       Glorot uniform inputs, orthogonal recurrence, zero biases, forget bias 1
pytorch                     all weights and biases uniform in +-1/sqrt(units); a gate has two biases, as in PyTorch
keras+forget=3              the bias of the gate that keeps (forget, or the GRU's update) set to 3
pytorch+orthogonal          the recurrent matrix of every gate orthogonal
keras+identity              the recurrent matrix is the identity, for a cell with a single gate (Le et al. 2015,
                            arXiv:1504.00941)
keras+chrono=1000           time scales of up to 1000 steps (Tallec & Ollivier 2018, arXiv:1804.11188)
keras+chrono                the same with the lag of the task
auto                        keras+chrono if the cell has a gate that keeps, keras+identity if the cell asks for
                            it (irnn), else keras

Maps that neither framework has: in ``keras``, a map of c is drawn like the recurrent map of h, and a map inside the
step like the input map. Peepholes (one weight for every unit) start at 0, so that the cell starts like the one without
them. The maps of a block and the embedding are drawn like the input map. With separate weights for every step, each
step's are drawn independently from the same distribution. In a stack, each cell is drawn like a layer of that cell;
changes that do not apply to a cell are ignored for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import DTypeLike

from holdfast import cells
from holdfast.core.arrays import Array, as_array
from holdfast.core.cell import CONSTANT, Cell, Initialise, Part
from holdfast.core.errors import BadValue
from holdfast.core.typed_jax import tree_map
from holdfast.engine.network import Layer, Linear, Network, create, read_out
from holdfast.engine.resolve import resolve

FRAMEWORKS = ("keras", "pytorch")
RECURRENT = ("h", "c")
"""The sources that come from the previous step: maps from these are recurrent."""
OWN = ("x", "h", "c", "k", CONSTANT)
"""The sources of the cells' own maps. Only these have two biases in PyTorch; the maps of blocks have one."""
EXAMPLES = {"forget": 1, "chrono": 100}


@dataclass(frozen=True)
class Initialisation:
    """A parsed initialisation: the framework whose defaults apply, and the changes to them (None: no change)."""

    framework: str = "keras"
    orthogonal: bool = False
    identity: bool = False
    forget: float | None = None
    chrono: float | None = None

    def __str__(self) -> str:
        parts = [self.framework]
        parts += ["orthogonal"] if self.orthogonal else []
        parts += ["identity"] if self.identity else []
        parts += [f"forget={_exact(self.forget)}"] if self.forget is not None else []
        parts += [f"chrono={_exact(self.chrono)}"] if self.chrono is not None else []
        return "+".join(parts)


def parse(text: str, cell: Cell, lag_steps: int) -> Initialisation:
    """Parse a text such as ``"keras+chrono"`` for this cell and a lag in steps. Raises ``BadValue`` with the accepted
    values."""
    if text == "auto":
        text = "keras"
        text += "+chrono" if any(one.keep for one in cell.innermost) else ""
        text += "+identity" if _all_ask_for_identity(cell) else ""
    first, *changes = text.split("+")
    known = "auto, or keras or pytorch, then any of +orthogonal, +identity, +forget=NUMBER, +chrono or +chrono=STEPS"
    if first not in FRAMEWORKS:
        raise BadValue(f"--initialisation starts with '{first}', expected {known}.", "Try keras+chrono.")
    made = Initialisation(first)
    for change in changes:
        match = re.fullmatch(r"(orthogonal|identity)|(chrono)(?:=(\d+(?:\.\d+)?))?|(forget)=([-+.\de]+)", change)
        if not match:
            raise BadValue(f"--initialisation has '+{change}', expected {known}.", "Try keras+chrono.")
        if match[1]:
            made = replace(made, **{match[1]: True})
        elif match[2]:
            made = replace(made, chrono=max(2.0, _number("chrono", match[3] or str(lag_steps))))
        else:
            made = replace(made, forget=_number("forget", match[5]))
    if made.forget is not None and made.chrono is not None:
        raise BadValue("--initialisation has both forget and chrono, which set the same bias.", "Leave one out.")
    if (made.forget is not None or made.chrono is not None) and not any(one.keep for one in cell.innermost):
        raise BadValue(f"{cell.name} has no forget gate, so '{text}' has no bias to set.", "Try keras.")
    if made.identity and made.orthogonal:
        raise BadValue(
            "--initialisation has both orthogonal and identity, which set the same matrix.", "Leave one out."
        )
    whys = [f"{one.name} {why}" for one in cell.innermost if (why := _why_no_identity(one))]
    if made.identity and len(whys) == len(cell.innermost):
        raise BadValue(f"{'; '.join(whys)}, so '{text}' has no effect.", "Try keras.")
    return made


def _all_ask_for_identity(cell: Cell) -> bool:
    """Whether there is a cell with a single gate, and all such cells ask for identity initialisation."""
    able = [one for one in cell.innermost if not _why_no_identity(one)]
    return bool(able) and all(one.identity for one in able)


def _why_no_identity(cell: Cell) -> str:
    if not any(m.source == "h" for m in cell.maps):
        return "has no recurrent matrix"
    # With several gates, an identity matrix would not carry the state on: each unit would only gate itself.
    return f"has {len(cell.gates)} gates, and the identity is for a cell with one" if len(cell.gates) > 1 else ""


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadValue(f"--initialisation has {name}={text}, expected a number.", f"Try keras+{name}={EXAMPLES[name]}.")
    return value


def _exact(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def build(
    cell: str | cells.Definition,
    *,
    inputs: int,
    units: int,
    outputs: int,
    layers: int = 1,
    initialisation: str = "keras",
    lag_steps: int = 2,
    seed: int | Array = 0,
    dtype: DTypeLike = jnp.float32,
    steps: int | None = None,
    heads: int = 1,
    embedding: bool = False,
    readout_hidden: tuple[int, ...] = (),
) -> Network:
    """A network with random weights. ``cell`` is a name, or a cell without a file, which is registered.
    ``initialisation`` is a text as in this module's docstring; ``lag_steps`` is the time scale of ``chrono``.
    ``steps``: separate weights for this many steps (None: shared weights). ``embedding``: one below the first layer.
    ``readout_hidden``: the units of each hidden layer of the read-out. ``seed`` may be traced, inside ``jit`` or
    ``vmap``: the weights are the same.

    Raises ``UnknownName`` for an unknown cell, and ``BadValue`` for sizes or an initialisation that do not fit it.

    >>> build("gru", inputs=1, units=8, outputs=1, initialisation="pytorch").cell.gates
    ('reset', 'update', 'candidate')
    """
    cell = cells.named(cell)
    how = parse(initialisation, resolve(cell), lag_steps)
    with jax.ensure_compile_time_eval():  # inside jit too, weights are drawn in NumPy
        empty = create(cell, inputs, units, outputs, layers, dtype, steps, heads, embedding, readout_hidden)
        if not _is_traced(seed):
            return initialise(empty, how, jax.random.key(seed))
    numbers = jax.random.key_data(jax.random.key(seed))
    shapes = tree_map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), empty)

    def outside(numbers: Array) -> Network:
        return tree_map(np.asarray, drawn(empty, how, np.asarray(numbers).tolist()))

    return jax.pure_callback(outside, shapes, numbers, vmap_method="sequential")


def _is_traced(seed: int | Array) -> bool:
    return isinstance(seed, Tracer)


def initialise(network: Network, how: Initialisation, key: Array) -> Network:
    """The same network with weights drawn as ``how`` says. NumPy draws them, so that nothing has to be compiled."""
    return drawn(network, how, np.asarray(jax.random.key_data(key)).tolist())


def drawn(network: Network, how: Initialisation, seed: Sequence[int]) -> Network:
    """``initialise`` with the words of the key."""
    dtype, units = network.dtype, network.units

    def generator(*place: int) -> np.random.Generator:
        return np.random.default_rng([*seed, *place])

    def of_cell(cell: Cell, layer: Layer, *place: int) -> Layer:
        """The maps of one cell with drawn weights; a stack is drawn cell by cell. ``place`` is the path to the cell."""
        # PyTorch has two biases for every gate. Where a cell here has one, it starts as the sum of the two.
        biases = 2 if "h" in layer and layer["h"].bias is None else 1

        here = _meant_for(cell, how)

        def draw(s: str, m: Linear) -> Linear:
            random = generator(*place, int.from_bytes(s.encode()))
            return _draw(m, here, units, s, dtype, random, biases if s in OWN else 1)

        maps = {s: draw(s, m) for s, m in layer.items()}
        for number, part in enumerate(cell.parts):
            maps |= _outside(part, maps, of_cell(part.cell, _inside(part, layer), *place, number))
        if cell.initialise is not None:
            maps = _own(cell.initialise, maps, dtype, generator(*place, 1))
        return maps if cell.parts else _time_scale(maps, cell, here, dtype, generator(*place, 0))

    layers = [of_cell(network.cell, layer, depth) for depth, layer in enumerate(network.layers)]
    *hidden, last = network.readout_maps
    drawn_hidden = [
        _draw(m, how, m.matrix.shape[-2], "y", dtype, generator(len(layers) + 2 + n)) for n, m in enumerate(hidden)
    ]
    drawn_last = _draw(last, how, last.matrix.shape[-2], "y", dtype, generator(len(layers)))
    readout = read_out([(m.matrix, m.bias) for m in (*drawn_hidden, drawn_last)])
    below = network.embedding
    if below is not None:
        below = _draw(below, how, units, "x", dtype, generator(len(layers) + 1))
    return replace(network, layers=tuple(layers), readout=readout, embedding=below)


def _meant_for(cell: Cell, how: Initialisation) -> Initialisation:
    """The initialisation without the changes that do not apply to this cell: in a stack they are for other cells."""
    if not cell.keep:
        how = replace(how, forget=None, chrono=None)
    return replace(how, identity=how.identity and not _why_no_identity(cell))


def _inside(part: Part, layer: Layer) -> Layer:
    """The maps of one cell of a stack, with the cell's own names for sources and gates."""
    own = {part.names[gate]: gate for gate in part.cell.gates}
    return {m.source: layer[part.names[m.source]].under(own) for m in part.cell.maps}


def _outside(part: Part, layer: Layer, drawn: Layer) -> Layer:
    """The maps of a stack with the weights of one cell, ``drawn``, put in their place."""
    found: dict[str, Linear] = {}
    for m in part.cell.maps:
        linear = layer[part.names[m.source]]
        for gate in m.gates:
            linear = linear.put(part.names[gate], *drawn[m.source].of(gate))
        found[part.names[m.source]] = linear
    return found


def _draw(
    shape: Linear,
    how: Initialisation,
    units: int,
    source: str,
    dtype: np.dtype,
    random: np.random.Generator,
    biases: int = 1,
) -> Linear:
    if shape.matrix.ndim > 2:
        one = tree_map(lambda a: a[0], shape)
        drawn = [_draw(one, how, units, source, dtype, random, biases) for _ in range(shape.matrix.shape[0])]
        return tree_map(lambda *steps: jnp.stack(steps), *drawn)
    if shape.heads > 1:
        width = shape.matrix.shape[-1] // shape.heads
        none = None if shape.bias is None else shape.bias[:width]
        one = replace(shape, matrix=shape.matrix[:, :width], bias=none, heads=1, shapes=None)
        return _of_heads(shape, [_draw(one, how, units, source, dtype, random, biases) for _ in range(shape.heads)])
    rows: int
    columns: int
    rows, columns = shape.matrix.shape
    reach = 1 / math.sqrt(units)
    if shape.diagonal and how.framework == "keras":
        matrix = np.zeros((rows, columns))
    elif source == "h" and how.identity:
        matrix = np.eye(rows, columns)
    elif source in RECURRENT and how.orthogonal and not shape.diagonal:
        matrix = np.concatenate([_orthogonal(random, rows, shape.width(gate)) for gate in shape.gates], 1)
    elif source in RECURRENT and how.framework == "keras":
        # Keras draws all gates side by side as one matrix with orthonormal rows; "+orthogonal" draws each gate's own.
        matrix = _orthogonal(random, rows, columns)
    else:
        limit = math.sqrt(6 / (rows + columns)) if how.framework == "keras" else reach
        matrix = random.uniform(-limit, limit, (rows, columns))
    bias = shape.bias
    if bias is not None and how.framework == "pytorch":
        bias = as_array(sum(random.uniform(-reach, reach, columns) for _ in range(biases)), dtype)
    return replace(shape, matrix=as_array(matrix, dtype), bias=bias)


def _of_heads(shape: Linear, drawn: Sequence[Linear]) -> Linear:
    """The map in which every head has the weights that were drawn for it."""

    def joined(leaves: Sequence[Array]) -> Array:
        """[..., gate, head, column] of one array [..., gate and column] for each head."""
        parts = [np.asarray(leaf).reshape(*leaf.shape[:-1], len(shape.gates), 1, -1) for leaf in leaves]
        return as_array(np.concatenate(parts, -2).reshape(*leaves[0].shape[:-1], -1))

    bias = None if shape.bias is None else joined([one.bias for one in drawn])
    return replace(shape, matrix=joined([one.matrix for one in drawn]), bias=bias)


def _own(initialise: Initialise, maps: Layer, dtype: np.dtype, random: np.random.Generator) -> dict[str, Linear]:
    """The weights after the cell's own ``initialise``, applied to each step separately if steps have separate
    weights. It gets arrays of NumPy."""
    drawn = tree_map(np.asarray, dict(maps))
    matrix = next(iter(maps.values())).matrix
    if matrix.ndim == 2:
        return tree_map(lambda leaf: as_array(leaf, dtype), dict(initialise(drawn, random)))
    steps = [dict(initialise(tree_map(itemgetter(t), drawn), random)) for t in range(matrix.shape[0])]
    return tree_map(lambda *leaves: as_array(np.stack(leaves), dtype), *steps)


def _orthogonal(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A uniform draw from the matrices with orthonormal rows, or columns if there are fewer columns (Saxe et al.
    2013)."""
    tall = random.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


def _time_scale(
    maps: Layer, cell: Cell, how: Initialisation, dtype: np.dtype, random: np.random.Generator
) -> dict[str, Linear]:
    """The maps with the biases that ``how`` asks for in the gate that keeps and in the gate that writes."""
    # Keras's default forget bias of 1 is for the LSTM's forget gate; its GRU starts at 0.
    forget = 1.0 if how.forget is None and how.framework == "keras" and cell.keep == "forget" else how.forget
    wanted: Mapping[str, float | np.ndarray] = {}
    if how.chrono is not None:
        width = next(m.width(cell.keep) for m in maps.values() if cell.keep in m.gates)
        scale = np.log(random.uniform(1, max(how.chrono - 1, 1), width))
        wanted = {cell.keep: scale} | ({cell.write: -scale} if cell.write else {})
    elif cell.keep and forget is not None:
        wanted = {cell.keep: forget}

    first: dict[str, str] = {}
    for source in sorted(maps, key=lambda source: source != "x"):
        for gate in maps[source].gates if maps[source].bias is not None else ():
            first.setdefault(gate, source)

    def changed(source: str, linear: Linear) -> Linear:
        if linear.bias is None or not wanted:
            return linear
        bias = np.array(linear.bias)
        for gate in wanted.keys() & set(linear.gates):
            value = wanted[gate]
            # If a gate has two biases, their sum has this value.
            bias[..., linear.columns(gate)] = value if source == first[gate] else 0.0
        return replace(linear, bias=as_array(bias, dtype))

    return {source: changed(source, linear) for source, linear in maps.items()}
