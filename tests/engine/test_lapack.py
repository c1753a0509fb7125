"""LAPACK's functions are loaded without their package; where that fails, JAX imports the package."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_package_is_not_imported_and_can_be_later():
    program = """
import sys
from holdfast.engine import lapack
lapack.load()
print("scipy.linalg" in sys.modules, "scipy.linalg.cython_lapack" in sys.modules)
import jax, numpy as np
function = jax.jit(lambda a, b: jax.numpy.linalg.solve(a, b))
print(function(2 * np.eye(2, dtype=np.float32), np.ones(2, np.float32)).tolist(), "scipy.linalg" in sys.modules)
import scipy.linalg
from scipy.linalg import cython_lapack
print(scipy.linalg.solve(2 * np.eye(2), np.ones(2)).tolist())
"""
    assert run(program) == "False True\n[0.5, 0.5] False\n[0.5, 0.5]\n"


@pytest.mark.parametrize(
    "fault", ["lapack.MODULES = (*lapack.MODULES, 'scipy.linalg.none')", "PathFinder.find_spec = nothing"]
)
def test_where_a_file_is_missing_nothing_is_loaded_and_jax_works(fault):
    program = f"""
import sys
from importlib.machinery import PathFinder
from holdfast.engine import lapack
real, nothing = PathFinder.find_spec, lambda name, path=None, target=None: None
{fault}
lapack.load()
PathFinder.find_spec = real
print([name for name in sys.modules if name.startswith("scipy.linalg")])
import jax, numpy as np
function = jax.jit(lambda a, b: jax.numpy.linalg.solve(a, b))
print(function(2 * np.eye(2, dtype=np.float32), np.ones(2, np.float32)).tolist(), "scipy.linalg" in sys.modules)
"""
    assert run(program) == "[]\n[0.5, 0.5] True\n"
