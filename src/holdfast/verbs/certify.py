"""``holdfast.certify``: prove a bound on a network's error for every input sequence in a range."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadValue
from holdfast.core.files import check_writable
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import AUTO, PathLike
from holdfast.verbs._network import GivenNetwork, given_network, least_steps_of, own_task

if TYPE_CHECKING:
    from holdfast.certification.proof import Proof
    from holdfast.core.claim import Semantics
    from holdfast.core.task import Task
    from holdfast.engine.network import Network
    from holdfast.tasks import Dataset


def certify(
    network: PathLike | Network,
    task: Task | type[Task] | Dataset | str | None = None,
    *,
    up_to: int | None = None,
    tolerance: float | None = None,
    semantics: Semantics = "real",
    seconds: float = 60.0,
    out: PathLike | None = None,
    progress: bool = False,
    **axes: Any,
) -> Proof:
    """Prove that the error of a network is at most ``tolerance`` (None: the best bound found) on every row of a task.

    ``network`` is the path of a file, a ``Network``, or an object that ``as_model`` opens; ``task`` is a name or a
    ``Task`` (default: the one stored in the file); other keywords are axes of the task, of which the length axis may be
    "any". The certificate is in ``.certificate``; ``out`` is a file to write it to ("auto": next to the network).
    Raises ``BadValue`` where nothing can be proved about the task or the network, ``BadFile`` where a file cannot be
    read.
    """
    from holdfast import __version__
    from holdfast.certification.certificate import save
    from holdfast.certification.prove import prove
    from holdfast.report.progress import ProgressPrinter
    from holdfast.verbs._request import task_request, tolerance_of

    tolerance = tolerance_of(tolerance)
    semantics = arguments.one_of("semantics", semantics, ("real", "ieee"))
    seconds = arguments.positive("seconds", seconds)
    given = given_network(network)
    first = least_steps_of(given.origin)
    asked = task_request("certify", task, axes, own_task(given.origin), given.name, up_to=up_to, first=first)
    asked.refuse_unbounded(
        "a certificate needs a bounded range",
        "Give a bounded range, or use 'holdfast refute', which accepts an unbounded one.",
    )
    opened = given.network("certify", asked.task.inputs)
    place = _place(out, given)
    if place:
        check_writable(place)
    with ProgressPrinter(shown=progress) as printer:
        proof = prove(
            opened,
            asked.task,
            lengths=asked.lengths,
            tolerance=tolerance,
            semantics=semantics,
            seconds=seconds,
            watch=printer.say,
            version=__version__,
        )
    if proof.certificate is None or not place:
        return proof
    save(proof.certificate, place)
    return replace(proof, path=place)


def _place(out: PathLike | None, given: GivenNetwork) -> str | None:
    """Where the certificate is written."""
    if out != AUTO:
        return None if out is None else str(out)
    if not given.path:
        raise BadValue("out='auto' is a file next to the network, but the network is no file.", "Give a path.")
    return str(Path(given.path).with_suffix(".certificate.json"))
