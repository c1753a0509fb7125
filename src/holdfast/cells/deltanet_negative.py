"""DeltaNet with a writing strength of up to 2: a key's value may change its sign.

The factor I - b k k^T has the eigenvalue 1 - b along the key. In ``deltanet`` this is in [0, 1]; with b in [0, 2] it is
in [-1, 1], and at b = 2 the factor is a reflection. The rest of the step is that of ``deltanet``.

Question: which state tracking, such as parity, becomes possible with negative eigenvalues?

Shapes: as in ``deltanet``.
"""

from __future__ import annotations

from holdfast.cells._delta import written
from holdfast.cells.deltanet import Gates, State, axes, keep, letters, maps, write
from holdfast.core.cell import Step

__all__ = ["Gates", "State", "axes", "keep", "letters", "maps", "source", "step", "write"]

source = "Grazzi et al. 2024, arXiv:2411.12537, for the DeltaNet of Yang et al. 2024, arXiv:2406.06484"


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    q, k, v = ops.normalise(w["query"]), ops.normalise(w["key"]), w["value"]
    b = ops.twice_sigmoid(w["strength"])
    memory = written(ops, state.S, k, v, b)
    return Step(ops.contract(memory, q), State(memory), Gates(b, q, k, v))
