"""The diagonal and gated cells of today against their authors' recurrences: outputs and gradients, in both engines."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast.engine.unroll import unroll
from holdfast.plugins.cell_laws import by_letter
from tests.networks import numbers, random_network, random_state
from tests.oracle.diagonal import REFERENCES

pytestmark = pytest.mark.usefixtures("quick_to_compile")
CELLS = list(REFERENCES)
AFFINE = [cell for cell in CELLS if cell != "slstm"]
EXACT = {"rtol": 1e-10, "atol": 1e-10}
BATCH, STEPS = 2, 9


def by_reference(cell, network, inputs, start, seen):
    """The outputs of one layer, its last state, and the gradient of their weighted sum, by torch."""
    (layer,), (first,) = network.layers, start
    leaf = lambda a: torch.tensor(np.array(a), requires_grad=True)  # noqa: E731
    weights = {name: leaf(a) for name, a in by_letter(cell, layer).items()}
    state = before = {name: leaf(a) for name, a in first._asdict().items()}
    x, shown = leaf(inputs), []
    for t in range(STEPS):
        output, state, _ = REFERENCES[cell](weights, x[:, t], state, torch)
        shown.append(output.reshape(BATCH, -1))
    hidden = torch.stack(shown, 1)
    outputs = hidden @ torch.tensor(np.array(network.readout.matrix)) + torch.tensor(np.array(network.readout.bias))
    results = [outputs, *(state[name] for name in first._fields)]
    sum((one * torch.tensor(np.array(by))).sum() for one, by in zip(results, seen, strict=True)).backward()
    gradients = {name: one.grad for name, one in (weights | {"inputs": x} | before).items()}
    return [one.detach().numpy() for one in results], {name: g.numpy() for name, g in gradients.items()}


@pytest.mark.parametrize(
    ("cell", "engine"), [*((cell, "parallel") for cell in AFFINE), *((cell, "loop") for cell in CELLS)]
)
def test_outputs_and_gradients_are_those_of_the_authors_recurrence(cell, engine, float64):
    network, inputs = random_network(cell), numbers(BATCH, STEPS, 2)
    start = random_state(network, BATCH)
    seen = [numbers(BATCH, STEPS, 2, seed=5), *(numbers(*s.shape, seed=6 + n) for n, s in enumerate(start[0]))]

    def run(network, inputs, start):
        outputs, (last,) = unroll(network, inputs, start, engine=engine)
        results = [outputs, *last]
        return sum(jnp.vdot(one, by) for one, by in zip(results, seen, strict=True)), results

    (_, results), found = jax.jit(jax.value_and_grad(run, (0, 1, 2), has_aux=True))(network, inputs, start)
    wanted, gradients = by_reference(cell, network, inputs, start, seen)
    for one, other in zip(results, wanted, strict=True):
        np.testing.assert_allclose(one, other, **EXACT)
    of_network, of_inputs, (of_start,) = found
    got = by_letter(cell, of_network.layers[0]) | {"inputs": of_inputs} | of_start._asdict()
    assert set(got) == set(gradients)
    for name, wanted_gradient in gradients.items():
        np.testing.assert_allclose(got[name], wanted_gradient, **EXACT, err_msg=name)
        assert np.abs(wanted_gradient).max() > 1e-6, name
