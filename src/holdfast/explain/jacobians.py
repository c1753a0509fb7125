"""What one step of a whole network makes of a small change of its state or input: computed once, for all diagnostics.

The *whole state* s is every state of every layer side by side. A step is s_t = F(s_{t-1}, x_t), y_t = G(s_{t-1}, x_t);
here are its four derivatives at every step of a few rows, in float64 whatever the network's own format.
Products of them are gradients through time: d s_T / d s_t = F'_T ... F'_{t+1}. In padding F is the identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.network import Network
from holdfast.engine.unroll import advance

ROWS = 4
NUMBERS = 2**24
"""At most so many numbers of d s_t / d s_{t-1} are kept (128 MiB): long sequences get fewer rows, and no fewer than
one; where one row has more, only its last steps are looked at."""
CHUNK = 64
"""Steps that are differentiated side by side: it bounds memory and changes no number."""


@dataclass(frozen=True)
class Jacobians:
    """``rows`` of the subject that were looked at, from step ``first`` (counted from 0) to its last.

    ``state`` [row, time, S, S] = d s_t / d s_{t-1}; ``input`` [row, time, S, input] = d s_t / d x_t;
    ``output_state`` [row, time, output, S] = d y_t / d s_{t-1}; ``output_input`` [row, time, output, input];
    ``places`` says where in s a layer's state lies: ``places[0, "c"]``.
    """

    rows: tuple[int, ...]
    first: int
    state: np.ndarray
    input: np.ndarray
    output_state: np.ndarray
    output_input: np.ndarray
    places: dict[tuple[int, str], slice] = field(hash=False)

    @property
    def steps(self) -> int:
        return self.state.shape[1]

    @property
    def size(self) -> int:
        """How many numbers the whole state has."""
        return self.state.shape[2]

    def backwards(self, row: int, start: np.ndarray, last: int) -> Iterator[tuple[int, np.ndarray]]:
        """(t, A F'_last ... F'_{t+1}) for t = last, last - 1, ..., where A = ``start`` [any, S] is a derivative with
        respect to s_last; steps count from 0 in the arrays here. The last one given is for t = -1, the start."""
        product = start
        for t in range(last, -1, -1):
            yield t, product
            product = product @ self.state[row, t]
        yield -1, product


def jacobians(
    network: Network, before: tuple[dict[str, np.ndarray], ...], inputs: np.ndarray, present: np.ndarray
) -> Jacobians:
    """The derivatives at the states [batch, time, unit] ``before`` each step, on the first rows."""
    names = network.cell.states
    places = {
        (layer, name): slice((layer * len(names) + n) * network.units, (layer * len(names) + n + 1) * network.units)
        for layer in range(len(network.layers))
        for n, name in enumerate(names)
    }
    size, steps = len(places) * network.units, inputs.shape[1]
    rows = max(1, min(ROWS, len(inputs), NUMBERS // max(1, steps * size**2)))
    kept = steps if rows > 1 else min(steps, max(1, NUMBERS // max(1, size**2)))
    window = np.s_[:rows, steps - kept :]
    flat = [before[layer][name][window] for layer, name in places]
    whole = np.concatenate(flat, -1) if flat else np.zeros((rows, kept, 0))
    with jax.enable_x64(True):
        exact = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), jnp.float64), network)
        points = (a.reshape(rows * kept, *a.shape[2:]) for a in (whole, inputs[window], present[window]))
        found = _differentiated(exact, *(jnp.asarray(a) for a in points))
        ss, sx, ys, yx = (np.asarray(part).reshape(rows, kept, *part.shape[1:]) for part in found)
    return Jacobians(tuple(range(rows)), steps - kept, ss, sx, ys, yx, places)


@jax.jit
def _differentiated(network: Network, whole: Array, inputs: Array, present: Array) -> tuple[Array, ...]:
    """Of every step [step, ...]: d s/d s, d s/d x, d y/d s, d y/d x."""

    def step(s: Array, x: Array, here: Array) -> tuple[Array, Array]:
        parts = iter(jnp.split(s, max(1, len(network.layers) * len(network.cell.states))))
        state = tuple(
            network.cell.state_type(*(next(parts)[None] for _ in network.cell.states)) for _ in network.layers
        )
        hidden, after, _ = advance(network, state, x[None])
        flat = [part[0] for layer in after for part in layer]
        new = jnp.concatenate(flat) if flat else s
        return jnp.where(here, new, s), network.readout(hidden)[0]

    def each(point: tuple[Array, Array, Array]) -> tuple[Array, ...]:
        (ss, sx), (ys, yx) = jax.jacfwd(step, (0, 1))(*point)
        return ss, sx, ys, yx

    return jax.lax.map(each, (whole, inputs, present), batch_size=CHUNK)
