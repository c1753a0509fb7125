"""What the contestants of ``today.py`` share: a layer of given sizes, the same numbers for all, and its arithmetic.

Everyone computes the same function of the same numbers: the output of one layer at every step, read out to one number,
times a fixed random cotangent, summed; and its gradient with respect to every weight of the layer, but not to the
inputs. The cells are those of their papers as ``holdfast`` has them, without the blocks that surround them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from recurrence import Size

STATE = 16
"""The states of every unit of ``mamba``."""
GATES = {
    "mamba": ("step", "input", "output", "value"),
    "lru": ("real", "imaginary", "output"),
    "mingru": ("update", "candidate"),
    "deltanet": ("strength", "query", "key", "value"),
    "gla": ("decay", "query", "key", "value"),
    "mlstm": ("input", "forget", "query", "key", "value", "output"),
    "slstm": ("input", "forget", "candidate", "output"),
}
"""What the linear map of the input computes, in the order of its columns."""
OF_STATE, OF_HEAD = ("mamba input", "mamba output"), ("deltanet strength", "mlstm input", "mlstm forget")
"""Those of the gates that have one number for every state, or for every head; the others have one for every unit."""
CENTRES = {"mamba step": -4.0, "mingru update": 1.0, "mlstm forget": 3.0, "slstm forget": 1.0}
"""Biases that are not about 0: time constants as in a network that has been initialised for this cell."""
MATRIX = ("deltanet", "gla", "mlstm")
"""The cells whose state is a matrix [value, key] for every head."""


@dataclass(frozen=True)
class Layer(Size):
    """A size with the number of heads, among which the units are divided."""

    heads: int = 1

    @property
    def per_head(self) -> int:
        return self.units // self.heads


def layer(text: str) -> Layer:
    """``1x8x512x64x64x4``: networks x batch x steps x inputs x units x heads."""
    return Layer(*(int(n) for n in text.split("x")))


def widths(cell: str, of: Layer) -> list[int]:
    """The columns of every gate."""

    def width(gate: str) -> int:
        name = f"{cell} {gate}"
        return STATE if name in OF_STATE else of.heads if name in OF_HEAD else of.units

    return [width(gate) for gate in GATES[cell]]


def ends(cell: str, of: Layer) -> list[int]:
    """Where the columns of a gate end and those of the next begin."""
    return [int(n) for n in np.cumsum(widths(cell, of))[:-1]]


def numbers(cell: str, of: Layer) -> dict[str, np.ndarray]:
    """Weights, inputs and cotangent, networks first.

    x [network, input, column], bias [network, column], readout [network, unit, 1], inputs [network, batch, time,
    input], cotangent [network, batch, time, 1]. Of ``mamba`` constant [network, (unit, state) + unit]: the logarithm of
    the decay, and the skip; of ``lru`` constant [network, 3 * unit]: radius, angle and scale, re and im [network, unit,
    unit]; of ``slstm`` h [network, unit of a head, (gate, head, unit of the head)].
    """
    rng = np.random.default_rng(0)

    def uniform(bound: float, *shape: int) -> np.ndarray:
        return rng.uniform(-bound, bound, (of.networks, *shape)).astype(np.float32)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal((of.networks, of.batch, of.steps, *shape), dtype=np.float32)

    columns, bound = sum(widths(cell, of)), of.inputs**-0.5
    centre = np.repeat([CENTRES.get(f"{cell} {gate}", 0.0) for gate in GATES[cell]], widths(cell, of))
    found = {
        "x": uniform(bound, of.inputs, columns),
        "bias": uniform(bound, columns) + centre.astype(np.float32),
        "readout": uniform(of.units**-0.5, of.units, 1),
        "inputs": normal(of.inputs),
        "cotangent": normal(1),
    }
    if cell == "mamba":
        decay = np.tile(np.log(np.arange(1, STATE + 1)), of.units)
        found["constant"] = _repeated(of, decay, np.ones(of.units))
    if cell == "lru":
        radius = np.sqrt(rng.uniform(0.9**2, 0.999**2, of.units))
        angle = rng.uniform(0.01, np.pi / 10, of.units)
        found["constant"] = _repeated(of, np.log(-np.log(radius)), np.log(angle), np.log(1 - radius**2) / 2)
        found |= {part: uniform(of.units**-0.5, of.units, of.units) for part in ("re", "im")}
    if cell == "slstm":
        found["h"] = uniform(of.per_head**-0.5, of.per_head, columns)
    return found


def _repeated(of: Layer, *parts: np.ndarray) -> np.ndarray:
    whole = np.concatenate(parts).astype(np.float32)
    return np.broadcast_to(whole, (of.networks, len(whole))).copy()


WEIGHTS = ("x", "bias", "constant", "re", "im", "h")
"""The names of ``numbers`` whose gradients are computed, as far as the cell has them."""


@dataclass(frozen=True)
class Arithmetic:
    """What one gradient takes at least: floating-point operations of the linear maps and of the step itself, and bytes
    read and written."""

    maps: float
    step: float
    bytes: float

    @property
    def operations(self) -> float:
        return self.maps + self.step


ELEMENTWISE = {"lru": 8, "mingru": 3, "slstm": 20}
"""Operations of the forward step for every unit; a function such as exp counts as one."""
OF_A_STATE = {"mamba": 7, "deltanet": 6, "gla": 5, "mlstm": 5}
"""The same for every number of the state: of ``mamba`` the product with A, its exp, the product with h, the two
products and the sum that write, and two that read; of a matrix the products S k, S q, their outer products, decays."""


def arithmetic(cell: str, of: Layer) -> Arithmetic:
    """The floor of one gradient in float32.

    Linear maps: 2 operations for each weight, forward and for the gradient of the weights, and where the source has a
    gradient (maps of the state) a third time. The step: forward, and twice as much backward. Bytes: the inputs are read
    twice; the gates of all steps are written and read, and so are their gradients, since the linear maps of all steps
    are one product; so is the output. Nothing else is: a state can be computed again.
    """
    columns, units = sum(widths(cell, of)), of.units
    of_input = 2 * 2 * of.inputs * columns
    rows = {"lru": 2 * units * units, "slstm": of.per_head * columns}.get(cell, 0)
    states = units * (STATE if cell == "mamba" else of.per_head)
    step = ELEMENTWISE[cell] * units if cell in ELEMENTWISE else OF_A_STATE[cell] * states
    moved = 4 * (2 * of.inputs + 4 * columns + 4 * units)
    steps = of.sequence_steps
    return Arithmetic(steps * (of_input + 3 * 2 * rows), steps * 3 * step, steps * moved)


def kept_at_borders(cell: str, of: Layer, chunk: int) -> int:
    """Bytes of the matrices between chunks of so many steps, in float32; 0 for a cell without one."""
    matrices = -(-of.steps // chunk) * of.networks * of.batch * of.heads
    return 4 * matrices * of.per_head**2 if cell in MATRIX else 0


def kept_of_gates(cell: str, of: Layer) -> int:
    """Bytes of the outputs of the linear map and of the layer at every step, which the backward pass reads."""
    return 4 * of.sequence_steps * (sum(widths(cell, of)) + of.units)


def split(cell: str, of: Layer, columns: Any) -> list[Any]:
    """The gates of an array [..., column] of any framework, in their order."""
    return [columns[..., a:b] for a, b in pairwise([0, *ends(cell, of), sum(widths(cell, of))])]
