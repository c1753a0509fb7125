"""The laws of a cell, checked in float64: its declarations, its step and its gradient.

Each law is a function of the cell's name. Laws about sequences also take the function that runs the network. A law
raises ``LawViolation`` if it does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from holdfast.core.arrays import Array, PerLayer
from holdfast.core.cell import CONSTANT, VECTOR, Step
from holdfast.core.typed_jax import tree_map
from holdfast.engine.network import Layer, Linear, Network
from holdfast.engine.readings.equation import output_name, symbols
from holdfast.engine.readings.numbers import Numbers, as_vector
from holdfast.engine.readings.record import NotOpened, Unsupported, record
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import Trace, trace, unroll
from holdfast.models.levels import STEPS_ONLY
from holdfast.plugins.equations import evaluate
from holdfast.plugins.laws import LawViolation, NotApplicable, expect
from holdfast.plugins.random_networks import numbers, random_network, random_state

Tree = TypeVar("Tree")
Named = dict[str, np.ndarray]
Reference = Callable[[Named, np.ndarray, Named], tuple[np.ndarray, Named, Named]]
"""A layer's weights by letter, x and the states by name, to the output, and the states and gates after the step."""
Run = Callable[[Network, Array, PerLayer], tuple[Array, PerLayer]]

ROUNDED = 1e-13
"""The accepted difference between two orders of the same sum of a few numbers near 1."""
DIFFERENCES = 1e-8
"""The accepted absolute and relative difference between a finite difference and the gradient."""


def names_fit_together(name: str) -> str:
    """The names of gates, states, letters and maps are consistent."""
    cell = resolve(name)
    gates, letters = set(cell.gates), set(cell.letters)
    expect(letters == gates, f"letters are for {_listed(letters)}, gates are {_listed(gates)}")
    expect(len(set(cell.letters.values())) == len(gates), "two gates share a letter")
    mapped = {gate for m in cell.maps for gate in m.gates}
    expect(mapped == gates, f"maps are for {_listed(mapped)}, gates are {_listed(gates)}")
    expect(len({m.source for m in cell.maps}) == len(cell.maps), "two maps read the same")
    odd = {cell.keep, cell.write} - {*gates, ""}
    expect(not odd, f"keep or write names {_listed(odd)}, gates are {_listed(gates)}")
    return f"gates {_listed(gates)}"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def the_description_is_whole(name: str) -> None:
    """The title is a sentence, and the source has a year."""
    cell = resolve(name)
    expect(cell.title.endswith("."), f"the docstring's first sentence does not end: {cell.title!r}")
    expect(bool(re.search(r"\b(19|20)\d\d\b", cell.source)), f"the source names no year: {cell.source!r}")


def the_step_is_in_the_alphabet(name: str) -> str:
    """The step can be recorded: it uses only words of the alphabet, so that every reading applies. A step with other
    operations is not an error, but its models have a lower level."""
    try:
        return f"{len(record(resolve(name)).nodes)} words"
    except NotOpened as reason:
        raise NotApplicable(f"{reason}, so that it makes {STEPS_ONLY}") from reason
    except Unsupported as reason:
        raise LawViolation(str(reason)) from reason


def the_step_gives_what_it_declares(name: str) -> None:
    """One step on numbers returns a ``Step``: an output with one number for each unit, and the declared states and
    gates with their axes, all finite."""
    network = random_network(name)
    cell, state, (layer,) = network.cell, random_state(network, 2)[0], network.layers
    inputs = network.embedded(numbers(2, 2))
    found = cell.step(Numbers(), layer, inputs, state)
    expect(isinstance(found, Step), f"the step gives a {type(found).__name__}, expected a Step")
    for kind, wanted, part in (("states", cell.states, found.state), ("gates", cell.gates, found.gates)):
        names = getattr(part, "_fields", None)
        expect(names == wanted, f"the step gives the {kind} {names}, expected {wanted}")
    read = as_vector(found.output, inputs)
    expect(
        np.shape(read) == (2, network.units), f"output has the shape {np.shape(found.output)}, expected [batch, unit]"
    )
    parts = {**found.state._asdict(), **found.gates._asdict()}
    for label, value in parts.items():
        wanted, names = (2, *network.shape(label)), ", ".join(("batch", *cell.axes_of(label)))
        expect(np.shape(value) == wanted, f"{label} has the shape {np.shape(value)}, expected [{names}] = {wanted}")
    for label, value in {"output": found.output, **parts}.items():
        expect(bool(np.isfinite(value).all()), f"{label} has numbers that are not finite")


