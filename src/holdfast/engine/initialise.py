"""Initial weights, explicit and reported: a scheme by name, then changes on top of it, in the user's own text.

keras                       Glorot uniform inputs, orthogonal recurrence, zero biases, forget bias 1
pytorch                     everything uniform in +-1/sqrt(units); both of its biases where it has two
keras+forget=3              the bias of the gate that keeps (forget, or the GRU's update) set to 3
pytorch+orthogonal          the recurrent matrix of every gate orthogonal
keras+chrono=1000           time scales of up to 1000 steps (Tallec & Ollivier 2018, arXiv:1804.11188)
keras+chrono                the same with the task's own lag
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import initializers

from holdfast import cells
from holdfast.core.arrays import Array
from holdfast.core.cell import Cell
from holdfast.core.errors import BadValue
from holdfast.engine.network import Linear, Network, create

FRAMEWORKS = ("keras", "pytorch")


@dataclass(frozen=True)
class Initialisation:
    """What ``parse`` read: the framework's defaults, then what replaces them (None: nothing does)."""

    framework: str = "keras"
    orthogonal: bool = False
    forget: float | None = None
    chrono: float | None = None

    def __str__(self) -> str:
        parts = [self.framework]
        parts += ["orthogonal"] if self.orthogonal else []
        parts += [f"forget={self.forget:g}"] if self.forget is not None else []
        parts += [f"chrono={self.chrono:g}"] if self.chrono is not None else []
        return "+".join(parts)


def parse(text: str, cell: Cell, lag_steps: int) -> Initialisation:
    """``"keras+chrono"`` for this cell and lag. Raises ``BadValue`` with what is possible."""
    if text == "auto":
        text = "keras+chrono" if cell.keep else "keras"
    first, *changes = text.split("+")
    known = "auto, or keras or pytorch, then any of +orthogonal, +forget=NUMBER, +chrono or +chrono=STEPS"
    if first not in FRAMEWORKS:
        raise BadValue(f"--initialisation starts with '{first}', expected {known}.", "Try keras+chrono.")
    made = Initialisation(first)
    for change in changes:
        match = re.fullmatch(r"(orthogonal)|(chrono)(?:=(\d+(?:\.\d+)?))?|(forget)=([-+.\de]+)", change)
        if not match:
            raise BadValue(f"--initialisation has '+{change}', expected {known}.", "Try keras+chrono.")
        if match[1]:
            made = replace(made, orthogonal=True)
        elif match[2]:
            made = replace(made, chrono=max(2.0, float(match[3] or lag_steps)))
        else:
            made = replace(made, forget=_number(match[5]))
    if made.forget is not None and made.chrono is not None:
        raise BadValue("--initialisation has both forget and chrono, which set the same bias.", "Leave one out.")
    if (made.forget is not None or made.chrono is not None) and not cell.keep:
        raise BadValue(f"{cell.name} has no gate that keeps its state, so '{text}' has no bias to set.", "Try keras.")
    return made


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"--initialisation has forget={text}, expected a number.", "Try keras+forget=1.") from None


def build(
    cell: str,
    *,
    inputs: int,
    units: int,
    outputs: int,
    layers: int = 1,
    initialisation: str = "keras",
    lag_steps: int = 2,
    seed: int = 0,
    dtype: Any = jnp.float32,
) -> Network:
    """A network with random weights: the sizes in features and units, the scheme as text.

    Raises ``UnknownName`` or ``BadValue``.

    >>> build("gru", inputs=1, units=8, outputs=1, initialisation="pytorch").cell.gates
    ('reset', 'update', 'candidate')
    """
    how = parse(initialisation, cells.get(cell), lag_steps)
    return initialise(create(cell, inputs, units, outputs, layers, dtype), how, jax.random.key(seed))


def initialise(network: Network, how: Initialisation, key: Array) -> Network:
    """The same network with weights drawn by ``how``."""
    layers = []
    for depth, layer in enumerate(network.layers):
        of_layer = jax.random.fold_in(key, depth)
        maps = {s: _draw(m, how, network.units, s, jax.random.fold_in(of_layer, ord(s))) for s, m in layer.items()}
        layers.append(_time_scale(maps, network.cell, how, network.units, jax.random.fold_in(of_layer, 0)))
    readout = _draw(network.readout, how, network.units, "x", jax.random.fold_in(key, len(layers)))
    return replace(network, layers=tuple(layers), readout=readout)


def _draw(shape: Linear, how: Initialisation, units: int, source: str, key: Array) -> Linear:
    matrix_key, bias_key = jax.random.split(key)
    size, dtype = shape.matrix.shape, shape.matrix.dtype
    reach = 1 / math.sqrt(units)

    def uniform(key, size):
        return jax.random.uniform(key, size, dtype, -reach, reach)

    if source == "h" and (how.orthogonal or how.framework == "keras"):
        # Keras draws all gates side by side as one matrix with orthogonal rows; "orthogonal" makes each gate's own so.
        side_by_side = initializers.orthogonal()
        keys = jax.random.split(matrix_key, len(shape.gates))
        each = [initializers.orthogonal()(k, (size[0], shape.units), dtype) for k in keys]
        matrix = jnp.concatenate(each, 1) if how.orthogonal else side_by_side(matrix_key, size, dtype)
    elif how.framework == "keras":
        matrix = initializers.glorot_uniform()(matrix_key, size, dtype)
    else:
        matrix = uniform(matrix_key, size)
    if shape.bias is None or how.framework == "keras":
        return replace(shape, matrix=matrix)
    return replace(shape, matrix=matrix, bias=uniform(bias_key, shape.bias.shape))


def _time_scale(maps: dict[str, Linear], cell: Cell, how: Initialisation, units: int, key: Array) -> dict[str, Linear]:
    # Keras's default forget bias of 1 is for the LSTM's forget gate; its GRU starts at 0.
    forget = 1.0 if how.forget is None and how.framework == "keras" and cell.keep == "forget" else how.forget
    x, dtype = maps["x"], maps["x"].matrix.dtype
    if how.chrono is not None:
        scale = jnp.log(jax.random.uniform(key, (units,), dtype, 1, max(how.chrono - 1, 1 + 1e-6)))
        x = x.put(cell.keep, bias=scale)
        if cell.write:
            x = x.put(cell.write, bias=-scale)
    elif cell.keep and forget is not None:
        x = x.put(cell.keep, bias=jnp.full(units, forget, dtype))
    return {**maps, "x": x}
