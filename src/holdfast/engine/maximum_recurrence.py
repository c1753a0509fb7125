"""The recurrence s_t = max(s_(t-1) + a_t, b_t), component by component: a stabiliser, the largest of decayed exponents.

It is linear in the algebra whose sum is the maximum and whose product is the sum, so that ``engine/affine.py`` counts
it among the states that can be computed for all steps before the others. ``obstacle`` reads from the recorded step
whether a state is one. Its states are numbers for heads, not matrices: one step after another takes little time.

Source: Baccelli et al. 1992, "Synchronization and Linearity" (max-plus algebra); the stabiliser: Beck et al. 2024,
arXiv:2405.04517, equation 15.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.engine.over_time import over_time
from holdfast.engine.readings.record import Node, Recording

NOTHING, SHIFTED = "nothing", "shifted"
"""What a value reads of the old state s: nothing; it is s plus what reads nothing of it."""


@dataclass(frozen=True)
class MaximumForm:
    """The new state is the larger of ``shifted``, which is the old state plus something, and ``other``."""

    shifted: Node
    other: Node


def form(step: Recording, place: int, solved: Collection[int]) -> MaximumForm | None:
    """The form of the new value of a state, if it is one; the states in ``solved`` are known at all steps."""
    kinds: dict[Node, str] = {step.inputs: NOTHING, **dict.fromkeys(step.before, "another state")}
    kinds |= dict.fromkeys((step.before[other] for other in solved), NOTHING) | {step.before[place]: SHIFTED}
    for node in step.nodes:
        found = [kinds[part] for part in ((node.source,) if node.source is not None else node.operands)]
        if set(found) <= {NOTHING}:
            kinds[node] = NOTHING
        elif node.word == "add" and sorted(found) == [*[NOTHING] * (len(found) - 1), SHIFTED]:
            kinds[node] = SHIFTED
        else:
            kinds[node] = "something else"
    after = step.after[place]
    if after.word != "maximum" or after.axes != step.before[place].axes:
        return None
    first, second = after.operands
    both = {kinds[first]: first, kinds[second]: second}
    return MaximumForm(both[SHIFTED], both[NOTHING]) if both.keys() == {SHIFTED, NOTHING} else None


def states(added: Array, other: Array, start: Array, present: Array | None) -> Array:
    """The states [time, ...] after every step, for ``added`` and ``other`` [time, ...] and a ``start`` [...]. Padding,
    where ``present`` [time, batch] is false, keeps the state.

    >>> states(-jnp.ones(4), jnp.array([1.0, 0.0, 5.0, 4.5]), jnp.zeros(()), None).tolist()
    [1.0, 0.0, 5.0, 4.5]
    """

    def step(state: Array, now: tuple[Array, Array]) -> tuple[Array, None]:
        return jnp.maximum(state + now[0], now[1]), None

    def after(state: Array, _: None) -> Array:
        return state

    return over_time(step, start, (added, other), present=present, keep=after)[1]
