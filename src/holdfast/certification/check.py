"""The checker of certificates. It is small, and independent of the search that made the certificate.

It trusts no statement of a certificate. It checks that the certificate is about these weights and claims at least what
is asked, and that its pieces cover every path. It then propagates sets through the task's scenario with the given
parameters (``propagate.py``), and compares the bound that it computes with the claimed one. A verdict relies on this
file, ``propagate.py``, ``weights.py``, ``engine/readings`` and ``alphabet`` (forms, curves, rounding, bounds),
python-flint, the cell's step, and the task's ``scenario``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from holdfast import alphabet, tasks
from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.certification.certificate import FORMAT, Certificate, Cuts, describe_lengths, parse, refuse_large, words
from holdfast.certification.propagate import NOTHING_KNOWN, Bound, Limits, Method, PathPiece, run
from holdfast.certification.weights import Weights, fingerprint, finite, weights_of
from holdfast.core.claim import Claim
from holdfast.core.errors import BadFile, BadValue, Problem
from holdfast.core.results import Part, Text, rounded_up
from holdfast.core.scenario import Box, Edge, Lengths, Scenario
from holdfast.core.task import Task, with_axes
from holdfast.engine.network import Network
from holdfast.engine.readings.record import Unsupported, record
from holdfast.models.levels import require
from holdfast.plugins.verified import verified, verified_cell
from holdfast.report.result_base import ResultBase

LONGER = 4
"""The largest number of steps by which the next length of a task is longer."""
MARGIN, SETTLING = Fraction(1, 2**50), 64
"""For exact recall at every length: the margin of the widening, and the number of further steps to settle in."""


@dataclass(frozen=True, repr=False)
class CheckResult(ResultBase):
    """Whether a certificate proves its ``claim``, and the reason in words. The claim is None if the certificate has
    another format."""

    accepted: bool
    reason: str
    claim: Claim | None = None

    def as_json(self) -> dict[str, Any]:
        """The document of ``holdfast check --json``."""
        return {"accepted": self.accepted, "reason": self.reason, "claim": self.claim and self.claim.as_json()}

    def parts(self) -> list[Part]:
        """What ``holdfast check`` prints."""
        text = f"{'accepted' if self.accepted else 'not accepted'}: {self.reason}."
        shown = self.claim is not None and self.accepted
        return [Text(f"{text}\n{words(self.claim, task_of(self.claim))}" if shown and self.claim else text)]


@dataclass(frozen=True)
class Question:
    """What a certificate must prove: for these rows of this task, an error of at most ``tolerance`` (None: any)."""

    task: Task
    lengths: Lengths
    tolerance: float | None = None


def check(document: Mapping[str, object], network: Network, question: Question | None = None) -> CheckResult:
    """Check whether a certificate proves its claim about ``network``, and whether the claim covers the ``question``.

    Raises ``BadFile`` if the document is malformed, or if the task or the cell is from a plug-in with errors. Raises
    ``BadValue`` for a network that is not of level *opened*.
    """
    if document.get("format") != FORMAT:
        return CheckResult(False, f"its format is '{document.get('format')}', and this checker reads '{FORMAT}'")
    certificate = parse(document)
    claim = certificate.claim
    task, _ = verified(task_of(claim)), verified_cell(network.cell_name)
    require(network, "opened", "check")
    scenario = task.scenario()
    if refusal := _foreign(certificate, network, task, scenario) or (question and _less(claim, scenario, question)):
        return CheckResult(False, refusal)
    rounding = rounding_of(claim)
    weights = weights_of(network, every_unit=rounding is not None)
    last = claim.steps if claim.steps is not None else certificate.settled
    assert last is not None
    worst, judged = 0.0, False
    for piece in pieces_of(scenario, certificate.cuts):
        reached = run(
            weights, scenario, claim.lengths, piece, last, rounding, certificate.method, lambda r: within(r, claim)
        )
        if not within(reached, claim):
            return CheckResult(False, f"{_words(piece)}: {_found(reached)}, claimed {claim.error:.6g}")
        if claim.steps is None and reached.settled is None:
            return CheckResult(False, f"{_words(piece)}: not settled by step {last}, so later steps are not covered")
        worst, judged = max(worst, reached.error or 0.0), judged or reached.judged
    if not judged:
        return CheckResult(False, "no row that it speaks of has an answer, so it proves nothing")
    if certificate.exact_above is not None and not exact_from(
        certificate.exact_above, weights, scenario, claim.lengths, rounding, last
    ):
        return CheckResult(False, f"recall is not shown to be bit for bit from {certificate.exact_above:.3g} on")
    return CheckResult(True, f"found again: error at most {rounded_up(worst)}, claimed {rounded_up(claim.error)}")


def task_of(claim: Claim) -> Task:
    """The task of a claim. Raises ``BadFile`` if there is no task with these axes, or it is too large."""
    try:
        task = with_axes(tasks.get(claim.task), claim.axes)
        refuse_large(task)
    except Problem as error:
        raise BadFile(f"the certificate names an invalid task: {error}") from error
    return task


def rounding_of(claim: Claim) -> Rounding | None:
    """The rounding of the claim's number format, for a claim about IEEE arithmetic; None for real arithmetic."""
    return None if claim.semantics == ("real",) else Rounding(ACCURACIES[claim.dtype])


