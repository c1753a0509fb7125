"""The functions of LAPACK for JAX, without the rest of ``scipy.linalg``."""

from __future__ import annotations

import sys
import threading
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path

MODULES = ("scipy.linalg.cython_blas", "scipy.linalg.cython_lapack")
"""Where JAX finds the functions, of SciPy's own files the only two; each is one compiled file."""

_lock = threading.Lock()


def load() -> None:
    """Load ``MODULES`` from their files. Their package is not imported, which takes a fourth as long as importing JAX.

    JAX starts LAPACK for every program that was kept, whether the program needs it or not. Where a file is not found,
    or cannot be loaded alone, nothing is loaded, and JAX imports the package.
    """
    with _lock:
        if "scipy.linalg" in sys.modules or MODULES[-1] in sys.modules:
            return
        try:
            for name in MODULES:
                _load(name)
        except ImportError:
            for name in MODULES:
                sys.modules.pop(name, None)


def _load(name: str) -> None:
    scipy = find_spec("scipy")
    folders = [str(Path(folder) / "linalg") for folder in (scipy and scipy.submodule_search_locations) or ()]
    found = PathFinder.find_spec(name, folders)
    if found is None or found.loader is None:
        raise ImportError(name)
    module = module_from_spec(found)
    found.loader.exec_module(module)
    sys.modules[name] = module
