"""The network to be explained: run once on fresh rows of its task, with every gate and state by name."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import jax
import numpy as np

from holdfast.core.arrays import Array
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Task
from holdfast.engine.network import READOUT, Linear, Network
from holdfast.engine.over_time import over_time, time_first
from holdfast.engine.readings.properties import shown
from holdfast.engine.sampled import sampled
from holdfast.engine.traced import network_program
from holdfast.engine.unroll import refuse_steps_without_weights, trace, unroll
from holdfast.explanation.dynamics import by_name, memory_index, started
from holdfast.explanation.jacobians import Jacobians, jacobians
from holdfast.models.answers import Answers
from holdfast.models.levels import Model, Stepped, require

ROWS = 64
Named = tuple[dict[str, np.ndarray], ...]
"""For every layer, arrays [batch, time, component] by the name of a gate or state; a matrix is in row-major order."""


class ModelRun(NamedTuple):
    """What a model of any level computes: ``outputs`` [batch, time, output], its states after every step as it holds
    them, and every layer's gates by name, leaves [batch, time, ...]. Below level *opened* there are no gates, at level
    *answers* no states either."""

    outputs: Array
    states: Any
    gates: tuple[Any, ...]


@dataclass(frozen=True)
class Subject:
    """``batch`` are rows of the task's test split, ``traced`` the run of the model on them.

    The model has any level. At level *steps*, its state is that of one layer, by the names of its arrays; at level
    *answers* there is none. Values that several diagnostics need are computed once, on first use: ``states``,
    ``before`` and ``gates`` in float64, and ``jacobians``. A subject may have no scored step, if the network diverged
    before.
    """

    model: Model
    task: Task
    batch: Batch
    traced: ModelRun
    seed: int

    @cached_property
    def network(self) -> Network:
        """The model where it is opened. Diagnostics of level *opened* ask for it: raises ``BadValue`` below."""
        require(self.model, "opened", "what was asked")
        assert isinstance(self.model, Network)
        return self.model

    @cached_property
    def stepped(self) -> Stepped:
        """The model where its steps are known. Diagnostics of level *steps* ask for it: raises ``BadValue`` below."""
        require(self.model, "steps", "what was asked")
        assert not isinstance(self.model, Answers)
        return self.model

    @property
    def rows(self) -> int:
        return self.batch.inputs.shape[0]

    @property
    def steps(self) -> int:
        return self.batch.inputs.shape[1]

    @cached_property
    def finite_steps(self) -> int:
        """Steps up to which every state and output is a finite number."""
        arrays = [np.asarray(a) for a in jax.tree.leaves((self.traced.outputs, self.traced.states))]
        good = np.all([np.isfinite(a).all(axis=(0, *range(2, a.ndim))) for a in arrays], axis=0)
        return self.steps if good.all() else int(np.argmin(good))

    @cached_property
    def inputs(self) -> np.ndarray:
        """[batch, time, input] in float64."""
        return np.asarray(self.batch.inputs, np.float64)

    @cached_property
    def present(self) -> np.ndarray:
        """[batch, time], false in padding."""
        return np.asarray(self.batch.present)

    @cached_property
    def scored(self) -> np.ndarray:
        """[batch, time], true at scored steps."""
        return np.asarray(self.batch.scored)

    @cached_property
    def outputs(self) -> np.ndarray:
        """[batch, time, output] in float64."""
        return np.asarray(self.traced.outputs, np.float64)

    @cached_property
    def states(self) -> Named:
        """The states of every layer *after* each step, in float64."""
        return self._named(self.traced.states)

    @cached_property
    def before(self) -> Named:
        """The states of every layer *before* each step, in float64: the initial state, then ``states``."""
        first = self._named(jax.tree.map(lambda a: a[:, None], started(self.stepped, self.rows)))
        return tuple(
            {name: np.concatenate([start[name], a[:, :-1]], 1) for name, a in layer.items()}
            for start, layer in zip(first, self.states, strict=True)
        )

    @cached_property
    def gates(self) -> Named:
        """Every layer's gates at each step, in float64."""
        return tuple({name: _flat(a) for name, a in layer._asdict().items()} for layer in self.traced.gates)

    def at_memory(self, layer: int, gate: str) -> np.ndarray:
        """A gate at every component of the state that is the memory [batch, time, component]."""
        values, along = self.gates[layer][gate], memory_index(self.network, gate)
        return values if along is None else values[..., along]

    @cached_property
    def hidden(self) -> np.ndarray:
        """The input of the read-out [batch, time, unit], in float64."""
        name, network = shown(self.network.cell), self.network
        if name:
            return {**self.states[-1], **self.gates[-1]}[name]
        whole = Linear(np.eye(network.units, dtype=network.dtype), None, (READOUT,))
        outputs = unroll(replace(network, readout=whole), self.batch.inputs, present=self.batch.present)[0]
        return np.asarray(outputs, np.float64)

    @cached_property
    def jacobians(self) -> Jacobians:
        """The Jacobians of every step, on a few of the rows, in float64."""
        return jacobians(self.stepped, self.before, self.inputs, self.present)

    @property
    def kept_in(self) -> str:
        """The name of the state that is the memory; "" if there is none, or if it is not known."""
        return self.model.cell.memory if isinstance(self.model, Network) else ""

    def until(self, steps: int) -> Subject:
        """The same with every row cut after so many steps."""
        if steps >= self.steps:
            return self
        batch = Batch(*(getattr(self.batch, part)[:, :steps] for part in ("inputs", "targets", "scored", "present")))
        return replace(self, batch=batch, traced=jax.tree.map(lambda a: a[:, :steps], self.traced))

    def _named(self, states: Any) -> Named:
        layers = () if isinstance(self.model, Answers) else by_name(self.model, states)
        return tuple({name: _flat(a) for name, a in layer.items()} for layer in layers)


