"""Which engine runs a network: ours where it can, XLA everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.core.cell import Cell
from holdfast.core.errors import BadValue
from holdfast.engine.native import library
from holdfast.engine.native.generate import digest
from holdfast.engine.native.program import Unsupported

if TYPE_CHECKING:
    from holdfast.engine.network import Network

FORMATS = (jnp.float32, jnp.float64)


def is_native(engine: str, network: Network, inputs: Array, state: Any, gradient: str = "full") -> bool:
    """Whether this call is ours. Raises as ``library.choose`` does, and ``BadValue`` where ``engine`` is "native" but
    this network cannot be run by it."""
    if library.choose(engine) == "xla":
        return False
    reason = why_not(network.cell, [network, inputs, state], gradient, network.steps is None)
    if reason and engine == "native":
        raise _refused(reason)
    return not reason


def resolved(engine: str, cell: Cell, gradient: str = "full", shared: bool = True) -> str:
    """The engine that will compute this cell by this learning rule, "native" or "xla"; ``shared``: all steps
    use the same weights. Raises as ``is_native`` does."""
    if library.choose(engine) == "xla":
        return "xla"
    reason = why_not(cell, (), gradient, shared)
    if reason and engine == "native":
        raise _refused(reason)
    return "xla" if reason else "native"


def why_not(cell: Cell, arrays: Any = (), gradient: str = "full", shared: bool = True) -> str:
    """Why the library cannot run this cell with arrays like these, as a clause; nothing where it can."""
    if not shared:
        return "it computes with one set of weights for all steps"
    if gradient != "full":
        return f"it computes the full gradient, and not {gradient}"
    if jax.default_backend() != "cpu":
        return f"it runs on processors, and arrays here are on the {jax.default_backend()}"
    there = library.status().cells
    now, unsupported = digest_of(cell)
    if unsupported:
        return f"it cannot run {cell.name}: {unsupported}"
    if there.get(cell.name) != now:
        return f"it was built before {cell.name} was written as it is now (in a checkout: make native)"
    formats = {leaf.dtype for leaf in jax.tree.leaves(arrays)}
    if len(formats) > 1:
        return f"it computes in one number format, and there are {' and '.join(sorted(map(str, formats)))}"
    if formats - {jnp.dtype(f) for f in FORMATS}:
        return f"it computes in float32 and float64, not in {formats.pop()}"
    if any(0 in leaf.shape for leaf in jax.tree.leaves(arrays)):
        return "there is an axis of length 0"
    return ""


def _refused(reason: str) -> BadValue:
    return BadValue(f"the engine 'native' was asked for, but {reason}.", "Take the engine 'auto' or 'xla'.")


def digest_of(cell: Cell) -> tuple[str, str]:
    """The digest of a cell's step, or nothing and why its step cannot be written as C++."""
    key = (cell.name, cell.step)
    if key not in _digests:
        try:
            _digests[key] = digest(cell), ""
        except Unsupported as why:
            _digests[key] = "", str(why)
    return _digests[key]


_digests: dict[Any, tuple[str, str]] = {}
