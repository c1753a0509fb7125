"""Kernels of the words that no cell of the folder uses: their accuracy, and whole steps of cells that use them (in
``tests/exponential``), forwards and backwards, against JAX; compiled for every set of instructions of this machine."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, ctx

from holdfast import cells
from holdfast.alphabet.enclosures.rounding import ACCURACIES
from holdfast.core.cell import Cell
from holdfast.engine.native import generate, library, program
from holdfast.engine.readings.numbers import Numbers

NATIVE = Path(generate.__file__).parent
SETS = {
    "baseline": ("16",),
    "avx2": ("32", "-mavx2", "-mfma"),
    "avx512": ("64", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"),
    "neon": ("16",),
}
"""Register bytes and flags, as in CMakeLists.txt."""
CELLS = ("unstabilised", "stabilised", "quotients")
COUNT = 4096
FUNCTIONS = {
    "exp": ("exp_errors", lambda z: z.exp()),
    "softplus": ("softplus_errors", lambda z: z.exp().log1p() if z < 0 else z + (-z).exp().log1p()),
    "logsigmoid": ("softplus_errors", lambda z: (-z).exp().log1p() * -1 if z > 0 else z - z.exp().log1p()),
}
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 88.72, 88.73, 709.78, 709.79, -87.33, -87.34, -104.0, -708.39, -746.0]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[name for name in library.status().instructions_supported if name in SETS])
def kernels(request, tmp_path_factory, exponential) -> ctypes.CDLL:
    """The words and the cells' steps, compiled for one set of instructions."""
    folder, compiler = tmp_path_factory.mktemp(request.param), shutil.which("c++")
    assert compiler is not None
    texts = [generate.Writer(program.record(cells.get(name))).text() for name in CELLS]
    listed = " ".join(f'X({name}, "")' for name in CELLS)
    (folder / "cells_generated.h").write_text("\n\n".join([*texts, f"#define HOLDFAST_CELLS(X) {listed}\n"]))
    width, *flags = SETS[request.param]
    defined = [f"-DHOLDFAST_PATH={request.param}", f"-DHOLDFAST_BYTES={width}", f"-I{NATIVE}", f"-I{folder}"]
    plain = ["-std=c++17", "-O2", "-shared", "-fPIC", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"]
    made = folder / "words.so"
    source = Path(__file__).with_name("words.cpp")
    subprocess.run([compiler, *plain, *defined, *flags, str(source), "-o", str(made)], check=True)
    return ctypes.CDLL(str(made))


def samples(dtype: str) -> np.ndarray:
    draw, form = np.random.default_rng(0), ACCURACIES[dtype].format
    end = -form.least_normal * np.log(2)
    wide = draw.uniform(1, 2, COUNT // 4) * 2.0 ** draw.integers(form.least_normal, 7, COUNT // 4)
    near = draw.choice([1, -1], COUNT // 4) * end * (1 + draw.normal(0, 1e-3, COUNT // 4))
    found = np.concatenate([wide, -wide, near, draw.uniform(-3, 3, COUNT - 3 * (COUNT // 4))])
    found[: len(EDGES)] = EDGES
    return found.astype(dtype)


def called(kernels: ctypes.CDLL, name: str, dtype: str, arrays: list[np.ndarray], results: list[np.ndarray]) -> None:
    held = [np.ascontiguousarray(array, dtype) for array in arrays]
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*held, *results)]
    getattr(kernels, f"{name}_{dtype}")(*pointers, ctypes.c_long(COUNT))


@pytest.mark.parametrize("dtype", ACCURACIES)
@pytest.mark.parametrize("word", FUNCTIONS)
def test_a_function_is_as_accurate_as_assumed(kernels, word, dtype, monkeypatch):
    monkeypatch.setattr(ctx, "prec", 128)
    told, (errors, exact), z = ACCURACIES[dtype], FUNCTIONS[word], samples(dtype)
    found = np.empty_like(z)
    called(kernels, word, dtype, [z], [found])
    allowed, tiny = getattr(told, errors) * told.format.roundoff, arb(2.0**told.format.least_normal)
    for at, value in zip(z.tolist(), found.tolist(), strict=True):
        if not np.isfinite(at):
            continue
        right = exact(arb(at))
        if abs(right) > told.format.largest:
            assert abs(value) == np.inf, at
        else:
            assert abs(arb(value) - right) <= allowed * abs(right) + tiny, (at, value, right)
    with np.errstate(all="ignore"):
        limits = np.asarray(getattr(Numbers(), word)(jnp.asarray(z)))
    wild = ~np.isfinite(z) | (z == 0)
    np.testing.assert_allclose(found[wild], limits[wild], rtol=1e-6)
    if word == "exp":
        assert (found[z == 0] == 1).all()
        assert (found[z < told.zero] == 0).all()


class Given(Numbers):
    """Linear maps whose results are given in place of their weights."""

    def linear(self, weights: Any, source: Any) -> Mapping[str, Any]:
        return weights


def step(cell: Cell, w: Any, u: Any, before: Any) -> Any:
    gates = cell.maps[0].gates
    maps = {"x": dict(zip(gates, w, strict=True)), "h": dict(zip(gates, u, strict=True))}
    return jnp.stack(cell.step(Given(), maps, None, cell.state_type(*before)).state)


def stepped(cell: Cell, w: Any, u: Any, before: Any, d_after: Any) -> Any:
    """The states after, and the cotangents of what the maps gave and of the states before."""
    expected, back = jax.vjp(partial(step, cell), w, u, before)
    return expected, *back(d_after)


def drawn(cell: Cell, dtype: str) -> list[np.ndarray]:
    """What the maps gave, the states before, and the cotangents of the states after. Normalisers are positive."""
    draw, gates = np.random.default_rng(1), len(cell.maps[0].gates)
    arrays = [draw.normal(0, 1, (rows, COUNT)) for rows in (gates, gates, len(cell.states), len(cell.states))]
    arrays[2] = np.where(np.array([[s == "n"] for s in cell.states]), np.abs(arrays[2]) + 0.1, arrays[2])
    candidate = cell.maps[0].gates.index("candidate")
    arrays[0][candidate, 0] = arrays[1][candidate, 0] = arrays[2][0, 0] = 0  # both operands of a maximum are 0 there
    return [array.astype(dtype) for array in arrays]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-4)])
@pytest.mark.parametrize("name", CELLS)
def test_a_step_and_its_gradient_are_those_of_jax(kernels, name, dtype, tolerance, float64):
    cell = cells.get(name)
    w, u, before, d_after = drawn(cell, dtype)
    after, dz, d_before = np.empty_like(before), np.empty_like(w), np.empty_like(before)
    called(kernels, f"step_{name}", dtype, [w, u, before, d_after], [after, dz, d_before])
    expected, d_w, d_u, d_old = jax.jit(partial(stepped, cell))(w, u, before, d_after)
    np.testing.assert_array_equal(d_w, d_u)  # all gates are sums of both
    columns = generate.Writer(generate.record(cell)).columns
    assert len(columns.shared) == len(w)
    for found, right in ((after, expected), (dz, np.asarray(d_w)[columns.x_gates]), (d_before, d_old)):
        away = np.abs(found - right) / np.maximum(np.abs(right), np.abs(right).mean())
        assert away.max() <= tolerance


def test_what_is_larger_is_a_number_only_where_both_are(kernels):
    """NaN is never hidden: JAX's maximum says so too."""
    cell = cells.get("stabilised")
    w, u, before, d_after = drawn(cell, "float64")
    w[cell.maps[0].gates.index("input"), 0] = np.nan
    before[cell.states.index("m"), 1] = np.nan
    after, dz, d_before = np.empty_like(before), np.empty_like(w), np.empty_like(before)
    called(kernels, "step_stabilised", "float64", [w, u, before, d_after], [after, dz, d_before])
    assert np.isnan(after[cell.states.index("m"), :2]).all()
    assert not np.isnan(after[:, 2:]).any()
