"""What one step of a whole network makes of a small change of its state: computed once, for all diagnostics.

The *whole state* s is every state of every layer side by side. A step is s_t = F(s_{t-1}, x_t); here is its derivative
by s_{t-1} at every step of a few rows, in float64 whatever the network's own format. Products of them are the state's
derivatives through time: d s_T / d s_t = F'_T ... F'_{t+1}. In padding F is the identity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.network import Network
from holdfast.engine.traced import network_program
from holdfast.explanation.dynamics import in_float64, jacobian, shapes
from holdfast.models.levels import Stepped

ROWS = 4
NUMBERS = 2**24
"""At most so many numbers of d s_t / d s_{t-1} are kept (128 MiB): long sequences get fewer rows, and no fewer than
one; where one row has more, only its last steps are looked at."""
CHUNK = 64
"""Steps that are differentiated side by side: it bounds memory and changes no number."""


@dataclass(frozen=True)
class Jacobians:
    """``rows`` of the subject that were looked at, from step ``first`` (counted from 0) to its last.

    ``state`` [row, time, S, S] = d s_t / d s_{t-1}; ``places[0, "c"]`` is where in s the state c of layer 0 lies.
    """

    rows: tuple[int, ...]
    first: int
    state: np.ndarray
    places: dict[tuple[int, str], slice] = field(hash=False)

    @property
    def steps(self) -> int:
        return self.state.shape[1]

    @property
    def size(self) -> int:
        """How many numbers the whole state has."""
        return self.state.shape[2]


def jacobians(
    network: Stepped, before: tuple[dict[str, np.ndarray], ...], inputs: np.ndarray, present: np.ndarray
) -> Jacobians:
    """The derivatives at the states [batch, time, component] ``before`` each step, on the first rows."""
    places, size, steps = {}, 0, inputs.shape[1]
    for layer, states in enumerate(shapes(network)):
        for name, shape in states.items():
            places[layer, name] = slice(size, size := size + math.prod(shape))
    rows = max(1, min(ROWS, len(inputs), NUMBERS // max(1, steps * size**2)))
    kept = steps if rows > 1 else min(steps, max(1, NUMBERS // max(1, size**2)))
    window = np.s_[:rows, steps - kept :]
    state = np.zeros((rows, kept, size, size))
    if size:
        whole = np.concatenate([before[layer][name][window] for layer, name in places], -1)
        with jax.enable_x64(True):
            at = np.broadcast_to(np.arange(steps - kept, steps), (rows, kept))
            points = (a.reshape(rows * kept, *a.shape[2:]) for a in (whole, inputs[window], present[window], at))
            found = _differentiate(in_float64(network), *points)
            state = np.asarray(found).reshape(state.shape)
    return Jacobians(tuple(range(rows)), steps - kept, state, places)


def _differentiated(network: Stepped, whole: Array, inputs: Array, present: Array, at: Array) -> Array:
    """d s/d s of every step [step, S, S]."""

    def each(point: tuple[Array, Array, Array, Array]) -> Array:
        s, x, here, step = point
        now = network.at(step) if isinstance(network, Network) else network
        return jnp.where(here, jacobian(now, s, x), jnp.eye(len(s)))

    return jax.lax.map(each, (whole, inputs, present, at), batch_size=CHUNK)


_differentiate = network_program(_differentiated)
