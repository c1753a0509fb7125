"""Which engine runs a network: the compiled library where it can, XLA step by step or all steps at once elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.core.cell import Cell
from holdfast.core.errors import BadValue
from holdfast.engine import parallel
from holdfast.engine.native import library
from holdfast.engine.native.generate import digest
from holdfast.engine.native.program import Unsupported

if TYPE_CHECKING:
    from holdfast.engine.network import Network

FORMATS = (jnp.float32, jnp.float64)
ONE_SET = "it computes with one set of weights for all steps"


def chosen(
    engine: str, network: Network, inputs: Array, state: Any, truncate: int | None = None, gradient: str = "full"
) -> str:
    """The engine of this call, "native", "parallel" or "xla". Raises as ``resolved`` does."""
    found = resolved(engine, network.cell, gradient, network.steps is None, [network, inputs, state])
    if found == "parallel" and truncate is not None:
        raise _refused("parallel", "it computes all steps at once, and the gradient is to be cut between steps")
    return found


def resolved(engine: str, cell: Cell, gradient: str = "full", shared: bool = True, arrays: Any = ()) -> str:
    """The engine that will compute this cell by this learning rule, with arrays like these: "native", "parallel" or
    "xla". ``shared``: all steps use the same weights.

    Raises as ``library.choose`` does, and ``BadValue`` where ``engine`` names one that cannot run this cell.
    """
    wanted = library.choose(engine)
    if wanted == "parallel":
        if not shared:
            raise _refused("parallel", ONE_SET)
        if gradient != "full":
            raise _refused("parallel", f"it computes the full gradient, and not {gradient}")
        if reason := parallel.why_not(cell):
            raise _refused("parallel", f"it cannot run {cell.name}: {reason}")
    elif wanted == "native" and (reason := why_not(cell, arrays, gradient, shared)):
        if engine == "native":
            raise _refused("native", reason)
        return "xla"
    return wanted


def why_not(cell: Cell, arrays: Any = (), gradient: str = "full", shared: bool = True) -> str:
    """Why the library cannot run this cell with arrays like these, as a clause; nothing where it can."""
    if not shared:
        return ONE_SET
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


def _refused(engine: str, reason: str) -> BadValue:
    return BadValue(f"the engine '{engine}' was asked for, but {reason}.", "Take the engine 'auto' or 'xla'.")


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
