"""The checker of certificates: small, independent of whoever made the certificate, meant to be read in one sitting.

It trusts nothing that a certificate says. It looks whether the certificate speaks of these very weights, whether its
pieces cover the range, runs the task's scenario on sets with the parameters given (``propagate.py``), and compares
the bound that it finds itself with the one that is claimed. What has to be right for a verdict to be right: this
file, ``propagate.py``, ``weights.py``, ``engine/readings`` (forms, curves, rounding, bounds), python-flint, the cell's
step, and the task's ``scenario``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from holdfast import tasks
from holdfast.certify.certificate import FORMAT, Certificate, Pieces, parse, refuse_large
from holdfast.certify.propagate import NOTHING_KNOWN, Method, Piece, Reached, run
from holdfast.certify.weights import Weights, fingerprint, finite, weights_of
from holdfast.core.claim import Claim
from holdfast.core.errors import BadFile, Problem
from holdfast.core.scenario import Scenario
from holdfast.core.task import Task, with_axes
from holdfast.engine.network import Network
from holdfast.engine.readings.rounding import ACCURACIES, Rounding

MARGIN, SETTLING = Fraction(1, 2**50), 64
"""How recall is shown to be exact at every length: with this widening, in so many steps more."""


class Verdict(NamedTuple):
    """Whether a certificate proves its claim, and in words why, or why not."""

    accepted: bool
    reason: str


def check(document: Mapping[str, Any], network: Network, expected: Task | None = None) -> Verdict:
    """Judge a certificate for ``network``; for ``expected``, where a task is named, and no other.

    Raises ``BadFile`` where the document is malformed: then there is nothing to judge.
    """
    if document.get("format") != FORMAT:
        return Verdict(False, f"its format is '{document.get('format')}', and this checker reads '{FORMAT}'")
    certificate = parse(document)
    claim = certificate.claim
    task = task_of(claim)
    scenario = task.scenario().answered_from(claim.least_steps)
    if refusal := _foreign(certificate, network, task, scenario, expected):
        return Verdict(False, refusal)
    rounding = rounding_of(claim)
    weights = weights_of(network, every_unit=rounding is not None)
    last = claim.steps if claim.steps is not None else certificate.settled
    assert last is not None
    worst = 0.0
    for piece in pieces_of(scenario, certificate.pieces):
        reached = run(
            weights, scenario, piece, last, rounding, certificate.method, lambda so_far: within(so_far, claim)
        )
        if not within(reached, claim):
            return Verdict(False, f"{_words(piece)}: {_found(reached)}, claimed {claim.error:.6g}")
        if claim.steps is None and reached.settled is None:
            return Verdict(False, f"{_words(piece)}: not settled by step {last}, so later steps are not covered")
        worst = max(worst, reached.error or 0.0)
    if certificate.exact_above is not None and not exact_from(
        certificate.exact_above, weights, scenario, rounding, last, claim.steps is None
    ):
        return Verdict(False, f"recall is not shown to be bit for bit from {certificate.exact_above:.3g} on")
    return Verdict(True, f"found again: error at most {worst:.6g}, claimed {claim.error:.6g}")


def task_of(claim: Claim) -> Task:
    """The task of a claim. Raises ``BadFile`` where there is none with these axes."""
    try:
        task = with_axes(tasks.get(claim.task), claim.axes)
    except Problem as error:
        raise BadFile(f"the certificate names a task that does not exist: {error}") from error
    refuse_large(task)
    return task


def rounding_of(claim: Claim) -> Rounding | None:
    """The rounding of its number format where the claim is about IEEE arithmetic."""
    return None if claim.semantics == ("real",) else Rounding(ACCURACIES[claim.dtype])


def within(reached: Reached, claim: Claim) -> bool:
    """Whether no error reaches past the claim and every symbol is right. NaN is never within anything."""
    return reached.right and (reached.error is None or reached.error <= claim.error)


def of_any_length(task: Task) -> bool:
    """Whether rows of every length are paths of one automaton: a longer task has the same one."""
    longer = replace(task, **{task.length_axis: getattr(task, task.length_axis) + 1})
    one, other = task.scenario(), longer.scenario()
    return (one.start, one.edges, one.answers, one.ranges) == (other.start, other.edges, other.answers, other.ranges)


def pieces_of(scenario: Scenario, pieces: Pieces | None) -> Iterator[Piece]:
    """Every piece, as the ranges of all remembered numbers in it."""
    ranges = {name: (Fraction(low), Fraction(high)) for name, (low, high) in scenario.ranges.items()}
    if pieces is None:
        yield ranges
        return
    for limits in pairwise(pieces.cuts):
        yield {**ranges, pieces.of: limits}


def exact_from(
    threshold: float, weights: Weights, scenario: Scenario, rounding: Rounding | None, steps: int, every_length: bool
) -> bool:
    """Whether the error is exactly 0 wherever the one remembered number x has |x| >= ``threshold``.

    Shown as any other bound: with x from the threshold to the end of its range, no result on the way to the output
    may be subnormal, nothing is rounded, and the set of errors is {0}. Numbers then span all exponents of the
    format, so the bounds are computed with as many bits. After ``steps`` steps sets are widened: what is held exactly
    stays as it is, and clocks and flags settle.
    """
    if rounding is None or len(scenario.ranges) != 1:
        return False
    ((name, (low, high)),) = scenario.ranges.items()
    form = rounding.accuracy.format
    far = Fraction(2) ** (form.bits + 1)
    method = Method(0, steps, MARGIN, far, precision_bits=2 * (form.bits - form.least_subnormal))

    sides = [(threshold, high)] * (threshold <= high) + [(low, -threshold)] * (-threshold >= low)
    pieces = [{name: (Fraction(a), Fraction(b))} for a, b in sides]
    last = steps + SETTLING if every_length else steps
    found = [run(weights, scenario, p, last, rounding, method, lambda r: r.error in (None, 0)) for p in pieces]

    return bool(found) and all(r.error == 0 and r.right and (r.settled or not every_length) for r in found)


def _foreign(certificate: Certificate, network: Network, task: Task, scenario: Scenario, expected: Task | None) -> str:
    """Why the certificate does not speak of this network or of what was asked; empty where it does."""
    claim, pieces = certificate.claim, certificate.pieces
    if certificate.network != (found := fingerprint(network)):
        return f"it is for other weights: their SHA-256 is {certificate.network[:12]}, this network's {found[:12]}"
    if not finite(network):
        return "a weight is no finite number"
    if (network.inputs, network.outputs) != (task.inputs, task.outputs):
        sizes = f"{network.inputs} inputs and {network.outputs} outputs"
        return f"the network has {sizes}, its task {task.inputs} and {task.outputs}"
    if claim.dtype != str(network.dtype) or (claim.semantics == ("ieee",) and claim.dtype not in ACCURACIES):
        return f"it speaks of {claim.dtype} arithmetic, the network's is {network.dtype}"
    if expected is not None and _rows(expected) != _rows(task):
        return f"it is for {task}, asked for {expected}"
    if claim.steps is not None and claim.steps != scenario.steps:
        return f"it speaks of {claim.steps} steps, and rows of its task have up to {scenario.steps}"
    if claim.steps is None and certificate.settled is None:
        return "it claims every length and names no step by which the sets have settled"
    if claim.steps is None and not of_any_length(task):
        return f"it claims every length, but longer rows of {task.name} are other rows"
    return "" if pieces is None else _uncovered(pieces, scenario)


def _rows(task: Task) -> dict[str, Any]:
    """What decides a task's rows: its name and its axes, without the tolerance, which judges answers."""
    return {
        "name": task.name,
        **{axis.name: getattr(task, axis.name) for axis in fields(task) if axis.name != "tolerance"},
    }


