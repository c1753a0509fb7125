"""The prover: it searches for a proof (``search.py``) and writes it as a certificate. If it finds no proof, it searches
for a sequence that refutes the claim."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Literal

from holdfast.alphabet.enclosures.rounding import ACCURACIES
from holdfast.certification.certificate import Certificate, describe_lengths, refuse_large
from holdfast.certification.check import assumptions_of, of_any_length, rounding_of
from holdfast.certification.proof import Proof
from holdfast.certification.propagate import NOTHING_KNOWN
from holdfast.certification.refute import Refutation, fit, refute
from holdfast.certification.replay import errs_exactly
from holdfast.certification.search import BestProof, Goal, ProofSearch
from holdfast.certification.weights import fingerprint, finite, weights_of
from holdfast.core.claim import Claim, Semantics
from holdfast.core.errors import BadValue
from holdfast.core.formats import not_positive
from holdfast.core.results import rounded_up
from holdfast.core.scenario import Class, Lengths, Scenario, Value
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.models.levels import require
from holdfast.plugins.verified import verified, verified_cell

TRIES = 2000
"""The number of sequences that the search for a refutation runs."""
ROOM = 2.0**-30
"""The relative amount by which the error in a certificate exceeds the bound, if the tolerance allows it: another
version of Arb may round differently."""

Watch = Callable[[str], None]


def prove(
    network: Network,
    task: Task,
    *,
    lengths: Lengths | None = None,
    tolerance: float | None = None,
    semantics: Semantics = "real",
    seconds: float = 60.0,
    watch: Watch = lambda words: None,
    version: str = "",
) -> Proof:
    """Search for a proof that the error is at most ``tolerance``, or, if it is None, for the best bound. The search
    takes at most ``seconds``.

    ``lengths`` selects the rows; by default they have exactly the task's length (``task.lengths()``). An interrupt
    (``KeyboardInterrupt``) ends the search and keeps the best bound. ``version`` of holdfast is written into the
    certificate.
    Raises ``BadValue`` if the network is not of level *opened*, does not fit the task or has a weight that is not a
    finite number, or if a proof for every length is requested for a task whose scenario depends on the length.
    """
    require(network, "opened", "certify")
    verified(task)
    verified_cell(network.cell_name)
    refuse_large(task)
    rows = lengths or task.lengths()
    _refuse(network, task, tolerance, rows, semantics)
    began, scenario, dtype = time.monotonic(), task.scenario(), str(network.dtype)
    claim = Claim(task.name, _axes(task), 0.0, rows.last, (semantics,), dtype, rows.first, rows.kind == "exactly")
    rounding, deadline = rounding_of(claim), began + seconds
    goal = Goal(_half_width(scenario) if tolerance is None else tolerance, tolerance is None)
    search = ProofSearch(weights_of(network, every_unit=rounding is not None), scenario, rows, rounding, goal, deadline)
    interrupted, best, exact_above, refutation, looked = False, None, None, None, False
    falsifiable = tolerance is not None or _symbols(scenario)
    try:
        for best in search.bests():
            if not best.reached.judged:
                meant = describe_lengths(task, rows)
                raise BadValue(f"no row of {task.name} {meant}, has an answer.", "Use longer sequences.")
            watch(_progress(best))
            if not looked and falsifiable and not search.reached(best):
                looked = True
                watch("not proved yet; looking for a sequence that refutes it")
                refutation = _refuted(network, scenario, rows, tolerance or 0.0, semantics, seconds / 4)
                if refutation is not None:
                    break
        if best is not None and search.reached(best):
            exact_above = search.exact_above(best)

    except KeyboardInterrupt:
        interrupted = True
    proved = best is not None and search.reached(best)
    verdict: Literal["proved", "unknown", "refuted"] = "proved" if proved else "refuted" if refutation else "unknown"
    document = None
    if best is not None and proved:
        document = _certificate(claim, best, tolerance, exact_above, network, version).as_json()
    return Proof(
        verdict=verdict,
        task=task,
        tolerance=tolerance,
        reached=NOTHING_KNOWN if best is None else best.reached,
        lengths=rows,
        semantics=semantics,
        dtype=claim.dtype,
        pieces=0 if best is None else best.pieces,
        symbols=0 if best is None else best.method.symbols,
        exact_above=exact_above,
        certificate=document,
        refutation=refutation,
        interrupted=interrupted,
        wall_seconds=time.monotonic() - began,
    )


def _axes(task: Task) -> dict:
    return {axis.name: getattr(task, axis.name) for axis in fields(task)}


def _half_width(scenario: Scenario) -> float:
    """Half the width of the answers' range: the error of a constant output. A useful bound is smaller."""
    widths = [0.0]
    answers = [answer for answer in scenario.answers.values() if not isinstance(answer, Class)]
    for values in zip(*answers, strict=True):
        ends = [end for value in values if value is not None for end in _ends(value, scenario)]
        widths.append((max(ends) - min(ends)) / 2 if ends else 0.0)
    return max(widths)


def _ends(value: Value, scenario: Scenario) -> tuple[float, float]:
    low = high = value.constant
    for name, coefficient in value.names.items():
        parts = sorted(coefficient * end for end in scenario.ranges[name])
        low, high = low + parts[0], high + parts[1]
    return low, high


def _symbols(scenario: Scenario) -> bool:
    return any(isinstance(answer, Class) for answer in scenario.answers.values())


def _refuse(network: Network, task: Task, tolerance: float | None, lengths: Lengths, semantics: Semantics) -> None:
    if tolerance is not None and (reasons := not_positive("tolerance", tolerance)):
        raise BadValue(f"{reasons[0]}.")
    fit(network, task)
    if not finite(network):
        raise BadValue("a weight of the network is NaN or infinite, so nothing can be proved about it.")
    if semantics == "ieee" and str(network.dtype) not in ACCURACIES:
        known = " or ".join(ACCURACIES)
        raise BadValue(f"--semantics ieee: the network's numbers are {network.dtype}, expected {known}.")
    if lengths.last is None and not of_any_length(task):
        raise BadValue(
            f"{task.name} with these axes has different rows at every length, so 'any' is not defined.",
            f"Give --{task.length_axis} a number.",
        )


def _certificate(
    claim: Claim, best: BestProof, tolerance: float | None, exact_above: float | None, network: Network, version: str
) -> Certificate:
    error = best.reached.error or 0.0
    roomy = min(error * (1 + ROOM), float("inf") if tolerance is None else tolerance)
    return Certificate(
        claim=replace(claim, error=max(error, roomy)),
        network=fingerprint(network),
        cuts=best.cuts,
        method=best.method,
        settled=best.reached.settled,
        exact_above=exact_above,
        assumptions=assumptions_of(claim, network),
        holdfast=version,
    )


def _refuted(
    network: Network, scenario: Scenario, lengths: Lengths, tolerance: float, semantics: Semantics, seconds: float
) -> Refutation | None:
    """A sequence whose error certainly exceeds the tolerance, also in the requested semantics; None if none is
    found."""
    found = refute(network, scenario, lengths, tolerance, tries=TRIES, seconds=seconds)
    sure = found.found and (semantics == "ieee" or errs_exactly(network, found, tolerance))
    return found if sure else None


def _progress(best: BestProof) -> str:
    reached = best.reached
    lead = f"lead at least {reached.margin or 0.0:.3g}"
    bound = lead if reached.error is None else f"error at most {rounded_up(reached.error, 3)}"
    pieces = f", {best.pieces} pieces" if best.pieces > 1 else ""
    settled = f", settled after step {reached.settled}" if reached.settled is not None else ""
    return bound + pieces + settled
