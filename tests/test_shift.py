"""The block ``shift``: a cell that reads two steps is the cell on inputs that stand beside those of the step before."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.blocks import shift
from holdfast.core.cell import Map, Step
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Network, create
from holdfast.engine.readings.equation import equation
from holdfast.engine.readings.numbers import Numbers
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import unroll
from holdfast.plugins import cell_laws as laws
from tests.networks import numbers, random_network, random_state

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def on_two_steps(network: Network, inputs: np.ndarray, first: np.ndarray) -> tuple[Network, np.ndarray]:
    """The cell inside, and inputs [batch, time, input and unit] with P x + b of the step before beside x."""
    cell = network.cell_name.removeprefix("shift(").removesuffix(")")
    (layer,) = network.layers
    projection, bias = map(np.asarray, layer["x"].of("shifted"))
    projected = inputs @ projection + bias
    before = np.concatenate([first[:, None], projected[:, :-1]], 1)
    wide = create(
        cell, network.inputs + network.units, network.units, network.outputs, dtype=jnp.float64, heads=network.heads
    )
    maps = {**wide.layers[0], **{m.source: layer[m.source] for m in wide.cell.maps if m.source != "x"}}
    for gate in maps["x"].gates:
        (matrix, bias), (more, _) = layer["x"].of(gate), layer["p"].of(gate)
        maps["x"] = maps["x"].put(gate, jnp.concatenate([matrix, more]), bias)
    return replace(wide, layers=(maps,), readout=network.readout), np.concatenate([inputs, before], -1)


@pytest.mark.parametrize("cell", ["gru", "mlstm", "stack(elman,gru)"])
def test_it_is_the_cell_on_the_inputs_of_two_steps(cell, float64):
    network, inputs = random_network(f"shift({cell})"), numbers(3, 6, 2)
    (start,) = random_state(network, 3)
    wide, both = on_two_steps(network, np.asarray(inputs), np.asarray(start.p))
    outputs, (end,) = unroll(network, inputs, (start,))
    inner = wide.cell.state_type(*start[:-1])
    expected, (last,) = unroll(wide, jnp.asarray(both), (inner,))
    laws.same((outputs, tuple(end[:-1])), (expected, tuple(last)), "a cell that reads two steps", atol=1e-13)


@pytest.mark.parametrize("cell", ["shift(deltanet)", "stack(shift(mingru),shift(linear_attention))"])
def test_all_steps_at_once_are_the_loop(cell, float64):
    network, inputs = random_network(cell), numbers(3, 40, 2)
    state = random_state(network, 3)
    present = jnp.asarray(np.arange(40) < np.array([40, 17, 0])[:, None])
    for here in (None, present):
        one, other = (unroll(network, inputs, state, present=here, engine=e) for e in ("loop", "parallel"))
        laws.same(one, other, "the loop and all steps at once", atol=1e-10)


def test_states_letters_and_sizes_follow_from_the_cell():
    cell = resolve("shift(deltanet)")
    assert (cell.states, cell.gates[-1], cell.memory) == (("S", "p"), "shifted", "S")
    assert cell.state_size(6, heads=2) == 2 * 3 * 3 + 6
    written = {"s = W_s x + b_s", "b = sigmoid(W_b x + A_b p + b_b)", "p' = s"}
    assert written <= set(equation(cell))
    assert resolve("shift(feedforward)").memory == "p"
    assert resolve("stack(shift(lstm),shift(gru))").states == ("h", "c", "p", "h2", "p2")
    assert resolve("shift(lstm)").keep == "forget"


def test_names_that_both_use_are_told():
    with pytest.raises(BadValue, match=r"the block shift and the cell shift\(lstm\) both name p, shifted"):
        resolve("shift(shift(lstm))")
    with pytest.raises(BadValue, match=r"put around one cell, and there are 2.*shift\(stack\(lstm,gru\)\)"):
        resolve("shift(lstm,gru)")


def test_a_cell_that_reads_its_input_twice_is_told(float64):
    elman = resolve("elman")

    def twice(ops, weights, x, state) -> Step:
        elman.step(ops, weights, x, state)
        return elman.step(ops, weights, x, state)

    cell = shift.wrapped("shift(twice)", replace(elman, name="twice", step=twice), ("unit",))
    assert cell.maps[1] == Map(("candidate",), "p", bias=False)
    network = random_network("shift(elman)")
    with pytest.raises(BadFile, match="twice applies its map of x 2 times a step, expected once"):
        cell.step(Numbers(), network.layers[0], numbers(2, 2), random_state(network, 2)[0])
