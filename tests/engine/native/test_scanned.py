"""The kernels over all steps compute what the loop does, forwards and backwards, for every cell that has one."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.core.errors import BadValue
from holdfast.engine import engines
from holdfast.engine.native import library
from holdfast.engine.native.scan_program import record_scan
from holdfast.engine.native.suitable import digest_of
from holdfast.engine.unroll import unroll
from tests.engine.native import agreement
from tests.engine.native.agreement import Case

CELLS = sorted(library.status().scanned)
WITH_HEADS = {name for name in CELLS if record_scan(cells.get(name)).heads}


def test_every_cell_without_a_map_from_step_to_step_is_in_the_library():
    assert [name for name in cells.FOLDER.names() if digest_of(cells.get(name), record_scan)[0]] == CELLS
    assert {"lru", "mamba", "mlstm", "deltanet", "gla", "rwkv7", "minlstm"} <= set(CELLS)
    reason = "a new state is computed from a linear map of states"
    assert digest_of(cells.get("lstm"), record_scan) == ("", reason)


@pytest.mark.parametrize("cell", CELLS)
def test_it_agrees_with_the_loop(cell):
    """Sizes that fill no register, three chunks, padding, and a state to start from."""
    case = Case(cell, 3, 12, 2, 35, mask="random", heads=2 if cell in WITH_HEADS else 1)
    distance, where = agreement.distance(case)
    assert distance <= 1e-12, f"{where} differs by {distance}"


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_single_precision_agrees_where_sizes_fill_registers(cell):
    case = Case(cell, 5, 64, 3, 40, layers=2, dtype="float32", heads=4 if cell in WITH_HEADS else 1)
    distance, where = agreement.distance(case)
    assert distance <= 2e-4, f"{where} differs by {distance}"


def test_the_comparison_sees_one_constant_that_is_off_by_little():
    case = Case("mamba", 3, 12, 2, 20)
    with jax.enable_x64(True):
        a = agreement.asked(case)
        layer = a.network.layers[0]
        moved = replace(layer["constant"], bias=layer["constant"].bias.at[1].multiply(1 + 1e-8))
        other = replace(a.network, layers=({**layer, "constant": moved},))
        found = agreement.answered(other, a.inputs, a.state, a.present, a.cotangents, 0, "native")
        assert agreement.apart(found, agreement.answers(case, "loop"))[0] > 1e-12


def test_many_networks_at_once_are_each_as_alone():
    with jax.enable_x64(True):
        several = [agreement.asked(Case("gla", 3, 12, 2, 20, heads=2, seed=seed)) for seed in range(3)]
        together = jax.tree.map(lambda *parts: jnp.stack(parts), *(a.network for a in several))
        inputs = several[0].inputs

        def loss(network):
            return (unroll(network, inputs, engine="native")[0] ** 2).sum()

        found = jax.jit(jax.vmap(jax.grad(loss)))(together)
        for place, a in enumerate(several):
            alone = jax.grad(loss)(a.network)
            for one, all in zip(jax.tree.leaves(alone), jax.tree.leaves(found), strict=True):
                np.testing.assert_allclose(all[place], one, rtol=1e-12, atol=1e-12)


def test_auto_takes_it_unless_the_gradient_is_cut():
    request = engines.Request(cells.get("mamba"))
    assert engines.chosen("auto", request) == "native"
    assert engines.chosen("auto", replace(request, truncate=4)) == "loop"
    with pytest.raises(BadValue, match="it cuts no gradient of mamba between steps"):
        engines.chosen("native", replace(request, truncate=4))
