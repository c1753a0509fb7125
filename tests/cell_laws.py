"""The laws of cells that judge the engine as well: padding, truncation, files, counts and bounds, in float64.

Those of the cell alone are ``holdfast.plugins.cell_laws``. Each is a function of the cell's name, and of the act that
it judges. ``test_every_cell.py`` applies each to every cell and to a planted offender that it has to catch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flint import arb

from holdfast.alphabet.enclosures.forms import ZERO, Form, Unbounded, total
from holdfast.alphabet.enclosures.rounding import Rounding
from holdfast.engine.files import load, save
from holdfast.engine.network import EMBEDDED, Network, create
from holdfast.engine.readings.bounds import Bounds, unpacked
from holdfast.engine.readings.record import record
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import trace, unroll
from holdfast.plugins.cell_laws import same, take
from tests.networks import numbers, random_network, random_state

EXACT = {"rtol": 0, "atol": 1e-13}
"""Two orders of the same sum of a few numbers near 1."""


def absent_steps_change_nothing(name: str, run: Any = unroll) -> None:
    """Steps that are not present might as well not be there: outputs, the last state and every gradient say so."""
    network = random_network(name)
    start = random_state(network, 2)
    present = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 0]], bool)
    inputs = jnp.where(present[..., None], numbers(2, 5, 2), 1e3 * numbers(2, 5, 2, seed=3))
    weight = numbers(5, 2, seed=4)

    def padded(network: Network) -> Any:
        outputs, end = run(network, inputs, start, present=jnp.asarray(present))
        return [(outputs[row, here], take(end, row)) for row, here in enumerate(present)]

    def plain(network: Network) -> Any:
        rows = [np.s_[row : row + 1] for row in range(2)]
        found = [run(network, inputs[row, here], take(start, row)) for row, here in zip(rows, present, strict=True)]
        return [take(row, 0) for row in found]

    def judged(network: Network, way: Any) -> Any:
        rows = way(network)
        return sum((outputs * weight[: len(outputs)]).sum() for outputs, _ in rows), rows

    both = jax.jit(lambda n: [jax.value_and_grad(judged, has_aux=True)(n, way) for way in (padded, plain)])
    ((_, found), gradient), ((_, expected), gradient_expected) = both(network)
    same(found, expected, "padding")
    largest = max(float(np.abs(leaf).max(initial=1)) for leaf in jax.tree.leaves(gradient_expected))
    same(gradient, gradient_expected, "the gradient with padding", atol=1e-12 * largest)


def truncation_cuts_between_windows(name: str, run: Any = unroll) -> None:
    """With windows of k steps, d output[t] / d input[s] is the whole one within a window and 0 across its border."""
    network, inputs = random_network(name), numbers(1, 5, 2)
    state = random_state(network, 1)

    def jacobian(x: jax.Array, truncate: int | None) -> Any:
        outputs = lambda x: run(network, x, state, truncate=truncate)[0]  # noqa: E731
        return outputs(x), jax.jacrev(outputs)(x)[0, :, :, 0]  # [time of output, output, time of input, input]

    windows, time = (1, 2, 9), np.arange(5)
    (values, whole), *cut = jax.jit(lambda x: [jacobian(x, k) for k in (None, *windows)])(inputs)
    assert np.abs(whole[1:, :, 0]).max() > 1e-6 or not resolve(name).states, "no memory: there is nothing to judge"
    for k, (outputs, found) in zip(windows, cut, strict=True):
        inside = (time[:, None] // k == time[None, :] // k)[:, None, :, None]
        same(found, np.where(inside, whole, 0), f"Jacobians with windows of {k}")
        same(outputs, values, f"outputs with windows of {k}")


def files_keep_every_bit(name: str, folder: Path, dtype: Any, write: Any = save, read: Any = load) -> None:
    """What is loaded is what was saved, bit for bit, with the same structure; signed zeros and infinities too."""
    network = random_network(name, layers=2, dtype=dtype)
    odd = jnp.asarray([-0.0, jnp.inf, jnp.finfo(dtype).tiny / 4], dtype)
    gate = network.layers[1]["x"].gates[-1]
    width = network.layers[1]["x"].width(gate)
    network.layers[1]["x"] = network.layers[1]["x"].put(gate, bias=jnp.resize(odd, width))
    write(network, folder / "network.safetensors", {"made": "here"})
    again, origin = read(folder / "network.safetensors")
    assert origin == {"made": "here"}
    assert jax.tree.structure(again) == jax.tree.structure(network)
    for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(network), strict=True):
        assert a.dtype == b.dtype == dtype
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def parameters_are_counted(name: str, inputs: int, units: int, layers: int, make: Any = create) -> None:
    """The cell's own count is how many numbers a network of it holds."""
    network = make(name, inputs, units, 1, layers)
    held = sum(leaf.size for leaf in jax.tree.leaves(network.layers))
    count = resolve(name).parameters
    assert held == count(inputs, units) + (layers - 1) * count(units, units)


