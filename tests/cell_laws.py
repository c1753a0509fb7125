"""The laws that every cell obeys, in the numbers of float64.

Each is a function of the cell's name, and of the act that it judges where the law is about time and not the cell.
It raises ``AssertionError`` where the law is broken; ``test_every_cell.py`` applies each to every cell and to a
planted offender that it has to catch.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb
from jax.flatten_util import ravel_pytree

from holdfast import cells
from holdfast.engine.files import load, save
from holdfast.engine.network import Linear, Network, at_step, create
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.readings.forms import ZERO, Form, total
from holdfast.engine.readings.numbers import Numbers
from holdfast.engine.readings.record import Unsupported, record
from holdfast.engine.readings.rounding import Rounding
from holdfast.engine.unroll import trace, unroll
from tests.networks import numbers, random_network, random_state
from tests.written_equation import evaluate

EXACT = {"rtol": 0, "atol": 1e-13}
"""Two orders of the same sum of a few numbers near 1."""


def gradients_are_finite_differences(name: str, run: Any = unroll) -> None:
    """d(objective)/d(number) = (objective(+step) - objective(-step)) / 2 step for every weight and initial state, less
    a third of what doubling the step changes, which takes the third derivative out.

    Step 5e-5: the rounding of the difference is near 1e-10, what is neglected far below. Where the cell stops a
    gradient by intent, what is stopped is held still while the number moves: see ``held_still``.
    """
    network, inputs, step = random_network(name, layers=2), numbers(2, 4, 2), 5e-5
    at, restore = ravel_pytree((network, random_state(network, 2)))

    def objective(flat: jax.Array) -> jax.Array:
        network, state = restore(flat)
        seen = jax.tree.leaves(run(network, inputs, state))
        return sum((part * numbers(*part.shape, seed=n)).sum() for n, part in enumerate(seen))

    moved, stopped = objective, stops(name)
    if stopped:
        held = held_still(network, inputs, random_state(network, 2))

        def moved(flat: jax.Array) -> jax.Array:
            seen = jax.tree.leaves(held(*restore(flat)))
            return sum((part * numbers(*part.shape, seed=n)).sum() for n, part in enumerate(seen))

        assert moved(at) == pytest.approx(float(objective(at)), abs=1e-12)
    gradient = jax.jit(jax.grad(objective))(at)
    moves = step * np.concatenate([k * np.eye(at.size) for k in (1, -1, 2, -2)])
    up, down, up_twice, down_twice = np.split(jax.jit(jax.vmap(moved))(at + moves), 4)
    differences = (8 * (up - down) - (up_twice - down_twice)) / (12 * step)
    np.testing.assert_allclose(gradient, differences, rtol=1e-8, atol=1e-8)
    for path, leaf in jax.tree.leaves_with_path(restore(gradient)):
        if not (stopped and path[0] == jax.tree_util.SequenceKey(1)):
            assert np.abs(leaf).max() > 0, f"nothing depends on {jax.tree_util.keystr(path)}"


def stops(name: str) -> bool:
    """Whether the cell's gradient is by intent not the derivative, as its step says."""
    try:
        return any(node.word == "stop" for node in record(cells.get(name)).nodes)
    except Unsupported:
        return False


class HeldStill(Numbers):
    """Numbers whose ``stop`` gives, in the order it is said, what it gave when nothing had been moved yet."""

    def __init__(self) -> None:
        self.first, self.said, self.known = True, 0, []

    def stop(self, a: jax.Array) -> jax.Array:
        if self.first:
            self.known.append(a)
        self.said += 1
        return self.known[self.said - 1]


def held_still(network: Network, inputs: jax.Array, start: Any) -> Any:
    """A run, step by step, in which what the cell stops keeps the values that it has in this network from this state:
    of that function what the cell calls its gradient is the derivative."""
    reading = HeldStill()

    def run(network: Network, state: Any) -> Any:
        reading.said, hidden = 0, []
        for t in range(inputs.shape[1]):
            x, after = inputs[:, t], []
            for layer, before in zip(network.layers, state, strict=True):
                x, new, _ = network.cell.step(reading, layer, x, before)
                after.append(new)
            state = tuple(after)
            hidden.append(x)
        return network.readout(jnp.stack(hidden, 1)), state

    run(network, start)
    reading.first = False
    return run


def batch_is_singles(name: str, run: Any = unroll) -> None:
    """Every row gives alone what it gives among others."""
    network, inputs = random_network(name), numbers(3, 4, 2)
    state = random_state(network, 3)
    together, alone = jax.jit(run)(network, inputs, state), jax.jit(run)
    for row in range(3):
        here = slice(row, row + 1)
        _same(alone(network, inputs[here], _take(state, here)), _take(together, here))


