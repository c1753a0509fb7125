"""The blocks of Mamba and the xLSTM, and the short convolution: their numbers are those of recurrences that are written
down here again, for one row, and they obey the laws of cells."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from flint import ctx

from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.core.errors import BadValue
from holdfast.engine.files import tensors
from holdfast.engine.initialise import build
from holdfast.engine.resolve import resolve
from holdfast.engine.unroll import unroll
from holdfast.plugins import cell_laws as laws
from holdfast.plugins.cells import LAWS
from tests import cell_laws
from tests.networks import numbers, random_network, random_state

pytestmark = pytest.mark.usefixtures("quick_to_compile")

BLOCKS = (
    "short_convolution(deltanet)",
    "mamba_block(mamba)",
    "mlstm_block(mlstm)",
    "slstm_block(slstm)",
)
UNITS, HEADS, STEPS = 4, 2, 7
"""Random networks have units of their own: two heads of three, or three units where there are no heads."""


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def silu(a):
    return a * sigmoid(a)


def norm(a):
    return a / np.sqrt((a * a).mean(-1, keepdims=True) + 1e-6)


def convolution(rows, w):
    """The causal convolution of all steps [time, channel] at once, by NumPy's own, then SiLU."""
    taps = [w["tap.bias_constant"], *(w[f"tap_{n}.bias_constant"] for n in ("one", "two", "three"))]
    weights = np.stack([tap.ravel() for tap in taps])
    columns = [np.convolve(rows[:, n], weights[:, n])[: len(rows)] for n in range(rows.shape[1])]
    return silu(np.stack(columns, 1) + w["tap_bias.bias_constant"].ravel())


def deltanet(w, x):
    """Yang et al. 2024, with two heads: the network without a block, on other inputs."""
    memory, out = np.zeros((HEADS, 3, 3)), []
    for now in x:
        q, k, v = ((now @ w[f"{g}.from_x"] + w[f"{g}.bias"]).reshape(HEADS, 3) for g in ("query", "key", "value"))
        b = sigmoid(now @ w["strength.from_x"] + w["strength.bias"])
        q, k = (a / np.linalg.norm(a, axis=-1, keepdims=True) for a in (q, k))
        for head in range(HEADS):
            memory[head] += b[head] * np.outer(v[head] - memory[head] @ k[head], k[head])
        out.append(np.stack([memory[head] @ q[head] for head in range(HEADS)]).ravel())
    return np.array(out)


def mamba_block(w, x):
    n = w["scale.bias_constant"] * norm(x)
    u, z = n @ w["expanded.from_x"], n @ w["opening.from_x"]
    a = convolution(u, w)
    h, out = np.zeros((u.shape[1], 16)), []
    d, write, read, v = (
        a @ w[f"{g}.from_convolved"] + w[f"{g}.bias_convolved"] for g in ("step", "input", "output", "value")
    )
    d, rate = np.log1p(np.exp(d)), -np.exp(w["decay.bias_constant"].reshape(-1, 16))
    for t in range(len(x)):
        h = np.exp(d[t][:, None] * rate) * h + (d[t] * v[t])[:, None] * write[t]
        out.append(h @ read[t] + w["skip.bias_constant"] * v[t])
    return x + (np.array(out) * silu(z)) @ w["contraction.from_gated"]


def mlstm_block(w, x):
    each = 2 * x.shape[1] // HEADS
    n = w["scale.bias_constant"] * norm(x)
    u, z = n @ w["expanded.from_x"], n @ w["opening.from_x"]
    a = convolution(u, w)

    def of(gate, read="convolved"):
        values = {"convolved": a, "expanded": u}[read] @ w[f"{gate}.from_{read}"] + w[f"{gate}.bias_{read}"]
        return values.reshape(len(x), HEADS, -1)

    q, k, v, o = of("query"), of("key") / np.sqrt(each), of("value", "expanded"), sigmoid(of("output"))
    i, f = np.exp(of("input"))[..., 0], sigmoid(of("forget"))[..., 0]
    memory, total, out = np.zeros((HEADS, each, each)), np.zeros((HEADS, each)), []
    for t in range(len(x)):  # unstabilised, equations 19 to 27
        for head in range(HEADS):
            memory[head] = f[t, head] * memory[head] + i[t, head] * np.outer(v[t, head], k[t, head])
            total[head] = f[t, head] * total[head] + i[t, head] * k[t, head]
        read = [memory[h] @ q[t, h] / max(abs(total[h] @ q[t, h]), 1) for h in range(HEADS)]
        out.append(o[t] * np.stack(read))
    r = norm(np.array(out)).reshape(len(x), -1) + w["skip.bias_constant"].ravel() * a
    return x + (r * silu(z)) @ w["contraction.from_gated"]


