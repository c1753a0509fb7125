"""The diagonal and gated cells of today against their authors' recurrences: outputs and gradients, in both engines."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast.engine.initialise import build
from holdfast.engine.unroll import unroll
from holdfast.plugins.cell_laws import by_letter
from tests.networks import numbers, random_network, random_state
from tests.oracle.diagonal import REFERENCES

pytestmark = pytest.mark.usefixtures("quick_to_compile")
AFFINE = [cell for cell in REFERENCES if cell != "slstm"]
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


@pytest.mark.parametrize(("cell", "engine"), [(c, "loop") for c in REFERENCES] + [(c, "parallel") for c in AFFINE])
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


def test_another_recurrence_is_noticed(float64, monkeypatch):
    """A planted fault: the eigenvalues are turned the other way."""
    network, inputs = random_network("lru"), numbers(BATCH, STEPS, 2)
    start, right = random_state(network, BATCH), REFERENCES["lru"]
    seen = [numbers(BATCH, STEPS, 2), *start[0]]
    backwards = lambda w, x, state, xp: right(w | {"b_t": w["b_t"] + 1.0}, x, state, xp)  # noqa: E731
    monkeypatch.setitem(REFERENCES, "lru", backwards)
    (wanted, *_), _ = by_reference("lru", network, inputs, start, seen)
    assert np.abs(wanted - np.asarray(unroll(network, inputs, start, engine="loop")[0])).max() > 1e-3


def test_a_map_per_head_is_a_matrix_with_a_block_for_every_head(float64):
    network = build("slstm", inputs=2, units=6, outputs=1, heads=3, initialisation="keras", dtype=jnp.float64)
    recurrent, h = network.layers[0]["h"], numbers(4, 3, 2)
    assert recurrent.matrix.shape == (2, 4 * 6)
    assert network.cell.parameters(2, 6, heads=3) == 4 * 6 * (2 + 1 + 2)
    whole = recurrent.dense()
    assert whole.matrix.shape == (6, 4 * 6)
    for gate, values in recurrent.gate_values(h).items():
        blocks = whole.of(gate)[0].reshape(3, 2, 3, 2)
        assert not any(blocks[a, :, b].any() for a in range(3) for b in range(3) if a != b)
        np.testing.assert_allclose(values.reshape(4, 6), h.reshape(4, 6) @ whole.of(gate)[0], rtol=0, atol=1e-14)
    for head in range(3):  # Keras draws the gates side by side, with orthonormal rows
        rows = whole.matrix.reshape(3, 2, 4, 3, 2)[head, :, :, head].reshape(2, 8)
        np.testing.assert_allclose(rows @ rows.T, np.eye(2), atol=1e-12)


def test_first_weights_are_those_of_the_papers(float64):
    def first(cell, units=32):
        network = build(cell, inputs=2, units=units, outputs=1, dtype=jnp.float64)
        return {name: np.asarray(a) for name, a in by_letter(cell, network.layers[0]).items()}

    lru = first("lru")
    radius, angle = np.exp(-np.exp(lru["b_r"])), np.exp(lru["b_t"])
    assert ((radius > 0.9) & (radius < 0.999) & (angle > 0) & (angle <= np.pi / 10)).all()
    np.testing.assert_allclose(np.exp(lru["b_g"]) ** 2, 1 - radius**2, rtol=1e-12)
    rglru = np.exp(-8 * np.log1p(np.exp(first("rglru")["b_a"])))
    assert ((rglru > 0.9) & (rglru < 0.999)).all()
    mamba = first("mamba")
    np.testing.assert_allclose(np.exp(mamba["b_A"]).reshape(32, 16), np.tile(np.arange(1, 17), (32, 1)), rtol=1e-12)
    step = np.log1p(np.exp(mamba["b_d"]))
    assert ((step > 0.001) & (step < 0.1)).all()
    s5 = first("s5", units=8)
    n = np.arange(16)
    hippo = np.where(n[:, None] > n, np.sqrt(np.outer(2 * n + 1, 2 * n + 1)), 0) + np.diag(n + 1)
    normal = np.linalg.eigvals(np.outer(np.sqrt(n + 0.5), np.sqrt(n + 0.5)) - hippo)
    np.testing.assert_allclose(-np.exp(s5["b_e"]), normal.real.max(), rtol=1e-9)
    np.testing.assert_allclose(np.sort(s5["b_w"]), np.sort(normal.imag[normal.imag > 0]), rtol=1e-9)


def test_a_place_of_the_memory_is_what_the_output_shares_with_it():
    sizes = {"mamba": (6,), "mlstm": (2,), "slstm": (2, 3), "lru": (6,)}
    for cell, places in sizes.items():
        heads = 2 if "lstm" in cell else 1
        assert build(cell, inputs=2, units=6, outputs=1, heads=heads).places == places
