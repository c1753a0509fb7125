"""A network that goes out and comes back is the same to the bit, through every format, with its cell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import exchange
from holdfast.core.errors import BadValue
from holdfast.engine.files import load
from tests.networks import random_network

CELLS = ("elman", "feedforward", "gru", "irnn", "lstm")


def same(network, other):
    assert (network.cell_name, network.dtype) == (other.cell_name, other.dtype)
    assert jax.tree.structure(network) == jax.tree.structure(other)
    for one, two in zip(jax.tree.leaves(network), jax.tree.leaves(other), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(two).tobytes()


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", exchange.FOLDER.names())
def test_every_weight_comes_back_to_the_bit(name, cell, layers, tmp_path):
    network = random_network(cell, layers=layers, dtype=jnp.float32)
    kind, file = exchange.get(name), tmp_path / f"network{exchange.get(name).ENDING}"
    kind.write(network, {}, file)
    same(network, kind.read(file, None))


@pytest.mark.parametrize(
    ("name", "cell"), [("torch", cell) for cell in CELLS] + [("onnx", cell) for cell in CELLS if cell != "irnn"]
)
def test_double_precision_is_verified_as_such_and_kept(name, cell, tmp_path, float64):
    network = random_network(cell, layers=2)
    file = tmp_path / f"network{exchange.get(name).ENDING}"
    assert exchange.export(network, file, name).agreement.largest_difference < 1e-11
    exchange.import_(file, name, tmp_path / "back")
    same(network, load(tmp_path / "back")[0])


def test_what_nothing_can_verify_is_refused(tmp_path, float64):
    with pytest.raises(BadValue, match=r"no RNN in double precision .* Use the format torch"):
        exchange.export(random_network("irnn"), tmp_path / "net.onnx", "onnx")


@pytest.mark.parametrize(
    ("name", "cell", "layers"),
    [("keras", "gru", 2), ("keras", "lstm", 1), ("onnx", "elman", 2), ("onnx", "gru", 1), ("torch", "lstm", 2)],
)
def test_both_ways_are_verified_and_the_origin_is_told(name, cell, layers, tmp_path):
    network = random_network(cell, layers=layers, dtype=jnp.float32)
    file = tmp_path / f"network{exchange.get(name).ENDING}"
    out = exchange.export(network, file, name, {"seed": 3})
    back = exchange.import_(file, name, tmp_path / "back")
    for done, place in ((out, file), (back, tmp_path / "back")):
        assert set(done.as_json()) == {"file", "format", "largest_difference", "sequences"}
        assert (done.file, done.format, done.agreement.sequences) == (str(place), name, 12)
        assert done.agreement.largest_difference < 5e-6
    restored, origin = load(tmp_path / "back")
    same(network, restored)
    assert origin == {"imported": {"from": name, "file": file.name}}


def test_a_zero_bias_keeps_its_sign(tmp_path):
    network = jax.tree.map(lambda a: -0.0 * jnp.ones_like(a), random_network("lstm", dtype=jnp.float32))
    kind = exchange.get("torch")
    kind.write(network, {}, tmp_path / "file")
    same(network, kind.read(tmp_path / "file", None))
