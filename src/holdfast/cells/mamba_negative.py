"""The state-space model of mamba with eigenvalues between -1 and 1: a step can change the sign of a state.

Every unit has a vector of states h, which a step multiplies by 2 exp(d A) - 1 in place of exp(d A). With eigenvalues
between 0 and 1, no number of layers in finite precision can tell the parity of a sequence of any length; with the sign
one layer can.

Question: what do negative eigenvalues add to ``mamba``?

Shapes: x [..., input]; h and decay [..., unit, state]; step, value and skip [..., unit]; input and output [..., state].
"""

from __future__ import annotations

from holdfast.cells.mamba import Gates, State, axes, initialise, keep, letters, maps, sizes, stepped, write

__all__ = ["Gates", "State", "axes", "initialise", "keep", "letters", "maps", "sizes", "source", "step", "write"]

source = "Grazzi et al. 2024, arXiv:2411.12537"


def step(ops, weights, x, state):
    return stepped(ops, weights, x, state, lambda exponent: ops.signed(ops.exp(exponent)))