def _flat(a: Any) -> np.ndarray:
    return np.asarray(a, np.float64).reshape(*a.shape[:2], -1)


def examine(network: Model, task: Task, *, rows: int = ROWS, seed: int = 0) -> Subject:
    """Run ``network``, a model of any level, on ``rows`` fresh test rows of ``task``. Raises ``BadValue`` if their
    sizes do not match."""
    if (network.inputs, network.outputs) != (task.inputs, task.outputs):
        raise BadValue(
            f"the network has {network.inputs} inputs and {network.outputs} outputs, but {task.name} with these axes "
            f"has {task.inputs} and {task.outputs}.",
            "Give the axes of the network.",
        )
    batch = task.examples("test")
    if batch is None:
        batch = sampled(task, seed, rows, "test")
    elif not task.criterion.given:
        batch = batch.take(slice(0, rows))
    batch = jax.tree.map(np.asarray, batch)
    batch = replace(batch, inputs=batch.inputs.astype(network.dtype))  # as the network reads them
    return Subject(network, task, batch, _traced(network, batch), seed)


def _traced(model: Model, batch: Batch) -> ModelRun:
    if isinstance(model, Network):
        refuse_steps_without_weights(model, batch.inputs, batch.present)
        outputs, states, gates = _by_name(model, batch.inputs, batch.present)
        of_gates = namedtuple("Gates", model.cell.gates)
        return ModelRun(
            outputs,
            tuple(model.cell.state_type(**layer) for layer in states),
            tuple(of_gates(**layer) for layer in gates),
        )
    if isinstance(model, Answers):
        return ModelRun(model(batch.inputs, batch.present), (), ())

    def one(state: Any, x: Array) -> tuple[Any, Array]:
        output, after = model.step(state, x)
        return after, output

    inputs, present = time_first((batch.inputs, batch.present))
    start = model.start(inputs.shape[1])
    _, (states, outputs) = over_time(one, start, inputs, present=present, keep=lambda state, seen: (state, seen))
    return ModelRun(time_first(outputs), time_first(states), ())


def _ran(network: Network, inputs: Array, present: Array) -> tuple[Array, Any, Any]:
    """Outputs, and every layer's states and gates, by name."""
    seen = trace(network, inputs, present=present)
    states, gates = (tuple(layer._asdict() for layer in layers) for layers in (seen.states, seen.gates))
    return seen.outputs, states, gates


def _shape_of_run(network: Network, *_: object) -> tuple[int, Any, Any]:
    states, gates = (
        (dict.fromkeys(names, 0),) * len(network.layers) for names in (network.cell.states, network.cell.gates)
    )
    return 0, states, gates


_by_name = network_program(_ran, _shape_of_run)
