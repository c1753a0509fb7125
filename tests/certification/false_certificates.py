"""Six networks of which version 0.1 proved something untrue, each with what it proved and why.

F  judged answers were told apart by the states that lead there, and a cell without state has one empty state
W  the same in a certificate written by hand, for every length, with widening
P  m + K - K counted as rounded once and for all, although the signs of K turn and m moves to another unit
A  a subnormal weight counts as 0 where subnormal numbers are flushed
B  partial sums overflow although the sum is small
M  a partial sum is flushed although the sum is normal
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from holdfast.core.claim import Semantics
from holdfast.core.task import Task
from holdfast.engine.network import READOUT, Linear, Network, create
from holdfast.tasks.adding import Adding
from holdfast.tasks.copy import Copy
from holdfast.tasks.recall import Recall

TINY = 2.0**-126
"""The least normal number of float32."""


@dataclass(frozen=True)
class FalseCertificate:
    """``proved``: the bound that was proved of this network; ``measured``: an error that it makes."""

    name: str
    network: Network
    task: Task
    semantics: Semantics
    proved: float
    measured: float


def network(
    cell: str,
    sizes: tuple[int, int, int],
    weights: Mapping[tuple[str, str], object],
    readout: object,
    bias: float = 0.0,
) -> Network:
    """Zeros but for ``weights`` by (gate, source), a bias by (gate, "bias of source"); all in float32."""
    inputs, units, outputs = sizes
    shape = create(cell, inputs, units, outputs)

    def filled(source: str, linear: Linear) -> Linear:
        parts = [weights.get((gate, source), np.zeros((*linear.matrix.shape[:1], units))) for gate in linear.gates]
        biases = [weights.get((gate, f"bias of {source}"), np.zeros(units)) for gate in linear.gates]
        matrix = np.concatenate([np.asarray(part, np.float32) for part in parts], -1)
        added = None if linear.bias is None else np.concatenate([np.asarray(b, np.float32) for b in biases])
        return Linear(matrix, added, linear.gates)

    layer = {source: filled(source, linear) for source, linear in shape.layers[0].items()}
    last = Linear(np.asarray(readout, np.float32), np.asarray([bias], np.float32), (READOUT,))
    return Network((layer,), last, cell)


def false_certificates() -> Iterator[FalseCertificate]:
    scale = 2.0**-12
    marked = network(
        "feedforward",
        (2, 2, 1),
        {("candidate", "x"): [[scale, 0], [0, 60]], ("candidate", "bias of x"): [0, -30]},
        [[1 / scale], [-5e5]],
        5e5 + 0.5,
    )
    yield FalseCertificate("F", marked, Adding(steps=6), "real", 0.5, 9e5)

    copied = network("feedforward", (1, 1, 1), {("candidate", "x"): [[2.0**-13]]}, [[2.0**13]])
    yield FalseCertificate("W", copied, Recall(steps=10), "ieee", 2.0**-112, 1.9)

    turning = network(
        "elman",
        (2, 3, 1),
        {
            ("candidate", "x"): [[0, 2.0**-13, 0], [0, 0, 0]],
            ("candidate", "h"): [[-100, 1, 0], [0, 1, 0], [0, 1, -100]],
            ("candidate", "bias of x"): [30, 0, -30],
        },
        [[0], [2.0**13], [0]],
    )
    yield FalseCertificate("P", turning, Copy(steps=1, lag=3, variant="reals"), "ieee", 4.885e-4, 7e-4)

    subnormal = network("elman", (1, 1, 1), {("candidate", "x"): [[TINY / 2]]}, [[2 / TINY]])
    yield FalseCertificate("A", subnormal, Recall(steps=1, range=(4.0, 5.0)), "ieee", 1e-6, 4.4)

    ones, large = [1, 1, 1, 1, 1, 1, 0], np.zeros((7, 7))
    large[:6, 6] = np.array([1, 1, 1, -1, -1, -1]) * 2.0**127
    rows = {("candidate", "h"): large, ("candidate", "bias of x"): ones}
    yield FalseCertificate("B", network("irnn", (1, 7, 1), rows, [[0]] * 6 + [[TINY]]), Recall(steps=3), "ieee", 1, 1.5)

    hidden_h, hidden_c, inner = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3))
    hidden_h[0, 2], hidden_c[1, 2], inner[2, 2] = -TINY, TINY, 2.0**126
    rows = {
        ("candidate", "k"): inner,
        ("candidate", "bias of k"): [32, 1, 0],
        ("hidden", "bias of x"): [0, 0, 1.5 * TINY],
        ("hidden", "c"): hidden_c,
        ("hidden", "h"): hidden_h,
        ("output", "bias of x"): [30, 30, 30],
    }
    flushed = network("one_network", (1, 3, 1), rows, [[0], [0], [1]])
    yield FalseCertificate("M", flushed, Recall(steps=2, range=(0.9, 0.91)), "ieee", 0.0052, 0.14)