def chunks_are_the_whole(name: str, run: Any = unroll) -> None:
    """A sequence read in pieces, the state carried from piece to piece, gives what the whole gives."""
    network, inputs = random_network(name, layers=2), numbers(2, 6, 2)
    start = random_state(network, 2)
    whole, pieces, state = run(network, inputs, start), [], start
    for first, last in ((0, 2), (2, 3), (3, 6)):
        piece, state = run(network, inputs[:, first:last], state)
        pieces.append(piece)
    _same((jnp.concatenate(pieces, 1), state), whole)


def absent_steps_change_nothing(name: str, run: Any = unroll) -> None:
    """Steps that are not present might as well not be there: outputs, the last state and every gradient say so."""
    network = random_network(name)
    start = random_state(network, 2)
    present = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 0]], bool)
    inputs = jnp.where(present[..., None], numbers(2, 5, 2), 1e3 * numbers(2, 5, 2, seed=3))
    weight = numbers(5, 2, seed=4)

    def padded(network: Network) -> Any:
        outputs, end = run(network, inputs, start, present=jnp.asarray(present))
        return [(outputs[row, here], _take(end, row)) for row, here in enumerate(present)]

    def plain(network: Network) -> Any:
        rows = [np.s_[row : row + 1] for row in range(2)]
        found = [run(network, inputs[row, here], _take(start, row)) for row, here in zip(rows, present, strict=True)]
        return [_take(row, 0) for row in found]

    def judged(network: Network, way: Any) -> Any:
        rows = way(network)
        return sum((outputs * weight[: len(outputs)]).sum() for outputs, _ in rows), rows

    both = jax.jit(lambda n: [jax.value_and_grad(judged, has_aux=True)(n, way) for way in (padded, plain)])
    ((_, found), gradient), ((_, expected), gradient_expected) = both(network)
    _same(found, expected)
    _same(gradient, gradient_expected, atol=1e-12)


def relabelling_units_commutes(name: str, run: Any = unroll) -> None:
    """Units have no names: taken in another order, in every map at once, they give the same outputs."""
    network, inputs = random_network(name, layers=2), numbers(2, 4, 2)
    start, order = random_state(network, 2), np.array([2, 0, 1])

    def relabelled(linear: Linear, reads_units: bool) -> Linear:
        for gate in linear.gates:
            matrix, bias = linear.of(gate)
            matrix = matrix[..., order, :] if reads_units and not linear.diagonal else matrix
            linear = linear.put(gate, matrix[..., order], None if bias is None else bias[..., order])
        return linear

    layers = tuple(
        {source: relabelled(linear, source != "x" or depth > 0) for source, linear in layer.items()}
        for depth, layer in enumerate(network.layers)
    )
    readout = Linear(network.readout.matrix[order], network.readout.bias, network.readout.gates)
    columns = np.s_[:, order]
    outputs, end = run(network, inputs, start)
    _same(run(Network(layers, readout, name), inputs, _take(start, columns)), (outputs, _take(end, columns)))


