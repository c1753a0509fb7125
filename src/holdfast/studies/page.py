"""The page of a network, as plain data: what explaining it found, and for a constructed one the bound on its error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from holdfast import tasks
from holdfast.certify.prove import prove
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.explain.finding import Finding
from holdfast.explain.page.document import Band, document
from holdfast.explain.subject import Subject

SECONDS = 5.0
"""For the proof; where it takes longer, the page says that its construction claims what nobody has proved."""


def of(
    subject: Subject,
    origin: Mapping[str, Any],
    *,
    file: str,
    words: Sequence[Mapping[str, Any]] = (),
    findings: Mapping[str, Finding] | None = None,
    asked_steps: int | None = None,
    seconds: float = SECONDS,
    version: str = "",
    tell: Callable[[str], None] = lambda what: None,
) -> dict[str, Any]:
    """What ``report.page.write("explain", title(...), ..., path)`` draws. ``origin`` is what the network's file says of
    where it comes from; ``words`` are clauses as JSON; the rest is as in ``explain.page.document``.

    Raises ``BadValue`` where the network gives no finite number.
    """
    tell("looking for a bound to be tried in the page")
    found = band(subject.network, subject.task, origin, seconds=seconds)
    tell("making the page")
    return document(
        subject,
        file=file,
        sentence=tasks.FOLDER.sentence(subject.task.name),
        words=words,
        findings=findings,
        band=found,
        asked_steps=asked_steps,
        version=version,
    )


def title(network: Network, task: Task) -> str:
    return f"{network.cell_name} on {task.name}"


def band(network: Network, task: Task, origin: Mapping[str, Any], *, seconds: float = SECONDS) -> Band | None:
    """The bound on the error of a network that was constructed for this task: proved where that goes in time, else
    claimed, as long as the task is the very one of the claim. None for any other network."""
    made = origin.get("constructed") or {}
    claim = made.get("claim") or {}
    if made.get("task") != task.name or not claim:
        return None
    symbols, least = task.criterion.metric == "accuracy", int(claim.get("least_steps", 1))
    limits = getattr(task, "range", None)
    semantics = "real" if "real" in str(claim.get("semantics")) else "ieee"
    tolerance = None if symbols else float(claim["error"])
    proof = prove(network, task, tolerance=tolerance, semantics=semantics, least_steps=least, seconds=seconds)
    if proof.verdict == "proved" and proof.error is not None:
        words = {"real": "exact arithmetic", "ieee": f"IEEE {network.dtype} arithmetic"}[semantics]
        by = f"certified for {words}, by a proof over all of them"
        return Band(proof.error, proof.steps, least, limits, by)
    axes = {name: tuple(v) if isinstance(v, list) else v for name, v in made.get("axes", {}).items()}
    if any(getattr(task, name, None) != value for name, value in axes.items()):
        return None
    steps = None if claim.get("steps") == "any" else int(claim["steps"])
    return Band(float(claim["error"]), steps, least, limits, "claimed by its construction, and not proved here")
