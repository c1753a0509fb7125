"""The network under examination: run once on fresh rows of its task, every gate and state kept by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import Trace, trace

ROWS = 64


@dataclass(frozen=True)
class Subject:
    """``batch`` are rows of the task's test split, ``traced`` what the network did on them; nothing changes either.

    ``finite_steps`` counts the steps before the first number that is not finite, in any row: diagnostics look no
    further. Arrays of ``traced`` are [batch, time, unit].
    """

    network: Network
    task: Task
    batch: Batch
    traced: Trace
    seed: int

    @property
    def steps(self) -> int:
        return self.batch.inputs.shape[1]

    @cached_property
    def finite_steps(self) -> int:
        """Steps up to which every state and output is a finite number."""
        arrays = [np.asarray(a) for a in jax.tree.leaves((self.traced.outputs, self.traced.states))]
        good = np.all([np.isfinite(a).all(axis=(0, 2)) for a in arrays], axis=0)
        return self.steps if good.all() else int(np.argmin(good))


def examine(network: Network, task: Task, *, rows: int = ROWS, seed: int = 0) -> Subject:
    """Run ``network`` on ``rows`` fresh test rows of ``task``. Raises ``BadValue`` where their sizes do not fit."""
    if (network.inputs, network.outputs) != (task.inputs, task.outputs):
        raise BadValue(
            f"the network has {network.inputs} inputs and {network.outputs} outputs, but {task.name} with these axes "
            f"has {task.inputs} and {task.outputs}.",
            "Give the axes that the network is for.",
        )
    batch = task.examples() or task.sample(jax.random.key(seed), rows, "test")
    return Subject(network, task, batch, trace(network, batch.inputs, present=batch.present), seed)
