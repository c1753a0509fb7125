"""The page of a network as plain data: its explanation and, for a constructed network, the bound on its error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast import tasks
from holdfast.certification.prove import prove
from holdfast.core.task import Task
from holdfast.demonstration.demonstrate import Demonstration
from holdfast.engine.network import Network
from holdfast.explanation.explain import Explanation, explain
from holdfast.explanation.page.document import Band, document
from holdfast.models.levels import require

SECONDS = 5.0
"""Time limit of the proof; after it, the page shows the bound that the construction claims, marked as not proved."""

Tell = Callable[[str], None]


def of(
    found: Explanation,
    origin: Mapping[str, Any],
    *,
    version: str = "",
    seconds: float = SECONDS,
    tell: Tell = lambda what: None,
) -> dict[str, object]:
    """The document for ``report.page.write("explain", ...)``. ``origin`` is the origin stored in the network's file.
    Raises ``BadValue`` if no step of the network has finite numbers, or if its level is not *opened*."""
    subject = found.subject
    require(subject.model, "opened", "the page")
    tell("proving an error bound for the page")
    bound = band(subject.network, subject.task, origin, seconds=seconds)
    tell("writing the page")
    return document(
        subject,
        file=found.file,
        sentence=_asked(subject.task),
        words=[clause.as_json() for clause in found.words],
        findings=found.findings,
        roles=found.roles,
        band=bound,
        asked_steps=found.steps,
        version=version,
    )


def _asked(task: Task) -> str:
    """The task in one sentence, for readers who do not know its axes."""
    if task.criterion.given:
        return "Read a sequence one symbol at a time, and predict the next symbol at every step."
    return tasks.sentence(task.name).replace("``", "")


def of_demonstration(shown: Demonstration, *, version: str = "", tell: Tell = lambda what: None) -> dict[str, object]:
    """The same for the first network of the demonstration."""
    first = shown.networks[0]
    found = explain(first.network, first.settings.task, file="the demonstration's network", tell=tell)
    return of(found, {}, version=version, tell=tell)


def band(network: Network, task: Task, origin: Mapping[str, Any], *, seconds: float = SECONDS) -> Band | None:
    """The error bound of a network constructed for this task: proved if that succeeds in time, else claimed, if the
    task is exactly that of the claim. None for any other network."""
    made = origin.get("constructed") or {}
    claim = made.get("claim") or {}
    if made.get("task") != task.name or claim.get("error") is None or claim.get("steps") is None:
        return None
    symbols, least = task.criterion.metric == "accuracy", int(claim.get("least_steps", 1))
    limits = getattr(task, "range", None)
    # With rounding errors if that is claimed: the page rounds too, and less often.
    semantics = "ieee" if "ieee" in str(claim.get("semantics")) else "real"
    tolerance = None if symbols else float(claim["error"])
    proof = prove(
        network, task, lengths=task.lengths("up to", least), tolerance=tolerance, semantics=semantics, seconds=seconds
    )
    if proof.verdict == "proved" and proof.error is not None:
        words = {"real": "exact arithmetic", "ieee": f"IEEE {network.dtype} arithmetic"}[semantics]
        return Band(proof.error, proof.lengths.last, least, limits, f"proved for all of them in {words}")
    axes = {name: tuple(v) if isinstance(v, list) else v for name, v in made.get("axes", {}).items()}
    if any(getattr(task, name, None) != value for name, value in axes.items()):
        return None
    steps = None if claim.get("steps") == "any" else int(claim["steps"])
    return Band(float(claim["error"]), steps, least, limits, "claimed by its construction, not proved here")
