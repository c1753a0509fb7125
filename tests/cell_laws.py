"""The laws of cells that judge the engine as well: padding, truncation, files, counts and bounds, in float64.

Those of the cell alone are ``holdfast.plugins.cell_laws``. Each is a function of the cell's name, and of the act that
it judges. ``test_every_cell.py`` applies each to every cell and to a planted offender that it has to catch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.alphabet.enclosures.rounding import Rounding
from holdfast.engine.files import load, save
from holdfast.engine.network import Network, create
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.readings.record import record
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import unroll
from holdfast.plugins.bounds_laws import STEPS, Reading, steps_contained
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
    name: str, layers: int, rounding: Rounding | None, symbols: int, reading: Reading = Bounds
) -> None:
    """Every step has bounds that hold; in IEEE arithmetic, of exponentials and quotients, the first at least."""
    steps, why = steps_contained(name, layers, rounding, symbols, reading)
    words = {node.word for node in record(resolve(name)).nodes}
    assert steps == STEPS or (rounding is not None and steps and words & {"exp", "divide"}), f"no bounds: {why}"
