"""Interventions: run the network again with the states of some units replaced, and return the answers.

A correlation shows what a unit's state contains; only a change of the state shows its effect on the answers. There are
three interventions: the state is exchanged with that of another sequence after one step (``swapped``); it is kept at 0
at every step (``emptied``); it is replaced at one step by another value, to measure how much of the change remains one
step later (``after_one_step``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.network import Network
from holdfast.engine.over_time import hold, over_time
from holdfast.engine.readings.numbers import Numbers, as_vector
from holdfast.engine.traced import network_program
from holdfast.explanation.dynamics import shaped
from holdfast.explanation.subject import Subject

LANES = 16
"""Interventions per call. The number is fixed, so that there is one compiled program."""
ROW_STEPS = 2**19
"""About this many steps are run for each intervention, over all units; long sequences get fewer rows."""
LEAST_ROWS, MOST_ROWS = 8, 16
NUMBERS = Numbers()


@dataclass(frozen=True)
class Interventions:
    """A subject with the number of its rows used, and the answers without intervention."""

    subject: Subject
    rows: int

    @property
    def units(self) -> int:
        """Units of all layers together; unit u of layer l is number l * units of a layer + u here. What is changed
        together counts as one: all states of a unit, or of a head."""
        return len(self.subject.network.layers) * math.prod(self.subject.network.places)

    @cached_property
    def scored(self) -> np.ndarray:
        """[row, time]; the last step of a row that has no scored step."""
        scored = self.subject.scored[: self.rows].copy()
        for row, here in enumerate(self.subject.present[: self.rows]):
            if not scored[row].any() and here.any():
                scored[row, np.flatnonzero(here)[-1]] = True
        return scored

    @cached_property
    def answers(self) -> np.ndarray:
        """[row, time, output], unchanged."""
        return self.subject.outputs[: self.rows]

    @property
    def partners(self) -> np.ndarray:
        """For every row, the row with which its states are exchanged."""
        return np.roll(np.arange(self.rows), self.rows // 2 or 1)

    def swapped(self, masks: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """The answers where, for each of ``masks`` [change, unit], those units' states after step ``steps`` [change]
        (counted from 0) are what they are in the partner row. [change, row, time, output]."""
        other = jax.tree.map(lambda a: np.asarray(a)[: self.rows][self.partners], self.subject.traced.states)
        return self._run(masks, np.arange(self.subject.steps)[None] == np.asarray(steps)[:, None], other)

    def emptied(self, masks: np.ndarray) -> np.ndarray:
        """The answers where those units' states are 0 after every step. [change, row, time, output]."""
        other = jax.tree.map(lambda a: np.zeros_like(np.asarray(a)[: self.rows]), self.subject.traced.states)
        return self._run(masks, np.ones((len(masks), self.subject.steps), bool), other)

    def _run(self, masks: np.ndarray, when: np.ndarray, other: Any) -> np.ndarray:
        network, batch = self.subject.network, self.subject.batch
        rows = (np.asarray(batch.inputs)[: self.rows], np.asarray(batch.present)[: self.rows], other)
        inputs, present, other = jax.tree.map(_swapped, rows)
        placed = masks.reshape(len(masks), len(network.layers), *network.places)
        found = []
        for first in range(0, len(masks), LANES):
            lanes = np.minimum(np.arange(first, first + LANES), len(masks) - 1)
            outputs = _alter(network, inputs, present, other, placed[lanes], when[lanes])
            found.append(np.asarray(outputs, np.float64)[: len(masks) - first])
        return np.swapaxes(np.concatenate(found), 1, 2)

    def after_one_step(self, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Over one step, from every state that was met [row, time, unit]: by how much each unit's state *before* was
        changed, for one that it had at another time or in another row; by how much what it keeps *after* changes then;
        and by how much that changes where the input is another one instead. For cells of which a unit keeps one number.
        """
        subject, rows, steps = self.subject, self.rows, self.subject.steps
        network, name = subject.network, subject.kept_in
        draw = np.random.default_rng(seed)
        before = tuple({n: a[:rows] for n, a in layer.items()} for layer in subject.before)
        there = np.flatnonzero(subject.present[:rows].reshape(-1))
        drawn = there[draw.integers(0, len(there), rows * steps)].reshape(rows, steps)
        other = tuple({n: _drawn(a, drawn) for n, a in layer.items()} for layer in before)
        inputs = subject.inputs[:rows]
        given = (shaped(network, before), shaped(network, other), inputs, _drawn(inputs, drawn))
        held = jax.tree.map(lambda a: _swapped(np.asarray(a, network.dtype)), given)
        kept, moved, by_input = (_swapped(np.asarray(a, np.float64)) for a in _step_once(network, *held))
        changed = np.concatenate([o[name] - b[name] for o, b in zip(other, before, strict=True)], -1)
        return changed, moved - kept, by_input - kept


def _swapped(values: np.ndarray) -> np.ndarray:
    """[time, row, ...] of [row, time, ...], and back."""
    return np.swapaxes(values, 0, 1)


def _drawn(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Those of other points, counted through [row, time]: [row, time, ...]."""
    return values.reshape(-1, values.shape[-1])[points]


def interventions(subject: Subject) -> Interventions:
    """As many rows as the length and number of units allow."""
    units = len(subject.network.layers) * math.prod(subject.network.places)
    rows = int(np.clip(ROW_STEPS // max(1, units * subject.steps), LEAST_ROWS, MOST_ROWS))
    return Interventions(subject, min(rows, subject.rows))


def _forward(network: Network, state: Any, x: Array, change: Any) -> tuple[Array, tuple[Any, ...]]:
    """One step of all layers, what each layer now holds passed through ``change(layer, state)`` before it is read."""
    after, x = [], network.embedded(x)
    for number, (layer, before) in enumerate(zip(network.layers, state, strict=True)):
        output, new, _ = network.cell.step(NUMBERS, layer, x, before)
        changed = change(number, new)
        # Where the output is a state, it is changed as that is; another cell shows what it computed.
        shown = next((getattr(changed, name) for name, value in new._asdict().items() if value is output), output)
        x = as_vector(shown, x)
        after.append(changed)
    return x, tuple(after)


def _put(network: Network, kept: Any, instead: Any, where: Array) -> Any:
    """A layer's state with what it has at some places [*places] taken from another."""

    def put(name: str, a: Array, b: Array) -> Array:
        beyond = len(network.shape(name)) - len(network.places)
        return jnp.where(where.reshape(*where.shape, *(1,) * beyond), b, a)

    return type(kept)(*(put(name, a, b) for name, a, b in zip(kept._fields, kept, instead, strict=True)))


def _altered(network: Network, inputs: Array, present: Array, other: Any, masks: Array, when: Array) -> Array:
    """[lane, time, row, output]: inputs [time, row, input], other's states [time, row, unit], masks [lane, layer,
    *places], when [lane, time]."""

    def lane(mask: Array, at: Array) -> Array:
        def step(state: Any, now: Any) -> tuple[Any, Array]:
            x, here, instead, on, weights = now

            def change(number: int, new: Any) -> Any:
                return _put(network, hold(here, new, state[number]), instead[number], on & mask[number])

            hidden, after = _forward(network.using(weights), state, x, change)
            return after, hidden

        along = (inputs, present, other, at, network.along(len(inputs)))
        _, hidden = over_time(step, network.start(inputs.shape[1]), along)
        return network.readout(hidden)

    return jax.vmap(lane)(masks, when)


def _one_step(network: Network, state: Any, other: Any, x: Array, elsewhere: Array) -> tuple[Array, Array, Array]:
    """What each unit keeps after a step [time, row, unit of all layers]: unchanged; with its own state replaced; with
    another input."""
    weights = network.along(len(x))

    def keeps(state: Any, x: Array) -> Array:
        def of_step(weights: Any, state: Any, x: Array) -> Array:
            _, after = _forward(network.using(weights), state, x, lambda number, new: new)
            return jnp.concatenate([getattr(layer, network.cell.memory) for layer in after], -1)

        return jax.vmap(of_step, (None if weights is None else 0, 0, 0))(weights, state, x)

    def replaced(number: Array) -> Array:
        """Unit ``number`` of all layers, replaced: what it keeps then."""
        parts = []
        for layer, (here, there) in enumerate(zip(state, other, strict=True)):
            mask = jnp.arange(network.units) + layer * network.units == number
            parts.append(_put(network, here, there, mask))
        return keeps(tuple(parts), x)[..., number]

    moved = jax.lax.map(replaced, jnp.arange(len(network.layers) * network.units))
    return keeps(state, x), jnp.moveaxis(moved, 0, -1), keeps(state, elsewhere)


_alter = network_program(_altered)
_step_once = network_program(_one_step, lambda *_: (0, 0, 0))
