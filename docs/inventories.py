"""Links to the documentation of Python, NumPy, JAX and others, by intersphinx without a network.

``inventories.txt`` names what the reference links to. Any other name is a warning of the build, which is an error.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from pathlib import Path

ADDRESSES = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "jax": "https://docs.jax.dev/en/latest/",
    "matplotlib": "https://matplotlib.org/stable/",
    "pandas": "https://pandas.pydata.org/docs/",
    "optax": "https://optax.readthedocs.io/en/latest/",
    "torch": "https://docs.pytorch.org/docs/stable/",
}
OTHER_NAMES = {
    "Array": "jax.Array",
    "jax.jaxlib._jax.Array": "jax.Array",
    "jaxlib._jax.Array": "jax.Array",
    "np.ndarray": "numpy.ndarray",
    "np.dtype": "numpy.dtype",
    "optax._src.base.GradientTransformation": "optax.GradientTransformation",
    "Path": "pathlib.Path",
    "Figure": "matplotlib.figure.Figure",
}
"""The names under which annotations refer to them."""


def mapping(docs: Path) -> dict[str, tuple[str, str]]:
    """Write an inventory for every project into ``_generated``; returns the ``intersphinx_mapping``."""
    entries: dict[str, list[str]] = defaultdict(list)
    for line in (docs / "inventories.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            project, role, name, page = line.split()
            entries[project].append(f"{name} {role} 1 {page} -\n")
    folder = docs / "_generated" / "inventories"
    folder.mkdir(parents=True, exist_ok=True)
    for project, lines in entries.items():
        head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n# zlib compressed\n"
        (folder / f"{project}.inv").write_bytes(head.encode() + zlib.compress("".join(lines).encode()))
    return {project: (ADDRESSES[project], str(folder / f"{project}.inv")) for project in entries}