def bounds_contain_samples(
    name: str, layers: int, rounding: Rounding | None, symbols: int, reading: Any = Bounds
) -> None:
    """Every state and output of sampled sequences lies in its set, at the sequence's own value of what is remembered.

    The first number read is remembered, the others are anywhere in their boxes, corners among them. Read as exact
    reals the sets are compared with float64, whose own rounding is allowed for; in IEEE arithmetic nothing is.
    """
    dtype = jnp.float64 if rounding is None else jnp.dtype(rounding.accuracy.format.name)
    steps, rows, allowed = 4, 200, 1e-12 if rounding is None else 0.0
    draw = np.random.default_rng(0)
    network = random_network(name, layers=layers, dtype=dtype)
    low = draw.uniform(-1, 0.5, (steps, 2)).astype(dtype)
    high = low + draw.choice([0.0, 0.1, 1.5], (steps, 2)).astype(dtype)
    high[0, 0] = low[0, 0] + 1
    inputs = draw.uniform(low, high, (rows, steps, 2))
    inputs[: rows // 2] = np.where(draw.random((rows // 2, steps, 2)) < 0.5, low, high)
    inputs = inputs.astype(dtype).clip(low, high)
    ran = trace(network, jnp.asarray(inputs))

    ops, cell = reading(rounding, symbols), network.cell
    unpack = partial(unpacked, cell, network.units, network.heads)
    states = [unpack((ZERO,) * cell.state_size(network.units, network.heads)) for _ in network.layers]
    first, last = arb(float(low[0, 0])), arb(float(high[0, 0]))
    scaled = (inputs[:, 0, 0].astype(np.float64) - float((first + last) / 2)) / float((last - first) / 2)

    def holds(form: Form, found: np.ndarray) -> None:
        centre = float(form.centre) + float(form.terms.get("x1", 0)) * scaled
        radius = float(form.slack + total(p for symbol, p in form.terms.items() if symbol != "x1"))
        room = allowed + 1e-15 * (1 + np.abs(centre))  # the arithmetic of this very comparison
        assert (np.abs(found - centre) <= radius + room).all(), "a number lies outside its form"
        assert (float(form.low) - room <= found).all(), "a number lies below its interval"
        assert (found <= float(form.high) + room).all(), "a number lies above its interval"

    for t in range(steps):
        x = tuple(ops.between(arb(float(a)), arb(float(b)), "x1" if (t, k) == (0, 0) else "")
                  for k, (a, b) in enumerate(zip(low[t], high[t], strict=True)))  # fmt: skip
        if network.embedding is not None:
            x = ops.linear(network.embedding, x)[EMBEDDED]
        for depth, layer in enumerate(network.layers):
            try:
                x, after, _ = cell.step(ops, layer, x, states[depth])
            except Unbounded:
                # Of exponentials and quotients there may be no bounds: not in exact arithmetic, nor in the first step.
                words = {node.word for node in record(cell).nodes}
                assert rounding is not None, "no bounds in exact arithmetic"
                assert t > 0, "no bounds at the first step"
                assert words & {"exp", "divide"}, f"no bounds at step {t + 1}"
                return
            states[depth] = unpack(ops.carried([form for value in after for form in value]))
            for label, value in states[depth]._asdict().items():
                found = np.asarray(getattr(ran.states[depth], label), np.float64)[:, t].reshape(rows, -1)
                for place, form in enumerate(value):
                    holds(form, found[:, place])
        for place, form in enumerate(ops.linear(network.readout, x)["y"]):
            holds(form, np.asarray(ran.outputs)[:, t, place].astype(np.float64))