def _uncovered(pieces: Pieces, scenario: Scenario) -> str:
    """Why these pieces do not cover every path; empty where they do."""
    if pieces.of not in scenario.ranges:
        return f"it cuts '{pieces.of}' into pieces, which the task does not remember"
    low, high = scenario.ranges[pieces.of]
    if len(pieces.cuts) < 2 or any(a >= b for a, b in pairwise(pieces.cuts)):
        return "its pieces do not lie one behind the other"
    if pieces.cuts[0] > low or pieces.cuts[-1] < high:
        return f"its pieces cover {pieces.cuts[0]} to {pieces.cuts[-1]}, expected {low:g} to {high:g}"
    if read_again(scenario, pieces.of):
        return f"'{pieces.of}' may be read twice, from different pieces"
    return ""


def read_again(scenario: Scenario, name: str) -> bool:
    """Whether a path may give this name to a number twice."""
    reached = {edge.target for edge in scenario.edges if edge.remember and edge.remember[1] == name}
    while more := {e.target for e in scenario.edges if e.source in reached} - reached:
        reached |= more
    return any(e.source in reached and e.remember and e.remember[1] == name for e in scenario.edges)


def _words(piece: Piece) -> str:
    return ", ".join(f"{name} from {float(a):g} to {float(b):g}" for name, (a, b) in piece.items()) or "all rows"


def _found(reached: Reached) -> str:
    if reached == NOTHING_KNOWN:
        return "the bounds grew past every number"
    if not reached.right:
        return f"the right symbol is not known to lead (bound {reached.margin:.6g})"
    return f"by step {reached.steps} the error is only known to be at most {reached.error:.6g}"