def truncation_cuts_between_windows(name: str, run: Any = unroll) -> None:
    """With windows of k steps, d output[t] / d input[s] is the whole one within a window and 0 across its border."""
    network, inputs = random_network(name), numbers(1, 5, 2)
    state = random_state(network, 1)

    def jacobian(x: jax.Array, truncate: int | None) -> Any:
        outputs = lambda x: run(network, x, state, truncate=truncate)[0]  # noqa: E731
        return outputs(x), jax.jacrev(outputs)(x)[0, :, :, 0]  # [time of output, output, time of input, input]

    windows, time = (1, 2, 9), np.arange(5)
    (values, whole), *cut = jax.jit(lambda x: [jacobian(x, k) for k in (None, *windows)])(inputs)
    assert np.abs(whole[1:, :, 0]).max() > 1e-6 or not cells.get(name).states, "no memory: there is nothing to judge"
    for k, (same, found) in zip(windows, cut, strict=True):
        inside = (time[:, None] // k == time[None, :] // k)[:, None, :, None]
        _same(found, np.where(inside, whole, 0))
        _same(same, values)


def trace_is_the_independent_step(name: str, reference: Any, run: Any = trace) -> None:
    """Every gate and state of every layer has its name, and the value that a step in plain NumPy gives it."""
    network, inputs = random_network(name, layers=2), numbers(2, 3, 2)
    start = random_state(network, 2)
    found = run(network, inputs, start)
    below = np.asarray(inputs)
    for layer, first, states, gates in zip(network.layers, start, found.states, found.gates, strict=True):
        assert states._fields == cells.get(name).states
        assert gates._fields == cells.get(name).gates
        state = {label: np.asarray(value) for label, value in first._asdict().items()}
        above = []
        for t in range(inputs.shape[1]):
            weights = by_letter(name, at_step(layer, t) if network.cell.per_step else layer)
            output, state, opened = reference(weights, below[:, t], state)
            for label, value in state.items():
                np.testing.assert_allclose(getattr(states, label)[:, t], value, **EXACT, err_msg=f"state {label}")
            for gate, value in opened.items():
                np.testing.assert_allclose(getattr(gates, gate)[:, t], value, **EXACT, err_msg=f"gate {gate}")
            above.append(output)
        below = np.stack(above, 1)
    np.testing.assert_allclose(
        found.outputs, below @ np.asarray(network.readout.matrix) + np.asarray(network.readout.bias), **EXACT
    )
    _same((found.outputs, found.state), unroll(network, inputs, start))
    _same(_take(found.states, np.s_[:, -1]), found.state)


def equation_says_what_is_computed(name: str) -> None:
    """The step as it is printed, read back and evaluated by NumPy, is the step that is computed."""

    def written(weights: dict[str, np.ndarray], x: np.ndarray, state: dict[str, np.ndarray]) -> Any:
        values = evaluate(cells.get(name), weights, x, state)
        cell = cells.get(name)
        gates = {gate: values[cell.letters[gate]] for gate in cell.gates}
        return values["h'"], {label: values[f"{label}'"] for label in cell.states}, gates

    trace_is_the_independent_step(name, written)


def files_keep_every_bit(name: str, folder: Path, dtype: Any, write: Any = save, read: Any = load) -> None:
    """What is loaded is what was saved, bit for bit, with the same structure; signed zeros and infinities too."""
    network = random_network(name, layers=2, dtype=dtype)
    odd = jnp.asarray([-0.0, jnp.inf, jnp.finfo(dtype).tiny / 4], dtype)
    gate = network.layers[1]["x"].gates[-1]
    network.layers[1]["x"] = network.layers[1]["x"].put(gate, bias=odd)
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
    count = cells.get(name).parameters
    assert held == count(inputs, units) + (layers - 1) * count(units, units)


def names_are_whole(name: str) -> None:
    """Gates, states, letters and maps name each other, the title is a sentence, the source has a year."""
    cell = cells.get(name)
    assert set(cell.letters) == set(cell.gates)
    assert len(set(cell.letters.values())) == len(cell.gates), "two gates share a letter"
    assert {gate for m in cell.maps for gate in m.gates} == set(cell.gates)
    assert len({m.source for m in cell.maps}) == len(cell.maps)
    assert {cell.keep, cell.write} <= {*cell.gates, ""}
    assert cell.title.endswith(".")
    assert re.search(r"\b(19|20)\d\d\b", cell.source)


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
    states = [cell.state_type(*((ZERO,) * network.units for _ in cell.states)) for _ in network.layers]
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
        for depth, layer in enumerate(network.layers):
            x, after, _ = cell.step(ops, at_step(layer, t) if cell.per_step else layer, x, states[depth])
            tidy = iter(ops.carried([form for value in after for form in value]))
            states[depth] = cell.state_type(*(tuple(next(tidy) for _ in value) for value in after))
            for label, value in states[depth]._asdict().items():
                for unit, form in enumerate(value):
                    holds(form, np.asarray(getattr(ran.states[depth], label))[:, t, unit].astype(np.float64))
        for place, form in enumerate(ops.linear(network.readout, x)["y"]):
            holds(form, np.asarray(ran.outputs)[:, t, place].astype(np.float64))


def by_letter(name: str, layer: Any) -> dict[str, np.ndarray]:
    """A layer's weights as the literature writes them: ``W_i`` [input, unit] and ``b_i``, ``U_i`` and ``d_i``, of one
    weight for every unit ``p_i`` [unit]."""
    symbols = {"x": ("W", "b"), "h": ("U", "d"), "c": ("P", "e"), "k": ("V", "a")}
    found = {}
    for source, linear in layer.items():
        for gate in linear.gates:
            letter, (matrix, bias) = cells.get(name).letters[gate], linear.of(gate)
            if linear.diagonal:
                found[f"{symbols[source][0].lower()}_{letter}"] = np.asarray(matrix)[0]
            else:
                found[f"{symbols[source][0]}_{letter}"] = np.asarray(matrix)
            if bias is not None:
                found[f"{symbols[source][1]}_{letter}"] = np.asarray(bias)
    return found


def _take(tree: Any, rows: Any) -> Any:
    return jax.tree.map(lambda a: a[rows], tree)


def _same(got: Any, expected: Any, atol: float = EXACT["atol"]) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)