def slstm_block(w, x):
    each = x.shape[1] // HEADS
    n = w["scale.bias_constant"] * norm(x)
    a = convolution(n, w)
    h, c, total, out = (np.zeros((HEADS, each)) for _ in range(3)), None, None, []
    h, c, total = h
    for t in range(len(x)):

        def of(gate, t=t, h=h):
            read = ("convolved", a) if gate in ("input", "forget") else ("x", n)
            bias = w[f"{gate}.bias_convolved" if read[0] == "convolved" else f"{gate}.bias"]
            mixed = w[f"{gate}.from_h"]  # [value of a head, head and value]
            own = [h[j] @ mixed.reshape(each, HEADS, each)[:, j] for j in range(HEADS)]
            return (read[1][t] @ w[f"{gate}.from_{read[0]}"] + bias).reshape(HEADS, each) + np.stack(own)

        i, f = np.exp(of("input")), sigmoid(of("forget"))
        z, o = np.tanh(of("candidate")), sigmoid(of("output"))
        c, total = f * c + i * z, f * total + i
        h = o * c / total
        out.append(h)
    v = x + norm(np.array(out)).reshape(len(x), -1) @ w["projection.from_read"]
    m = w["scale_above.bias_constant"] * norm(v)
    e, d = (m @ w[f"{g}.from_normalised"] + w[f"{g}.bias_normalised"] for g in ("expansion", "opening"))
    return v + (silu(d) * e) @ w["contraction.from_gated"] + w["contraction.bias_gated"]


WRITTEN_AGAIN = {
    "short_convolution(deltanet)": lambda w, x: deltanet(w, convolution(x, w)),
    "mamba_block(mamba)": mamba_block,
    "mlstm_block(mlstm)": mlstm_block,
    "slstm_block(slstm)": slstm_block,
}


@pytest.mark.parametrize("cell", BLOCKS)
def test_the_numbers_are_those_of_an_independent_recurrence(cell, float64):
    network, inputs = random_network(cell), numbers(2, STEPS, 2)
    found = np.asarray(unroll(network, inputs)[0])
    weights = {name.removeprefix("layer0."): np.asarray(value) for name, value in tensors(network).items()}
    for row in range(2):
        embedded = np.asarray(inputs[row]) @ weights["embedding.matrix"] + weights["embedding.bias"]
        shown = WRITTEN_AGAIN[cell](weights, embedded)
        expected = shown @ weights["readout.matrix"] + weights["readout.bias"]
        np.testing.assert_allclose(found[row], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("law", [law for law in LAWS if law != "gradient"])
@pytest.mark.parametrize("cell", ["short_convolution(gru)", *BLOCKS[1:]])
def test_a_named_block_obeys_the_laws_of_cells(cell, law, float64):
    LAWS[law](cell)


@pytest.mark.slow
@pytest.mark.parametrize("cell", BLOCKS)
def test_gradients_are_finite_differences(cell, float64):
    laws.gradients_are_finite_differences(cell)


def test_a_file_keeps_every_bit(tmp_path, float64):
    cell_laws.files_keep_every_bit("slstm_block(slstm)", tmp_path, jnp.float32)


@pytest.mark.parametrize("cell", ["short_convolution(deltanet)", "mamba_block(mamba)"])
def test_all_steps_at_once_are_the_loop(cell, float64):
    network, inputs = random_network(cell), numbers(2, 21, 2)
    state = random_state(network, 2)
    one, other = (unroll(network, inputs, state, engine=engine) for engine in ("loop", "parallel"))
    laws.same(one, other, "the loop and all steps at once", atol=1e-10)


def test_bounds_in_rounded_arithmetic_contain_every_sample(float64):
    with ctx.workprec(256):
        cell_laws.bounds_contain_samples("short_convolution(gru)", 1, Rounding(ACCURACIES["float32"]), 0)


def test_the_state_is_that_of_a_cell_twice_as_wide_and_three_inputs():
    assert resolve("mamba_block(mamba)").state_size(UNITS) == 2 * UNITS * (16 + 3)
    each = 2 * UNITS // HEADS
    assert resolve("mlstm_block(mlstm)").state_size(UNITS, HEADS) == HEADS * (each * each + each + 1) + 3 * 2 * UNITS
    assert resolve("stack(mlstm_block(mlstm),slstm_block(slstm))").states[-3:] == ("p2", "pp2", "ppp2")


def test_first_weights_are_those_of_the_cell_and_of_a_convolution():
    network = build("mamba_block(mamba)", inputs=3, units=UNITS, outputs=2, embedding=True)
    weights = tensors(network)
    np.testing.assert_allclose(
        np.exp(weights["layer0.decay.bias_constant"].reshape(-1, 16))[0], np.arange(1, 17), rtol=1e-6
    )
    assert (weights["layer0.scale.bias_constant"] == 1).all()
    assert 0 < np.abs(weights["layer0.tap_two.bias_constant"]).max() <= 0.5


def test_a_block_that_does_not_fit_is_told():
    with pytest.raises(BadValue, match=r"mamba_block and the cell .* both name"):
        resolve("mamba_block(short_convolution(mamba))")
    with pytest.raises(BadValue, match=r"gates input and forget read a convolution.*gru has the gates"):
        resolve("slstm_block(gru)")
