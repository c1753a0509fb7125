"""Reasons why the compiled library cannot run a cell, or given arrays, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from holdfast.core.cell import Cell
from holdfast.engine.native import library
from holdfast.engine.native.generate import digest
from holdfast.engine.native.program import Program, Unsupported
from holdfast.engine.native.scan_program import Scan

FORMATS = (jnp.float32, jnp.float64)
Recorded = Callable[[Cell], Program | Scan]
"""``program.record``, ``program.record_gated`` or ``scan_program.record_scan``: the kinds of cells in the library."""


def no_library() -> str | None:
    """Why no library can be used on this machine, as a clause; None if one can."""
    if jax.default_backend() != "cpu":
        return f"it runs on processors, and arrays here are on the {jax.default_backend()}"
    return library.ready().reason or None


def not_built(cell: Cell, recorded: Recorded, built: Mapping[str, str]) -> str | None:
    """Why this cell is not among ``built``, the digests of the library's cells, as a clause; None if it is."""
    now, unsupported = digest_of(cell, recorded)
    if unsupported:
        return f"it cannot run {cell.name}: {unsupported}"
    if built.get(cell.name) != now:
        return f"it was built before {cell.name} was written as it is now (in a checkout: make native)"
    return None


def not_computed(arrays: object) -> str | None:
    """Why the library cannot compute with arrays of these formats and sizes, as a clause; None if it can."""
    leaves = jax.tree.leaves(arrays)
    formats = {leaf.dtype for leaf in leaves}
    if len(formats) > 1:
        return f"it computes in one number format, and there are {' and '.join(sorted(map(str, formats)))}"
    if formats - {jnp.dtype(f) for f in FORMATS}:
        return f"it computes in float32 and float64, not in {formats.pop()}"
    # The matrix of constants has no rows. Where the inputs have none, they themselves have an axis of length 0.
    empty = any(0 in leaf.shape for leaf in leaves if not (leaf.ndim == 2 and leaf.shape[0] == 0))
    return "there is an axis of length 0" if empty else None


def digest_of(cell: Cell, recorded: Recorded) -> tuple[str, str]:
    """The digest of a cell's step and ""; or "" and why the step cannot be written as C++."""
    key = (cell.name, cell.step, recorded)
    if key not in _digests:
        try:
            _digests[key] = digest(recorded(cell)), ""
        except Unsupported as why:
            _digests[key] = "", str(why)
    return _digests[key]


_digests: dict[Any, tuple[str, str]] = {}
