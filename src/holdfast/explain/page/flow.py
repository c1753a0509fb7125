"""How far the answer reaches back, in this network and in fresh ones beside it: |d y_T / d s_t| on one sequence.

s_t is every state of every layer after step t; y_T is the output at the last step at which an answer is asked for.
Computed in float64 by reverse mode, with a disturbance of zero added to the states after every step.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from holdfast import cells
from holdfast.core.arrays import Array
from holdfast.core.task import Batch, Task
from holdfast.engine.initialise import initialise, parse
from holdfast.engine.network import Network, create
from holdfast.engine.unroll import advance

BESIDE = ("elman", "gru", "lstm")
MOST_OUTPUTS = 16


def as_data(network: Network, task: Task, row: Batch, seed: int = 0) -> dict[str, Any]:
    """``row`` has no batch axis. ``networks``: this one and three fresh ones of its size, with log10 of the norm for
    every step before the answer (None where it is zero or no number)."""
    asked = np.flatnonzero(np.asarray(row.scored))
    last = int(asked[-1]) if len(asked) else int(np.flatnonzero(np.asarray(row.present))[-1])
    shown = [{"name": network.cell_name, "own": True, "log_norm": _log(answer_by_state(network, row.inputs, last))}]
    for cell in BESIDE:
        empty = create(cell, task.inputs, network.units, task.outputs)
        fresh = initialise(empty, parse("auto", cells.get(cell), task.lag_steps), jax.random.key(seed))
        norms = answer_by_state(fresh, row.inputs, last)
        shown.append({"name": cell, "own": False, "log_norm": _log(norms)})
    return {"answer_step": last + 1, "networks": shown}


def answer_by_state(network: Network, inputs: Any, last: int) -> np.ndarray:
    """|d y_last / d s_t| for t = 0 ... last - 1 (Frobenius norm over outputs and states), of one row [time, input]."""
    if not network.cell.states or last < 1:
        return np.zeros(last)
    with jax.enable_x64(True):
        exact = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), jnp.float64), network)
        return np.asarray(_norms(exact, jnp.asarray(np.asarray(inputs)[: last + 1], jnp.float64)))[:last]


@jax.jit
def _norms(network: Network, inputs: Array) -> Array:
    start = network.start(1)
    still = jax.tree.map(lambda a: jnp.zeros((len(inputs), *a.shape), a.dtype), start)

    def answer(disturbance: Any) -> Array:
        def step(state: Any, now: tuple[Array, Any]) -> tuple[Any, Array]:
            x, moved = now
            hidden, after, _ = advance(network, state, x[None])
            return jax.tree.map(jnp.add, after, moved), hidden

        _, hidden = lax.scan(step, start, (inputs, disturbance))
        return network.readout(hidden[-1])[0]

    value, back = jax.vjp(answer, still)
    chosen = jnp.eye(len(value), dtype=value.dtype)[:MOST_OUTPUTS]
    (found,) = jax.vmap(back)(chosen)
    squares = [jnp.square(leaf).sum((0, *range(2, leaf.ndim))) for leaf in jax.tree.leaves(found)]
    return jnp.sqrt(jnp.stack(squares).sum(0))


def _log(norms: np.ndarray) -> list[float | None]:
    return [round(float(np.log10(v)), 4) if np.isfinite(v) and v > 0 else None for v in norms]