def the_gradient_is_finite(name: str) -> None:
    """Gradients through a few steps are finite."""
    network, inputs = random_network(name), numbers(2, 3, 2)
    gradient = jax.jit(jax.grad(lambda network: unroll(network, inputs)[0].sum()))(network)
    finite = all(bool(np.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
    expect(finite, "the gradient has numbers that are not finite")


def batch_is_singles(name: str, run: Run = unroll) -> None:
    """Every row of a batch gives the same results alone."""
    network, inputs = random_network(name), numbers(3, 4, 2)
    state = random_state(network, 3)
    together, alone = jax.jit(run)(network, inputs, state), jax.jit(run)
    for row in range(3):
        here = slice(row, row + 1)
        got = alone(network, inputs[here], take(state, here))
        same(got, take(together, here), f"row {row} alone and among others")


def chunks_are_the_whole(name: str, run: Run = unroll) -> None:
    """A sequence in pieces, with the state carried over, gives the same results as the whole sequence."""
    network, inputs = random_network(name, layers=2), numbers(2, 6, 2)
    start, run = random_state(network, 2), jax.jit(run)
    whole, pieces, state = run(network, inputs, start), [], start
    for first, last in ((0, 2), (2, 3), (3, 6)):
        piece, state = run(network, inputs[:, first:last], state)
        pieces.append(piece)
    same((jnp.concatenate(pieces, 1), state), whole, "a sequence in pieces and whole")


def relabelling_commutes(name: str, run: Run = unroll) -> None:
    """Units, heads and other axes can be permuted: the same permutation in every map gives the same outputs."""
    network, inputs = random_network(name, layers=2), numbers(2, 4, 2)
    start, cell, run = random_state(network, 2), network.cell, jax.jit(run)
    try:
        shown = record(cell).output.axes
    except Unsupported:
        shown = VECTOR
    sizes = dict(zip(shown, network.sizes(shown), strict=True))
    for label in (*cell.states, *cell.gates):
        sizes |= zip(cell.axes_of(label), network.shape(label), strict=True)
    outputs, end = run(network, inputs, start)
    for axis, size in sizes.items():
        if isinstance(cell.sizes.get(axis), int):  # such as the two parts of a complex number, whose order matters
            continue
        order = np.roll(np.arange(size), 1)

        def moved(axes: tuple[str, ...], axis: str = axis, order: np.ndarray = order) -> np.ndarray:
            """The source index of each number of an array with these axes, in row-major order."""
            places = np.arange(prod(sizes[one] for one in axes)).reshape([sizes[one] for one in axes])
            return np.take(places, order, axes.index(axis)).ravel() if axis in axes else places.ravel()

        def relabelled(source: str, linear: Linear, below: np.ndarray, moved: Any = moved) -> Linear:
            axes = cell.axes_of(source)[linear.heads > 1 :]  # a map per head reads what belongs to its own head
            rows = below if source == "x" else moved(axes) if source != CONSTANT else np.arange(0)
            for gate in linear.gates:
                (matrix, bias), columns = linear.of(gate), moved(cell.axes_of(gate))
                matrix = matrix if linear.diagonal else matrix[..., rows, :]
                linear = linear.put(gate, matrix[..., columns], None if bias is None else bias[..., columns])
            return linear

        layers, embedding, first = [], network.embedding, np.arange(network.inputs)
        if embedding is not None:
            (matrix, bias), first = embedding.of(*embedding.gates), moved(VECTOR)
            embedding = replace(embedding, matrix=matrix[:, first], bias=bias[first])
        for depth, layer in enumerate(network.layers):
            below = first if depth == 0 else moved(shown)
            layers.append({source: relabelled(source, linear, below) for source, linear in layer.items()})
        readout = replace(network.readout, matrix=network.readout.matrix[moved(shown)])

        def states(layers: Any, moved: Any = moved) -> Any:
            return tuple(
                cell.state_type(*(_in_order(value, moved(cell.axes_of(n))) for n, value in layer._asdict().items()))
                for layer in layers
            )

        new = replace(network, layers=tuple(layers), readout=readout, embedding=embedding)
        got = run(new, inputs, states(start))
        same(got, (outputs, states(end)), f"axis {axis} in another order")


def _in_order(value: jax.Array, places: np.ndarray) -> jax.Array:
    return value.reshape(len(value), -1)[:, places].reshape(value.shape)


def gradients_are_finite_differences(name: str, run: Run = unroll) -> None:
    """The gradient equals (objective(+step) - objective(-step)) / (2 step) for every weight and initial state, with one
    Richardson extrapolation: a third of the change from doubling the step is subtracted, which cancels the third
    derivative.

    The step is 5e-5: the rounding error of the difference is about 1e-10, and the truncation error is far smaller.
    """
    network, inputs, step = random_network(name, layers=2), numbers(2, 4, 2), 5e-5
    at, restore = ravel_pytree((network, random_state(network, 2)))

    def objective(flat: jax.Array) -> jax.Array:
        network, state = restore(flat)
        seen = jax.tree.leaves(run(network, inputs, state))
        return _weighed(seen)

    gradient = jax.jit(jax.grad(objective))(at)
    moves = step * np.concatenate([k * np.eye(at.size) for k in (1, -1, 2, -2)])
    up, down, up_twice, down_twice = np.split(jax.jit(jax.vmap(objective))(at + moves), 4)
    differences = (8 * (up - down) - (up_twice - down_twice)) / (12 * step)
    room = DIFFERENCES * (1 + np.abs(differences))
    for path, leaf in jax.tree.leaves_with_path(restore(np.abs(gradient - differences) - room)):
        words = f"the gradient of {_place(path)} is not the slope that finite differences find"
        expect(bool((leaf <= 0).all()), words)
    for path, leaf in jax.tree.leaves_with_path(restore(gradient)):
        expect(leaf.size == 0 or np.abs(leaf).max() > 0, f"nothing depends on {_place(path)}")


def _weighed(parts: list[jax.Array]) -> jax.Array:
    """A scalar that depends on every number in these arrays."""
    return jnp.stack([(part * numbers(*part.shape, seed=n)).sum() for n, part in enumerate(parts)]).sum()


def _place(path: Any) -> str:
    return jax.tree_util.keystr(path[1:])


def trace_is_the_independent_step(
    name: str, reference: Reference, run: Callable[[Network, Array, PerLayer], Trace] = trace
) -> None:
    """Every gate and state of every layer has its name, and the value of an independent step in NumPy."""
    network, inputs = random_network(name, layers=2), numbers(2, 3, 2)
    start = random_state(network, 2)
    found = run(network, inputs, start)
    below = np.asarray(network.embedded(inputs))
    for layer, first, states, gates in zip(network.layers, start, found.states, found.gates, strict=True):
        expect(states._fields == resolve(name).states, f"the trace has the states {states._fields}")
        expect(gates._fields == resolve(name).gates, f"the trace has the gates {gates._fields}")
        state = {label: np.asarray(value) for label, value in zip(network.cell.states, first, strict=True)}
        above = []
        for t in range(inputs.shape[1]):
            weights = by_letter(name, layer)
            output, state, opened = reference(weights, below[:, t], state)
            for label, value in state.items():
                same(getattr(states, label)[:, t], value, f"state {label} at step {t + 1}")
            for gate, value in opened.items():
                same(getattr(gates, gate)[:, t], value, f"gate {gate} at step {t + 1}")
            above.append(np.reshape(output, (2, -1)))
        below = np.stack(above, 1)
    read = below @ np.asarray(network.readout.matrix) + np.asarray(network.readout.bias)
    same(found.outputs, read, "outputs")
    same((found.outputs, found.state), unroll(network, inputs, start), "the trace and the run")
    same(take(found.states, np.s_[:, -1]), found.state, "the last state")


def equation_says_what_is_computed(name: str) -> None:
    """The printed equation, parsed and evaluated with NumPy, gives the values of the step."""
    try:
        record(resolve(name))
    except NotOpened as reason:
        raise NotApplicable("a step that uses operations outside the alphabet has no equation") from reason
    cell, network = resolve(name), random_network(name)
    shapes = {cell.letters[gate]: network.shape(gate) for gate in cell.gates}

    def written(weights: Named, x: np.ndarray, state: Named) -> tuple[np.ndarray, Named, Named]:
        values = evaluate(cell, weights, shapes, x, state)
        gates = {gate: values[cell.letters[gate]] for gate in cell.gates}
        return values[output_name(cell)], {label: values[f"{label}'"] for label in cell.states}, gates

    trace_is_the_independent_step(name, written)


def by_letter(name: str, layer: Layer) -> Named:
    """A layer's weights with the names of the equation: ``W_i`` [input, unit] and ``b_i``, ``U_i`` and ``d_i``, and
    ``p_i`` [unit] for a diagonal map."""
    found, cell = {}, resolve(name)
    written = symbols(cell)
    for source, linear in layer.items():
        whole = linear.dense() if linear.heads > 1 else linear
        for gate in linear.gates:
            letter, (matrix, bias) = cell.letters[gate], whole.of(gate)
            if linear.diagonal:
                found[f"{written[source][0].lower()}_{letter}"] = np.asarray(matrix)[0]
            elif source != CONSTANT:
                found[f"{written[source][0]}_{letter}"] = np.asarray(matrix)
            if bias is not None:
                found[f"{written[source][1]}_{letter}"] = np.asarray(bias)
    return found


def take(tree: Tree, rows: int | slice | tuple[slice | int, ...]) -> Tree:
    """These rows of every array."""
    return tree_map(lambda a: a[rows], tree)


def same(got: object, expected: object, what: str, atol: float = ROUNDED) -> None:
    """Raise ``LawViolation`` if two trees differ by more than ``atol``, a tolerance for rounding. In an
    array with a number above 1, it is relative to the largest number."""
    expect(jax.tree.structure(got) == jax.tree.structure(expected), f"{what}: another structure")
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        expect(np.shape(a) == np.shape(b), f"{what}: shape {np.shape(a)}, expected {np.shape(b)}")
        apart = float(np.abs(np.asarray(a) - np.asarray(b)).max(initial=0))
        allowed = atol * max(1.0, float(np.abs(np.asarray(b)).max(initial=0)))
        expect(apart <= allowed, f"{what}: {apart:.3g} apart, expected at most {allowed:g}")