def assumptions_of(claim: Claim, network: Network) -> tuple[str, ...]:
    """The assumptions of this checker about the arithmetic of a claim about this network, in words."""
    if claim.semantics == ("real",):
        return ()
    try:
        used = {node.word for node in record(network.cell).nodes} | ({network.output_function} - {""})
    except Unsupported:  # a step that cannot be recorded may use any word
        used = set(alphabet.FOLDER.names())
    return ACCURACIES[claim.dtype].words(used)


def within(reached: Bound, claim: Claim) -> bool:
    """Whether the error is within the claim and every symbol is right. NaN is never within a claim."""
    return reached.right and (reached.error is None or reached.error <= claim.error)


def of_any_length(task: Task) -> bool:
    """Whether rows of every length are paths of the same automaton: a longer task has the same scenario. The next
    length of some tasks is longer by more than one step."""
    own = getattr(task, task.length_axis)
    for steps in range(own + 1, own + LONGER + 1):
        with suppress(BadValue):
            longer = replace(task, **{task.length_axis: steps})
            break
    else:
        return False
    one, other = task.scenario(), longer.scenario()
    return _contains(one, other, False) and _contains(other, one, False)


def pieces_of(scenario: Scenario, cuts: Cuts) -> Iterator[PathPiece]:
    """Every piece of the tree. Raises ``BadFile`` if the cuts are not a tree, or cut a variable that cannot be cut."""
    numbers = {name: (Fraction(low), Fraction(high)) for name, (low, high) in scenario.ranges.items()}
    waiting = [PathPiece(numbers)]
    for cut in cuts:
        if not waiting:
            raise BadFile("the certificate is malformed: its cuts form more than one tree.")
        piece = waiting.pop()
        if cut is None:
            yield piece
        elif isinstance(cut.of, str):
            if cut.of not in scenario.ranges:
                raise BadFile(f"the certificate is malformed: it cuts '{cut.of}', which the task does not remember.")
            if read_again(scenario, cut.of):
                raise BadFile(f"the certificate is malformed: '{cut.of}' may be read twice, from different pieces.")
            parts = [{**piece.numbers, cut.of: half} for half in _halves(piece.numbers[cut.of], cut.at)]
            waiting += [PathPiece(part, piece.inputs) for part in reversed(parts)]
        else:
            whole = piece.inputs.get(cut.of) or _readable(scenario, cut.of[1])
            parts = [{**piece.inputs, cut.of: half} for half in _halves(whole, cut.at)]
            waiting += [PathPiece(piece.numbers, part) for part in reversed(parts)]
    if waiting:
        raise BadFile("the certificate is malformed: its cuts form no complete tree.")


def _halves(limits: Limits, at: Fraction) -> tuple[Limits, Limits]:
    if not limits[0] < at < limits[1]:
        raise BadFile(f"the certificate is malformed: it cuts at {at}, expected between {limits[0]} and {limits[1]}.")
    return (limits[0], at), (at, limits[1])


def _readable(scenario: Scenario, channel: int) -> Limits:
    """The limits that contain all numbers that any edge reads from this channel."""
    boxes = [box for edge in scenario.edges for box in edge.boxes if channel < len(box.low)]
    if not boxes:
        raise BadFile(f"the certificate is malformed: it cuts input {channel} of a step, which does not exist.")
    return Fraction(min(box.low[channel] for box in boxes)), Fraction(max(box.high[channel] for box in boxes))


def exact_from(
    threshold: float, weights: Weights, scenario: Scenario, lengths: Lengths, rounding: Rounding | None, steps: int
) -> bool:
    """Whether the error is exactly 0 whenever the only remembered number x has |x| >= ``threshold``.

    This is proved like any other bound, with x between the threshold and the end of its range: no result on the way to
    the output may be subnormal, nothing is rounded, and the set of errors is {0}. The numbers then span all exponents
    of the format, so the bounds are computed with enough bits for this. After ``steps`` steps the sets are widened:
    values that are held exactly do not change, and clocks and flags settle.
    """
    if rounding is None or len(scenario.ranges) != 1:
        return False
    ((name, (low, high)),) = scenario.ranges.items()
    form, every_length = rounding.accuracy.format, lengths.last is None
    far = Fraction(2) ** (form.bits + 1)
    method = Method(0, steps, MARGIN, far, precision_bits=2 * (form.bits - form.least_subnormal))

    sides = [(threshold, high)] * (threshold <= high) + [(low, -threshold)] * (-threshold >= low)
    pieces = [PathPiece({name: (Fraction(a), Fraction(b))}) for a, b in sides]
    last = steps + SETTLING if every_length else steps
    found = [run(weights, scenario, lengths, p, last, rounding, method, lambda r: r.error in (None, 0)) for p in pieces]

    return bool(found) and all(r.error == 0 and r.right and (r.settled or not every_length) for r in found)


