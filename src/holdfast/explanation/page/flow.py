"""How far the answer reaches back, in this network and in fresh ones beside it: |d y_T / d s_t| on one sequence.

s_t is every state of every layer after step t; y_T is the output at the last step at which an answer is asked for.
Computed in float64 by reverse mode.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import cells
from holdfast.core.arrays import Array
from holdfast.core.task import Batch, Task
from holdfast.engine.initialise import initialise, parse
from holdfast.engine.network import Network, create
from holdfast.engine.reach import norms, reach

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
        log_norm = _log(answer_by_state(fresh, row.inputs, last))
        shown.append({"name": cell, "own": False, "log_norm": log_norm})
    return {"answer_step": last + 1, "networks": shown}


def answer_by_state(network: Network, inputs: Any, last: int) -> np.ndarray:
    """|d y_last / d s_t| for t = 0 ... last - 1 (Frobenius norm over outputs and states), of one row [time, input]."""
    if not network.cell.states or last < 1:
        return np.zeros(last)
    with jax.enable_x64(True):
        exact = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), jnp.float64), network)
        entering = _norms(exact, jnp.asarray(np.asarray(inputs)[: last + 1], jnp.float64))
        return np.asarray(entering)[1:]


@jax.jit
def _norms(network: Network, inputs: Array) -> Array:
    def of_output(number: Array) -> Any:
        return reach(network, lambda outputs: outputs[0, -1, number], inputs[None]).states

    by_output = jax.vmap(of_output, out_axes=-1)(jnp.arange(min(network.outputs, MOST_OUTPUTS)))
    return norms(by_output)[0]


def _log(sizes: np.ndarray) -> list[float | None]:
    return [round(float(np.log10(v)), 4) if np.isfinite(v) and v > 0 else None for v in sizes]
