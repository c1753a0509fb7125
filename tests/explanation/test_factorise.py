"""Compiled programs factorise one matrix at a time: two that factorise batches can wait for each other for ever."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import holdfast
from holdfast.explanation import equilibria, factorise
from holdfast.explanation.diagnostics import lyapunov

FACTORISING = ("lu", "qr", "geqrf", "householder_product", "triangular_solve", "cholesky", "eigh", "svd", "eig")
CALLS = re.compile(r"(?:jnp|jax\.numpy|jax\.scipy|lax)\.linalg\.(?!norm)\w+")
SOURCES = Path(holdfast.__file__).parent


def batches(jaxpr: Any) -> Iterator[str]:
    """Every primitive of a program that is handed more than one matrix to factorise, by name."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in FACTORISING and equation.invars[0].aval.ndim > 2:
            yield equation.primitive.name
        for value in jax.tree.leaves(list(equation.params.values())):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from batches(inner)


def test_systems_and_orthogonal_bases_are_those_of_numpy():
    draw = np.random.default_rng(1)
    a, b, tall = draw.normal(size=(5, 4, 4)), draw.normal(size=(5, 4)), draw.normal(size=(5, 6, 3))
    with jax.enable_x64(True):
        x, (q, r) = factorise.solve(jnp.asarray(a), jnp.asarray(b)), factorise.qr(jnp.asarray(tall))
    np.testing.assert_allclose(x, np.linalg.solve(a, b[..., None])[..., 0], rtol=1e-12)
    np.testing.assert_allclose(np.asarray(q) @ np.asarray(r), tall, rtol=0, atol=1e-14)
    np.testing.assert_allclose(np.abs(r), np.abs(np.linalg.qr(tall)[1]), rtol=0, atol=1e-14)


def test_no_diagnostic_factorises_a_batch():
    network = holdfast.build("lstm", inputs=1, units=2, outputs=1)
    minimised = jax.make_jaxpr(equilibria._minimised)(network, jnp.zeros((3, 4)), jnp.zeros(1))
    spectrum = jax.make_jaxpr(lyapunov._spectrum)(
        network, jnp.zeros((3, 5, 1)), jnp.ones((3, 5), bool), jnp.zeros((4, 2))
    )
    assert "lu" in str(minimised)
    assert "qr" in str(spectrum)
    assert [*batches(minimised.jaxpr), *batches(spectrum.jaxpr)] == []


def test_a_factorised_batch_is_seen():
    def offender(a: jax.Array, b: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, 3, lambda _, x: jnp.linalg.solve(a, x), b)

    program = jax.make_jaxpr(jax.jit(offender))(jnp.zeros((3, 4, 4)), jnp.zeros((3, 4, 1)))
    assert "lu" in list(batches(program.jaxpr))


def test_nothing_else_factorises_in_compiled_programs():
    found = {
        str(file.relative_to(SOURCES))
        for file in SOURCES.rglob("*.py")
        if CALLS.search(file.read_text(encoding="utf-8"))
    }
    assert found == {"explanation/factorise.py"}


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_two_diagnostics_at_once_end_at_256_units(tmp_path, cell):
    file = tmp_path / "net.safetensors"
    holdfast.save(holdfast.build(cell, inputs=1, units=256, outputs=1), file)
    command = [
        sys.executable,
        "-m",
        "holdfast",
        "explain",
        str(file),
        "--task",
        "recall",
        "--steps",
        "3",
        "--rows",
        "8",
    ]
    command += ["--diagnostics", "fixed_points,lyapunov", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert '"exponents_nats_per_step"' in done.stdout
