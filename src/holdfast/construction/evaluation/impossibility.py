"""Impossibility: the theorem, and an input on which the best constructed network fails."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from holdfast.construction.evaluation.construction import construct
from holdfast.construction.theorems import Theorem, impossible
from holdfast.core.claim import Semantics
from holdfast.core.errors import BadValue, refuse
from holdfast.core.results import Part, Text
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.report.result_base import ResultBase
from holdfast.tasks.recall import Recall

WITNESS_STEPS = 2
"""The shortest sequence with an input after the number to be kept."""


@dataclass(frozen=True, repr=False)
class Impossibility(ResultBase):
    """A theorem, and if there is one, a counterexample for the best constructed network."""

    task: str
    cell: str
    theorem: Theorem
    witness: dict[str, Any] | None

    def as_json(self) -> dict[str, object]:
        return {
            "possible": False,
            "task": self.task,
            "cell": self.cell,
            "theorem": self.theorem.as_json(),
            "witness": self.witness,
        }

    def parts(self) -> list[Part]:
        t = self.theorem
        parts: list[Part] = [
            Text(f"No: {t.name}.", f"{self.task} on {self.cell}"),
            Text(t.statement, "Theorem"),
            Text(t.proof, "Proof"),
        ]
        if t.rests_on:
            parts.append(Text(f"The proof uses {t.rests_on}."))
        if self.witness:
            w = self.witness
            shown = ", ".join(f"{x:g}" for x in w["inputs"])
            parts.append(
                Text(
                    textwrap.dedent(f"""\
                    The best constructed network recalls every number in [{w["range"][0]:g}, {w["range"][1]:g}] within \
{w["claim"]:.3g}.
                    On the inputs {shown} it answers {w["output"]:.6g}, expected {w["expected"]:g}; \
error {w["error"]:.6g}."""),
                    "Counterexample",
                )
            )
        return parts


def why_impossible(
    task: Task,
    range: tuple[float, float],
    cell: str,
    *,
    units: int | None,
    steps: int | None,
    tolerance: float,
    dtype: str,
    semantics: Semantics,
) -> Impossibility | None:
    """The theorem that excludes the request, with a counterexample; None if there is none."""
    refuse(
        [] if units is None or units >= 1 else [f"--units is {units}, expected at least 1"], f"construct {task.name}"
    )
    theorem = impossible(task, range, cell, math.inf if units is None else units, steps, semantics)
    bounded = all(math.isfinite(end) for end in range)
    if not bounded and (theorem is None or not isinstance(task, Recall)):
        fix = "Give a bounded range." if isinstance(task, Recall) else "Only recall accepts an unbounded range."
        raise BadValue(f"{task.name}: --range {range[0]:g} {range[1]:g} is unbounded.", fix)
    if theorem is None:
        return None
    witness = None
    if not bounded and isinstance(task, Recall):
        offered = construct(task, cell, units=units, steps=steps, tolerance=tolerance, dtype=dtype)
        witness = _failure(offered.construction.network, task, range, tolerance) | {
            "range": list(task.range),
            "claim": offered.construction.claim.error,
        }
    return Impossibility(task.name, cell, theorem, witness)


def _failure(network: Network, task: Recall, range: tuple[float, float], tolerance: float) -> dict[str, Any]:
    """A sequence of numbers in this range on which the error of this network exceeds the tolerance.

    The outputs of a bounded network are at most |v|_1 + |d|, so it fails on a number of twice that plus the tolerance.
    A ReLU network fails on a later number that exceeds the range of its gate.
    """
    v, d = (np.asarray(part, np.float64) for part in (network.readout.matrix, network.readout.bias))
    size = 2 * float(np.abs(v).sum() + np.abs(d).sum() + tolerance + max(map(abs, task.range)))
    steps = max(task.position, WITNESS_STEPS)
    best: dict[str, Any] = {"error": -math.inf}
    while best["error"] <= tolerance:
        for first, later in ((1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            x = np.zeros(steps + 1)
            x[task.position - 1] = first * size
            x[task.position :] = later * size
            x = x.clip(*range)
            y = np.asarray(unroll(network, jnp.asarray(x, network.dtype)[None, :, None])[0], np.float64)[0, -1, 0]
            error = abs(y - x[task.position - 1])
            if error > best["error"]:
                best = {"inputs": x.tolist(), "output": float(y), "expected": x[task.position - 1], "error": error}
        size *= 2
    return best
