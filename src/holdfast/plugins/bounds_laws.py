"""The law that bounds are sound: the sets that a cell's step computes contain the numbers that it computes.

Like every law it is tested on samples. ``tests/oracle`` also compares the package's own cells with a second
implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flint import arb

from holdfast.alphabet.enclosures.forms import ZERO, Form, Unbounded, total
from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.engine.network import EMBEDDED, Network
from holdfast.engine.readings.bounds import Bounds, unpacked
from holdfast.engine.readings.record import NotOpened, record
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import Trace, trace
from holdfast.plugins.laws import NotApplicable, expect
from holdfast.plugins.random_networks import random_network

STEPS, ROWS = 4, 200
ROOM = 1e-12
"""The accepted difference between a float64 number and its value in exact arithmetic."""

Reading = Callable[[Rounding | None, int], Bounds]


def bounds_contain_numbers(name: str) -> str:
    """The sets of a few steps contain the numbers of sampled sequences, in exact and in IEEE arithmetic."""
    try:
        record(resolve(name))
    except NotOpened as reason:
        raise NotApplicable("a step that uses operations outside the alphabet has no bounds") from reason
    done, why = {}, ""
    for words, rounding in (("exact", None), ("IEEE", Rounding(ACCURACIES["float64"]))):
        done[words], why = steps_contained(name, 1, rounding)
        if not done[words]:
            raise NotApplicable(f"there are no bounds of the first step in {words} arithmetic: {why}")
    return ", ".join(f"{steps} steps in {words} arithmetic" for words, steps in done.items())


def steps_contained(
    name: str, layers: int, rounding: Rounding | None, symbols: int = 0, reading: Reading = Bounds
) -> tuple[int, str]:
    """How many steps of a random network have bounds, out of ``STEPS``, and why the next step has none.

    The first input number is remembered; the others are anywhere in their boxes, including corners. Sets of exact
    arithmetic are compared with float64 numbers, with a tolerance for their rounding; sets of IEEE arithmetic without a
    tolerance. Raises ``LawViolation`` if a state or an output is outside its set, evaluated at the sequence's value of
    the remembered number.
    """
    dtype = jnp.float64 if rounding is None else jnp.dtype(rounding.accuracy.format.name)
    network = random_network(name, layers=layers, dtype=dtype)
    low, high, inputs = _boxes(dtype)
    ran, ops, cell = _run(network, jnp.asarray(inputs)), reading(rounding, symbols), network.cell
    unpack = partial(unpacked, cell, network.units, network.heads)
    states: list[Any] = [unpack((ZERO,) * cell.state_size(network.units, network.heads)) for _ in network.layers]
    first, last = arb(float(low[0, 0])), arb(float(high[0, 0]))
    scaled = (inputs[:, 0, 0].astype(np.float64) - float((first + last) / 2)) / float((last - first) / 2)
    room = ROOM if rounding is None else 0.0
    for t in range(STEPS):
        x = tuple(
            ops.between(arb(float(a)), arb(float(b)), "x1" if (t, k) == (0, 0) else "")
            for k, (a, b) in enumerate(zip(low[t], high[t], strict=True))
        )
        try:
            if network.embedding is not None:
                x = ops.linear(network.embedding, x)[EMBEDDED]
            for depth, layer in enumerate(network.layers):
                x, after, _ = cell.step(ops, layer, x, states[depth])
                states[depth] = unpack(ops.carried([form for value in after for form in value]))
            outputs = ops.linear(network.readout_maps[0], x)["y"]
        except Unbounded as why:
            return t, f"{why}"
        for sets, numbers in zip(states, ran.states, strict=True):
            for label, forms in sets._asdict().items():
                _hold(forms, getattr(numbers, label)[:, t], scaled, room, f"state {label} at step {t + 1}")
        _hold(outputs, ran.outputs[:, t], scaled, room, f"the output at step {t + 1}")
    return STEPS, ""


@jax.jit
def _run(network: Network, inputs: jax.Array) -> Trace:
    return trace(network, inputs)


def _boxes(dtype: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lower and upper limits of the inputs [time, input], and inputs between them [row, time, input]."""
    draw = np.random.default_rng(0)
    low = draw.uniform(-1, 0.5, (STEPS, 2)).astype(dtype)
    high = low + draw.choice([0.0, 0.1, 1.5], (STEPS, 2)).astype(dtype)
    high[0, 0] = low[0, 0] + 1
    inputs = draw.uniform(low, high, (ROWS, STEPS, 2))
    inputs[: ROWS // 2] = np.where(draw.random((ROWS // 2, STEPS, 2)) < 0.5, low, high)
    return low, high, inputs.astype(dtype).clip(low, high)


def _hold(forms: tuple[Form, ...], numbers: Any, scaled: np.ndarray, room: float, what: str) -> None:
    """Raise ``LawViolation`` unless the numbers [row, *axes] are in their forms, evaluated at each row's value of the
    remembered number."""
    found = np.asarray(numbers, np.float64).reshape(len(scaled), -1)
    for place, form in enumerate(forms):
        terms: Mapping[Any, arb] = form.terms
        centre = float(form.centre) + float(terms.get("x1", 0)) * scaled
        radius = float(form.slack + total(part for symbol, part in terms.items() if symbol != "x1"))
        allowed = room + 1e-15 * (1 + np.abs(centre))  # for the rounding errors of this comparison
        told = f"{what}: number {place + 1} lies"
        expect(bool((np.abs(found[:, place] - centre) <= radius + allowed).all()), f"{told} outside its form")
        inside = (float(form.low) - allowed <= found[:, place]) & (found[:, place] <= float(form.high) + allowed)
        expect(bool(inside.all()), f"{told} outside its interval")
