"""The operation under every transformation of JAX, at numbers that are not finite, and over very many steps."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from holdfast import cells
from holdfast.core.errors import BadValue
from holdfast.engine.native import library
from holdfast.engine.network import create
from holdfast.engine.unroll import unroll
from tests.engine.native.agreement import AT_MOST, apart
from tests.networks import numbers, random_network, random_state

CELLS = sorted(library.status().cells)
BATCH, STEPS, NETWORKS = 3, 5, 4

every_cell = pytest.mark.parametrize("cell", CELLS)
every_format = pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64], ids=["float32", "float64"])
pytestmark = pytest.mark.usefixtures("quick_to_compile", "float64")


def some_inputs(*leading, dtype=jnp.float64, seed=1):
    return numbers(*leading, BATCH, STEPS, 2, seed=seed, dtype=dtype)


def several(cell, dtype=jnp.float64, count=NETWORKS):
    """Networks side by side: one tree whose arrays have a leading axis."""
    one = random_network(cell, dtype=dtype)
    scales = jnp.linspace(0.5, 1.1, count, dtype=dtype)
    return jax.tree.map(lambda a: a * scales.reshape(-1, *[1] * a.ndim), one)


def loss(engine, truncate=None):
    """A number of a network and inputs, into which every output and every last state enters differently."""

    def value(network, inputs):
        outputs, last = unroll(
            network, inputs, random_state(network, inputs.shape[0]), engine=engine, truncate=truncate
        )
        return (jnp.sin(outputs) * jnp.arange(1.0, 1.0 + outputs.size).reshape(outputs.shape)).sum() + sum(
            (leaf**2).sum() for leaf in jax.tree.leaves(last)
        )

    return value


def agree(transformed, *arguments):
    """``transformed(loss(engine))`` is the same for both engines, and the native one is really asked."""
    native, loop = (jax.jit(transformed(loss(engine))).lower(*arguments) for engine in ("native", "loop"))
    assert "holdfast_forward" in native.as_text()
    assert "holdfast" not in loop.as_text()
    found, expected = native.compile()(*arguments), loop.compile()(*arguments)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    at_most = AT_MOST[str(jax.tree.leaves(arguments)[0].dtype)]
    assert apart(found, expected)[0] <= at_most
    assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(found)) > 1e-3


TRANSFORMED = {
    "jit": (lambda f: f, None, None),
    "weights and inputs": (lambda f: jax.value_and_grad(f, argnums=(0, 1)), None, None),
    "inputs alone": (lambda f: jax.value_and_grad(f, argnums=1), None, None),
    "vmap over networks": (lambda f: jax.vmap(f, (0, None)), 0, None),
    "vmap over inputs": (lambda f: jax.vmap(f, (None, 0)), None, 0),
    "vmap over both": (jax.vmap, 0, 0),
    "vmap of grad, networks": (lambda f: jax.vmap(jax.grad(f, (0, 1)), (0, None)), 0, None),
    "vmap of grad, inputs": (lambda f: jax.vmap(jax.grad(f, (0, 1)), (None, 0)), None, 0),
    "vmap of grad, both": (lambda f: jax.vmap(jax.grad(f, (0, 1))), 0, 0),
    "grad of vmap, networks": (lambda f: jax.grad(summed(jax.vmap(f, (0, None))), (0, 1)), 0, None),
    "grad of vmap, inputs": (lambda f: jax.grad(summed(jax.vmap(f, (None, 0))), (0, 1)), None, 0),
    "nested vmap": (lambda f: jax.vmap(jax.vmap(f, (None, 0)), (0, None)), 0, 0),
    "nested vmap, inner networks": (lambda f: jax.vmap(jax.vmap(f, (0, None)), (None, 0)), 0, 0),
    "grad of nested vmap": (lambda f: jax.grad(summed(jax.vmap(jax.vmap(f, (None, 0)), (0, None))), (0, 1)), 0, 0),
    "nested vmap of grad": (lambda f: jax.vmap(jax.vmap(jax.grad(f, (0, 1)), (0, None)), (None, 0)), 0, 0),
    "recomputed": (lambda f: jax.grad(jax.checkpoint(f), (0, 1)), None, None),
}


def summed(f):
    return lambda *arguments: jnp.sin(f(*arguments)).sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSFORMED)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_transformation_gives_what_it_gives_with_the_loop(name, cell):
    transformed, network_axis, inputs_axis = TRANSFORMED[name]
    network = random_network(cell) if network_axis is None else several(cell)
    # Other than NETWORKS, so that axes mixed up would not fit.
    inputs = some_inputs() if inputs_axis is None else some_inputs(NETWORKS if "both" in name or name == "vmap" else 2)
    agree(transformed, network, inputs)


@pytest.mark.slow
@every_cell
def test_single_precision_goes_through_vmap_of_grad(cell):
    agree(
        lambda f: jax.vmap(jax.grad(f, (0, 1)), (0, None)),
        several(cell, jnp.float32),
        some_inputs(dtype=jnp.float32),
    )


def test_vmap_over_the_mask_and_the_state_alone():
    network, inputs = random_network("lstm"), some_inputs()
    present = jnp.asarray(np.random.default_rng(5).random((NETWORKS, BATCH, STEPS)) < 0.5)
    states = jax.tree.map(lambda a: numbers(2, *a.shape, seed=a.size), network.start(BATCH))

    def act(engine):
        def value(present, state):
            return unroll(network, inputs, state, present=present, engine=engine)

        return jax.jit(jax.vmap(jax.vmap(value, (0, None)), (None, 0)))(present, states)

    assert apart(act("native"), act("loop"))[0] <= AT_MOST["float64"]


@pytest.mark.parametrize("networks", [1, NETWORKS])
@pytest.mark.parametrize("truncate", [None, 2])
def test_a_jacobian_row_by_row_is_that_of_the_loop(networks, truncate):
    """Many cotangents meet what one forward pass has left, of one network and of several."""
    inputs = some_inputs()

    def jacobian(engine):
        def value(network, inputs):
            return unroll(network, inputs, engine=engine, truncate=truncate)[0][0, -1]

        of_one = jax.jacrev(value, argnums=(0, 1))
        return jax.jit(of_one if networks == 1 else jax.vmap(of_one, (0, None)))

    network = random_network("gru") if networks == 1 else several("gru")
    assert apart(jacobian("native")(network, inputs), jacobian("loop")(network, inputs))[0] <= AT_MOST["float64"]


def test_windows_cut_within_vmap_of_grad():
    found, expected = (
        jax.jit(jax.vmap(jax.grad(loss(engine, truncate=2), (0, 1)), (0, None)))(several("gru"), some_inputs())
        for engine in ("native", "loop")
    )
    assert apart(found, expected)[0] <= AT_MOST["float64"]


@every_format
def test_pieces_in_a_scan_are_the_whole(dtype):
    network = random_network("lstm", dtype=dtype)
    pieces = some_inputs(NETWORKS, dtype=dtype)

    def in_pieces(network, pieces):
        def piece(state, inputs):
            outputs, state = unroll(network, inputs, state, engine="native")
            return state, outputs

        return lax.scan(piece, network.start(BATCH), pieces)

    def whole(network, pieces):
        joined = jnp.concatenate(list(pieces), axis=1)
        outputs, state = unroll(network, joined, network.start(BATCH), engine="native")
        return state, jnp.stack(jnp.split(outputs, NETWORKS, axis=1))

    def graded(act):
        return jax.jit(jax.grad(lambda *a: sum((leaf**2).sum() for leaf in jax.tree.leaves(act(*a))), (0, 1)))

    assert apart(in_pieces(network, pieces), whole(network, pieces))[0] <= AT_MOST[str(jnp.dtype(dtype))]
    found, expected = (graded(act)(network, pieces) for act in (in_pieces, whole))
    assert apart(found, expected)[0] <= AT_MOST[str(jnp.dtype(dtype))]


def test_a_training_loop_inside_one_program_goes_where_it_goes_with_the_loop():
    def trained(engine):
        def step(_, network):
            gradient = jax.grad(loss(engine, truncate=3))(network, some_inputs())
            return jax.tree.map(lambda a, b: a - 1e-3 * b, network, gradient)

        return jax.jit(lambda network: lax.fori_loop(0, 20, step, network))

    start = random_network("gru")
    found = trained("native")(start)
    assert apart(found, trained("loop")(start))[0] <= 1e-10  # 20 steps, over which differences may grow
    assert apart(found, start)[0] > 1e-2


def test_forward_mode_is_refused_and_had_with_the_loop():
    network, inputs = random_network("lstm"), some_inputs()
    with pytest.raises(BadValue, match="forward-mode or second derivatives"):
        jax.jacfwd(loss("native"), argnums=1)(network, inputs)
    forwards = jax.jacfwd(loss("loop"), argnums=1)(network, inputs)
    assert apart(jax.grad(loss("native"), argnums=1)(network, inputs), forwards)[0] <= AT_MOST["float64"]


def test_a_second_derivative_is_refused_with_the_engine_that_has_it():
    network, inputs = random_network("gru"), some_inputs()

    def slope(inputs):
        return jax.grad(loss("native"), argnums=1)(network, inputs).sum()

    with pytest.raises(BadValue) as refused:
        jax.grad(slope)(inputs)
    assert "second derivatives" in refused.value.message
    assert 'engine="loop"' in refused.value.fix


def test_nobody_asks_for_the_gradient_of_inputs_that_are_constant():
    network, inputs = random_network("lstm"), some_inputs()
    lowered = jax.jit(jax.grad(loss("native"))).lower(network, inputs).as_text()
    both = jax.jit(jax.grad(loss("native"), (0, 1))).lower(network, inputs).as_text()
    assert f"tensor<1x{BATCH}x{STEPS}x2xf64>" in backward_call(both).split("->")[1]
    assert "tensor<1x0x0x0xf64>" in backward_call(lowered).split("->")[1]


@pytest.mark.parametrize("networks", [1, NETWORKS])
def test_where_only_the_last_step_is_read_all_networks_share_one_cotangent_of_zeros(networks):
    inputs = some_inputs()

    def value(network):
        return unroll(network, inputs, read_from=STEPS - 1, engine="native")[0].sum()

    slope = jax.grad(value) if networks == 1 else jax.vmap(jax.grad(value))
    call = backward_call(jax.jit(slope).lower(random_network("lstm") if networks == 1 else several("lstm")).as_text())
    states = f"tensor<{networks}x2x{BATCH}x3xf64>"
    assert call.split("->")[0].endswith(f"tensor<1x{BATCH}x{STEPS}x3xf64>, {states}) "), call


def backward_call(lowered: str) -> str:
    (line,) = [line for line in lowered.splitlines() if "@holdfast_backward" in line]
    return line


def test_one_way_alone_computes_nothing_for_the_gradient():
    network = random_network("lstm")
    program = jax.jit(lambda n, x: unroll(n, x, engine="native"))
    (call,) = [line for line in program.lower(network, some_inputs()).as_text().splitlines() if "@holdfast_" in line]
    assert "tensor<1x0xf64>" in call.split("->")[1]


@every_cell
def test_what_is_kept_for_the_gradient_grows_with_the_window_alone(cell):
    def kept(steps, window):
        return library.saved_numbers(cell, 8, (1, 16, steps, 32), window)

    assert kept(600, 0) == 3 * kept(200, 0) > 16 * 600 * 32 or cells.get(cell).gates == ("candidate",)
    assert kept(200, 200) == kept(200, 201) == kept(200, 0)
    if cell in ("lstm", "gru"):  # beyond 32 MiB the rest is computed again
        assert kept(3000, 0) < kept(600, 0)
    # Cut, the states are kept at the beginning of every window at most (the hidden ones are there anyway).
    states = len(cells.get(cell).states) - 1
    for window in (1, 8, 50):
        windows = kept(200, window) // (16 * 32)
        assert windows <= -(-200 // window) * states
        assert windows >= 200 // (window + 8) * states


@pytest.mark.slow
@pytest.mark.parametrize("kept", [False, True], ids=["most computed again", "all saved, past the caches"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_network_beside_very_many_has_the_bits_that_it_has_alone(cell, kept, monkeypatch):
    monkeypatch.setattr("holdfast.engine.compiled.memory_is_kept", lambda: kept)
    steps, units, count = 700, 32, 120
    empty = create(cell, 2, units, 1, 1, jnp.float32)
    many = jax.tree.map(lambda a: 0.2 * numbers(count, *a.shape, seed=a.size, dtype=jnp.float32), empty)
    inputs = numbers(1, steps, 2, dtype=jnp.float32)
    few, all_of_them = (library.saved_numbers(cell, 4, (n, 1, steps, units), 0) for n in (10, count))
    assert all_of_them == 12 * few if kept else all_of_them < few
    gradient = jax.grad(lambda network: jnp.sin(unroll(network, inputs, engine="native")[0]).sum())
    beside = jax.jit(jax.vmap(gradient))(many)
    for which in (0, 57, 119):
        alone = jax.jit(gradient)(jax.tree.map(lambda a, which=which: a[which], many))
        for one, several in zip(jax.tree.leaves(alone.layers), jax.tree.leaves(beside.layers), strict=True):
            assert np.asarray(one).tobytes() == np.asarray(several[which]).tobytes()
            assert np.abs(one).max() > 1e-3


@every_cell
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["inputs", "weights", "state"])
def test_what_is_no_number_comes_out_as_it_does_with_the_loop(cell, value, place):
    network, inputs = random_network(cell), some_inputs()
    state = random_state(network, BATCH)
    if place == "inputs":
        inputs = inputs.at[0, 2, 0].set(value)
    elif place == "state":
        state = (state[0]._replace(h=state[0].h.at[0, 0].set(value)),)
    else:
        layer = network.layers[0]
        changed = replace(layer["h"], matrix=layer["h"].matrix.at[0, 0].set(value))
        network = replace(network, layers=({**layer, "h": changed},))

    def act(engine):
        def value(network, inputs, state):
            outputs, last = unroll(network, inputs, state, engine=engine)
            return (outputs**2).sum() + sum((leaf**2).sum() for leaf in jax.tree.leaves(last)), (outputs, last)

        return jax.jit(jax.value_and_grad(value, argnums=(0, 1, 2), has_aux=True))(network, inputs, state)

    ((_, found), gradients), ((_, expected), expected_gradients) = act("native"), act("loop")
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        if network.heads > 1:  # the library has the matrices of all heads in one: 0 times NaN reaches the other heads
            assert not (np.isfinite(a) & ~np.isfinite(b)).any()
            a, b = np.where(np.isfinite(a), a, 0), np.where(np.isfinite(a), b, 0)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    for a, b in zip(jax.tree.leaves(gradients), jax.tree.leaves(expected_gradients), strict=True):
        # 0 * infinity is NaN in either engine or in one: nowhere is there a number that the other does not have.
        both = np.isfinite(a) & np.isfinite(b)
        np.testing.assert_allclose(np.where(both, a, 0), np.where(both, b, 0), rtol=1e-11, atol=1e-12)
        assert not (np.isfinite(a) & ~np.isfinite(b)).any()
    if place == "inputs" and np.isnan(value):
        outputs = np.asarray(found[0])
        assert np.isnan(outputs[0, 2:]).all()
        assert np.isfinite(outputs[0, :2]).all()
        assert np.isfinite(outputs[1:]).all()


@pytest.mark.parametrize("engine", ["native", "loop"])
def test_a_rectifier_at_exactly_zero_has_the_slope_zero(engine):
    """Where a network of rectifiers begins: no input, no state, no bias."""
    network = create("irnn", 2, 3, 1, dtype=jnp.float64)
    network = replace(network, readout=replace(network.readout, matrix=network.readout.matrix + 1))

    def value(network):
        return unroll(network, jnp.zeros((BATCH, STEPS, 2)), engine=engine)[0].sum()

    assert not np.any(jax.grad(value)(network).layers[0]["x"].bias)


@every_format
@every_cell
def test_numbers_below_the_least_normal_one_count_as_they_are_or_as_zero(cell, dtype):
    network, tiny = random_network(cell, dtype=dtype), np.finfo(dtype).smallest_subnormal * 7
    inputs = jnp.full((BATCH, STEPS, 2), tiny, dtype)
    graded = jax.jit(jax.value_and_grad(loss("native"), argnums=(0, 1)))
    found, expected = graded(network, inputs), graded(network, jnp.zeros_like(inputs))
    assert apart(found, expected)[0] <= AT_MOST["float64"] * (1 if dtype == jnp.float64 else 1e6)
    weak = jax.tree.map(lambda a: a * np.finfo(dtype).tiny, network)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(graded(weak, some_inputs(dtype=dtype))))


@pytest.mark.slow
@every_format
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_value_behind_gates_of_one_and_zero_is_held_bit_for_bit_for_ten_thousand_steps(cell, dtype):
    """Whatever is read meanwhile; and its gradient comes back whole."""
    units, steps = 17, 10_000
    network = create(cell, 1, units, 1, dtype=dtype)
    layer = network.layers[0]
    x = layer["x"].put(network.cell.keep, bias=jnp.full(units, 1e3, dtype))
    x = x.put("candidate", matrix=jnp.ones((1, units), dtype))
    if network.cell.write:
        x = x.put(network.cell.write, bias=jnp.full(units, -1e3, dtype))
    network = replace(network, layers=({**layer, "x": x},))
    inputs = numbers(2, steps, 1, dtype=dtype)
    (start,) = random_state(network, 2)
    name = "c" if cell == "lstm" else "h"

    def last(start):
        return getattr(unroll(network, inputs, (start,), engine="native")[1][0], name)

    assert np.asarray(last(start)).tobytes() == np.asarray(getattr(start, name)).tobytes()
    assert np.abs(getattr(start, name)).min() > 0
    gradient = jax.grad(lambda s: last(s).sum())(start)
    assert (getattr(gradient, name) == 1).all()
    other = replace(network, layers=({**layer, "x": x.put(network.cell.keep, bias=jnp.full(units, 9.0, dtype))},))
    leaky = getattr(unroll(other, inputs, (start,), engine="native")[1][0], name)
    assert (np.asarray(leaky) != np.asarray(getattr(start, name))).all()
