"""Impossibility theorems with their proofs, and the results of the literature that they use.

Those about numbers in a bounded or a continuous state are here, those about linear recurrences in
``linear_theorems.py``.
"""

from __future__ import annotations

import math

from holdfast import cells
from holdfast.construction import linear_theorems
from holdfast.construction.theorem import Theorem
from holdfast.core.claim import Semantics
from holdfast.core.task import Task

BOUNDED = (
    *("coupled", "elman", "feedforward", "gru", "lstm", "lstm1997"),
    *("masked_output", "no_input_gate", "no_output_gate"),
)
"""Cells whose hidden state is in [-1, 1] for all inputs."""
RELU = ("irnn",)
"""Cells that are piecewise linear."""
LETS_GO = ("elman", "gru", "lstm")
"""Cells without a continuum of fixed points in exact arithmetic."""


ALL_REALS = Theorem(
    "no weights recall every real number",
    "If |h_j| <= 1 for every unit and y = v.h + d, then for every n >= 1 and every X > 0 some sequence with |x_1| <= X "
    "has |y - x_1| >= X - |v|_1, |v|_1 the sum of the |v_j|. So an error of at most e on [-a, a] needs |v|_1 >= a - e, "
    "and over all real numbers no weights do, not even for n = 1.",
    "y <= d + |v|_1 after x_1 = X, and y >= d - |v|_1 after x_1 = -X. So (X - y(X)) + (y(-X) + X) >= 2 X - 2 |v|_1, "
    "and one of the two is at least half of that.",
)
ALL_REALS_RELU = Theorem(
    "no ReLU network recalls every real number at every length",
    "If |y_n - x_1| <= e for all real x_1 ... x_n, at n - 1 and at n steps with the same weights, there is a "
    "contradiction, however large e is.",
    "Scaled inputs give, in the limit, the network without biases: F(s x)/s -> F_0(x). |F(s x) - s x_1| <= e for every "
    "s makes F_0 = x_1 exactly. Without biases a leading zero leaves the state at zero. So y_n(0, 1, ...) = y_(n-1)(1, "
    "...); but the first should be 0 and the second 1.",
)
TOO_MANY = Theorem(
    "more real numbers than state variables cannot be told apart",
    "If k real numbers from [-a, a] are to be read from S < k state variables, the largest error is at least a: no "
    "better than answering 0.",
    "The map from the numbers to the state is continuous. On the boundary of the cube, a sphere of dimension k - 1 >= "
    "S, there are x and -x with one and the same state (Borsuk-Ulam). Some |x_j| = a there, and one answer serves "
    "both a and -a.",
    rests_on="the theorem of Borsuk and Ulam",
)
NO_CONTINUUM = Theorem(
    "exact arithmetic with gates that never close holds finitely many values",
    "For a plain tanh network, a GRU, or an LSTM with a forget gate, with any finite weights and any constant input, "
    "the set of fixed points is finite. So where the state converges for every x_1, only finitely many values, say N, "
    "survive, and the error at long times is at least a/N.",
    "In outline: an infinite set of fixed points would contain an analytic arc. Along it the pre-activations are "
    "affine in the state, and the state is rational in their exponentials, so both generate one field of functions; by "
    "Ax's theorem the exponentials of k independent pre-activations add k degrees of freedom that this field does not "
    "have. In IEEE arithmetic the premise fails: sigmoid(z) is exactly 1 from some z on.",
    rests_on="Ax 1971 (Schanuel's conjecture for power series), quoted from the literature and not checked here",
)


def impossible(
    task: Task,
    range: tuple[float, float],
    cell: str,
    units: int | None,
    steps: int | None,
    semantics: Semantics,
    *,
    heads: int = 1,
    tolerance: float = math.inf,
) -> Theorem | None:
    """The theorem that excludes one layer of ``cell``; None if there is none. ``units`` None: no number is stated."""
    if not all(math.isfinite(end) for end in range):
        if cell in BOUNDED:
            return ALL_REALS
        # The current number needs no memory: relu(x) - relu(-x) is x.
        held = steps is None or steps > getattr(task, "position", 1)
        return ALL_REALS_RELU if cell in RELU and held else None
    if task.memory_unit == "reals" and max(task.memory()) > (math.inf if units is None else units) * len(
        cells.get(cell).states
    ):
        return TOO_MANY
    if task.memory_unit == "reals" and steps is None and semantics == "real" and cell in LETS_GO:
        return NO_CONTINUUM
    return linear_theorems.impossible(task, cell, units, heads, steps, tolerance, semantics)
