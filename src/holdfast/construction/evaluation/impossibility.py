"""Impossibility: the theorem, and an input on which the best constructed network, or one that was given, fails."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from holdfast.construction.evaluation.construction import construct
from holdfast.construction.evaluation.counterexample import counterexample
from holdfast.construction.theorem import Theorem
from holdfast.construction.theorems import impossible
from holdfast.core.claim import Semantics
from holdfast.core.errors import BadValue, refuse
from holdfast.core.results import Part, Text
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.report.result_base import ResultBase
from holdfast.tasks.recall import Recall

SHOWN = 60
"""The number of inputs of a counterexample that are printed; ``--json`` has all of them."""
WITNESS_STEPS = 2
"""The shortest sequence with an input after the number to be kept."""


@dataclass(frozen=True, repr=False)
class Impossibility(ResultBase):
    """A theorem, and a counterexample: for the best constructed network, if there is one, or, where a network was
    given, for that. ``searched``: whether one was given."""

    task: str
    cell: str
    theorem: Theorem
    witness: dict[str, Any] | None
    searched: bool = False

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
        parts: list[Part] = [Text(f"No: {t.name}.", f"{self.task} on {self.cell}"), Text(t.statement, "Theorem")]
        if t.proof:
            parts.append(Text(t.proof, "Proof"))
        if t.rests_on:
            parts.append(Text(f"{'The proof uses' if t.proof else 'Quoted without proof:'} {t.rests_on}."))
        if t.source:
            parts.append(Text(f"{t.source}", "Source"))
        if self.witness:
            parts.append(Text(_told(self.witness), "Counterexample"))
        elif self.searched:
            parts.append(Text("The search found no sequence on which the given network fails.", "Counterexample"))
        return parts


def _told(witness: dict[str, Any]) -> str:
    """A counterexample in words."""
    w = witness
    symbols = isinstance(w["output"], str)
    shown = [x or "-" for x in w["inputs"]] if symbols else [f"{x:g}" for x in w["inputs"]]
    if len(shown) > SHOWN:
        shown = [*shown[: SHOWN - 1], f"... ({len(shown) - SHOWN} more) ...", shown[-1]]
    inputs = f"On the inputs {(' ' if symbols else ', ').join(shown)} it answers"
    if symbols:
        return f"{inputs} {w['output']}, expected {w['expected']}."
    answer = f"{inputs} {w['output']:.6g}, expected {w['expected']:g}; error {w['error']:.6g}."
    if "claim" not in w:
        return answer
    low, high = w["range"]
    return textwrap.dedent(f"""\
        The best constructed network recalls every number in [{low:g}, {high:g}] within {w["claim"]:.3g}.
        {answer}""")


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
    network: Network | None = None,
) -> Impossibility | None:
    """The theorem that excludes the request, with a counterexample; None if there is none.

    ``network`` is a network of one layer of this cell, for which a counterexample is sought. Raises ``BadValue`` if it
    is another, or if nothing excludes the request.
    """
    refuse(
        [] if units is None or units >= 1 else [f"--units is {units}, expected at least 1"], f"construct {task.name}"
    )
    if network is not None:
        _refuse_other(network, cell, units)
    heads, units_known = (1, units) if network is None else (network.heads, network.units)
    theorem = impossible(task, range, cell, units_known, steps, semantics, heads=heads, tolerance=tolerance)
    bounded = all(math.isfinite(end) for end in range)
    if not bounded and (theorem is None or not isinstance(task, Recall)):
        fix = "Give a bounded range." if isinstance(task, Recall) else "Only recall accepts an unbounded range."
        raise BadValue(f"{task.name}: --range {range[0]:g} {range[1]:g} is unbounded.", fix)
    if theorem is None:
        if network is not None:
            raise BadValue(
                f"construct {task.name}: no theorem excludes this request for {cell}, so that no counterexample to "
                "the network has to exist.",
                "To search for one: holdfast refute.",
            )
        return None
    witness = None
    if network is not None and bounded:
        return Impossibility(task.name, cell, theorem, counterexample(network, task, steps, tolerance), searched=True)
    if not bounded and isinstance(task, Recall):
        offered = construct(task, cell, units=units, steps=steps, tolerance=tolerance, dtype=dtype)
        witness = _failure(offered.construction.network, task, range, tolerance) | {
            "range": list(task.range),
            "claim": offered.construction.claim.error,
        }
    return Impossibility(task.name, cell, theorem, witness)


def _refuse_other(network: Network, cell: str, units: int | None) -> None:
    """Raise ``BadValue`` if the theorems about one layer of this cell are not about this network."""
    reasons = []
    if network.cell_name != cell:
        reasons.append(f"the network is of {network.cell_name}, but --cell is {cell}")
    if len(network.layers) > 1 or network.steps is not None:
        reasons.append("the network has several layers or weights for each step, expected one layer")
    if len(network.readout_maps) > 1 or network.output_function:
        reasons.append("the network's read-out has hidden layers or an output function, expected a linear read-out")
    if units not in (None, network.units):
        reasons.append(f"the network has {network.units} units, but --units is {units}")
    refuse(reasons, "construct", "Leave out --network, or search with: holdfast refute.")


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
