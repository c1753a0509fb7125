"""The page of a network, as plain data: what explaining it found, and for a constructed one the bound on its error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast import tasks
from holdfast.certify.prove import prove
from holdfast.core.task import Task
from holdfast.demonstration.demonstrate import Demonstration
from holdfast.engine.network import Network
from holdfast.explain.explain import Explanation, explain
from holdfast.explain.page.document import Band, document
from holdfast.models.levels import require

SECONDS = 5.0
"""For the proof; where it takes longer, the page says that its construction claims what nobody has proved."""

Tell = Callable[[str], None]


def of(
    found: Explanation,
    origin: Mapping[str, Any],
    *,
    version: str = "",
    seconds: float = SECONDS,
    tell: Tell = lambda what: None,
) -> dict[str, object]:
    """The document that ``report.page.write("explain", ...)`` draws. ``origin`` is what the network's file says of
    where it comes from. Raises ``BadValue`` where the network gives no finite number, or is not of level *opened*."""
    subject = found.subject
    require(subject.model, "opened", "the page")
    tell("looking for a bound to be tried in the page")
    bound = band(subject.network, subject.task, origin, seconds=seconds)
    tell("making the page")
    return document(
        subject,
        file=found.file,
        sentence=_asked(subject.task),
        words=[clause.as_json() for clause in found.words],
        findings=found.findings,
        band=bound,
        asked_steps=found.steps,
        version=version,
    )


def _asked(task: Task) -> str:
    """What the task asks, in a sentence for readers who do not know its axes."""
    if task.examples() is not None:
        return "A sequence is read one symbol at a time; after each, the next one has to be predicted."
    return tasks.FOLDER.sentence(task.name).replace("``", "")


def of_demonstration(shown: Demonstration, *, version: str = "", tell: Tell = lambda what: None) -> dict[str, object]:
    """The same for the network of the demonstration, the first one."""
    first = shown.networks[0]
    found = explain(first.network, first.settings.task, file="the demonstration's network", tell=tell)
    return of(found, {}, version=version, tell=tell)


def band(network: Network, task: Task, origin: Mapping[str, Any], *, seconds: float = SECONDS) -> Band | None:
    """The bound on the error of a network that was constructed for this task: proved where that goes in time, else
    claimed, as long as the task is the very one of the claim. None for any other network."""
    made = origin.get("constructed") or {}
    claim = made.get("claim") or {}
    if made.get("task") != task.name or claim.get("error") is None or claim.get("steps") is None:
        return None
    symbols, least = task.criterion.metric == "accuracy", int(claim.get("least_steps", 1))
    limits = getattr(task, "range", None)
    # As it runs, where that is claimed: the page rounds as well, and less often.
    semantics = "ieee" if "ieee" in str(claim.get("semantics")) else "real"
    tolerance = None if symbols else float(claim["error"])
    proof = prove(
        network, task, lengths=task.lengths("up to", least), tolerance=tolerance, semantics=semantics, seconds=seconds
    )
    if proof.verdict == "proved" and proof.error is not None:
        words = {"real": "exact arithmetic", "ieee": f"IEEE {network.dtype} arithmetic"}[semantics]
        return Band(
            proof.error, proof.lengths.last, least, limits, f"certified, by a proof over all of them in {words}"
        )
    axes = {name: tuple(v) if isinstance(v, list) else v for name, v in made.get("axes", {}).items()}
    if any(getattr(task, name, None) != value for name, value in axes.items()):
        return None
    steps = None if claim.get("steps") == "any" else int(claim["steps"])
    return Band(float(claim["error"]), steps, least, limits, "claimed by its construction, and not proved here")