def _foreign(certificate: Certificate, network: Network, task: Task, scenario: Scenario) -> str:
    """Why the certificate is not about this network or has no valid claim; empty if there is no such reason."""
    claim = certificate.claim
    if certificate.network != (found := fingerprint(network)):
        return f"it is for other weights: their SHA-256 is {certificate.network[:12]}, this network's {found[:12]}"
    if not finite(network):
        return "a weight is no finite number"
    if (network.inputs, network.outputs) != (task.inputs, task.outputs):
        sizes = f"{network.inputs} inputs and {network.outputs} outputs"
        return f"the network has {sizes}, its task {task.inputs} and {task.outputs}"
    if claim.dtype != str(network.dtype) or (claim.semantics == ("ieee",) and claim.dtype not in ACCURACIES):
        return f"it speaks of {claim.dtype} arithmetic, the network's is {network.dtype}"
    if certificate.assumptions != (known := assumptions_of(claim, network)):
        return f"it assumes {certificate.assumptions}, this checker {known}"
    if claim.steps is not None and claim.steps != scenario.steps:
        return f"it speaks of {claim.steps} steps, and rows of its task have up to {scenario.steps}"
    if claim.exactly and claim.lengths != task.lengths():
        return f"it speaks of answers from step {claim.least_steps} on, its task of others"
    if claim.steps is None and certificate.settled is None:
        return "it claims every length and names no step by which the sets have settled"
    if claim.steps is None and not of_any_length(task):
        return f"it claims every length, but longer rows of {task.name} are other rows"
    return ""


def _less(claim: Claim, scenario: Scenario, question: Question) -> str:
    """Why the claim does not cover the question; empty if it does."""
    asked = question.task
    if asked.name != claim.task:
        return f"it is about {claim.task}, asked about {asked.name}"
    if not _contains(scenario, asked.scenario(), claim.exactly):
        return f"it is for {task_of(claim)}, asked for {asked}"
    if not claim.lengths.cover(question.lengths):
        rows, wanted = describe_lengths(task_of(claim), claim.lengths), describe_lengths(asked, question.lengths)
        return f"it is about rows {rows}, asked about rows {wanted}"
    if question.tolerance is not None and claim.error > question.tolerance:
        return f"it claims an error of at most {rounded_up(claim.error)}, asked for {question.tolerance:g}"
    return ""


def _contains(outer: Scenario, inner: Scenario, exactly: bool) -> bool:
    """Whether every path of ``inner`` is a path of ``outer`` with the same answers: the automata are the same, and the
    edges of ``inner`` read a subset of the inputs and, with ``exactly``, are taken at a subset of the steps."""
    same = (outer.start, outer.answers, outer.ranges.keys()) == (inner.start, inner.answers, inner.ranges.keys())
    if not same or len(outer.edges) != len(inner.edges):
        return False
    return all(_reads_less(a, b, exactly) for a, b in zip(inner.edges, outer.edges, strict=True))


def _reads_less(inner: Edge, outer: Edge, exactly: bool) -> bool:
    if (inner.source, inner.target, inner.remember) != (outer.source, outer.target, outer.remember):
        return False
    if exactly and outer.steps is not None:
        first, last = outer.steps
        if inner.steps is None or not (first <= inner.steps[0] and inner.steps[1] <= last):
            return False
    return all(any(_lies_in(box, larger) for larger in outer.boxes) for box in inner.boxes)


def _lies_in(inner: Box, outer: Box) -> bool:
    ends = zip(inner.low, inner.high, outer.low, outer.high, strict=True)
    return all(low <= a and b <= high for a, b, low, high in ends)


def read_again(scenario: Scenario, name: str) -> bool:
    """Whether a path may read two numbers under this name."""
    reached = {edge.target for edge in scenario.edges if edge.remember and edge.remember[1] == name}
    while more := {e.target for e in scenario.edges if e.source in reached} - reached:
        reached |= more
    return any(e.source in reached and e.remember and e.remember[1] == name for e in scenario.edges)


def _words(piece: PathPiece) -> str:
    named = [f"{name} from {float(a):g} to {float(b):g}" for name, (a, b) in piece.numbers.items()]
    read = [f"input {c + 1} of step {t} from {float(a):g} to {float(b):g}" for (t, c), (a, b) in piece.inputs.items()]
    return ", ".join([*named, *read]) or "all rows"


def _found(reached: Bound) -> str:
    if reached == NOTHING_KNOWN:
        return "the bounds grew past every number" + (f": {reached.unbounded}" if reached.unbounded else "")
    if not reached.right:
        return f"the right symbol is not known to lead (bound {reached.margin:.6g})"
    assert reached.error is not None
    return f"by step {reached.steps} the error is only known to be at most {rounded_up(reached.error)}"
