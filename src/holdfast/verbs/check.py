"""``holdfast.check``: does a certificate prove its claim for exactly these weights?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from holdfast.core.errors import BadFile
from holdfast.core.values import got
from holdfast.verbs._arguments import PathLike
from holdfast.verbs._network import given_network

if TYPE_CHECKING:
    from holdfast.certification.check import CheckResult, Question
    from holdfast.core.claim import Claim
    from holdfast.core.task import Task


def check(
    certificate: PathLike | Mapping[str, Any],
    network: PathLike | object,
    task: Task | str | None = None,
    *,
    up_to: int | None = None,
    tolerance: float | None = None,
    **axes: Any,
) -> CheckResult:
    """Check a certificate against the weights of a network, and against a claim of your own if one is given.

    ``certificate`` is the path of a file or a document, as ``.certificate`` of a ``Proof``; ``network`` is the path of
    a file, a ``Network``, or an object that ``as_model`` opens. ``task``, ``up_to``, ``tolerance`` and axes of the task
    state what has to be proved.
    Raises ``BadFile`` where the certificate is malformed.
    """
    from holdfast.certification.certificate import FORMAT, parse
    from holdfast.certification.check import check as judge
    from holdfast.certification.check import task_of

    document = _document(certificate)
    claim = parse(document).claim if document.get("format") == FORMAT else None
    opened = given_network(network).network("check", task_of(claim).inputs if claim else None)
    verdict = judge(document, opened, claim and _question(claim, task, up_to, tolerance, axes))
    return replace(verdict, claim=claim)


def _document(certificate: PathLike | Mapping[str, Any]) -> dict[str, Any]:
    from holdfast.certification.certificate import load

    if isinstance(certificate, str | os.PathLike):
        return load(os.fspath(certificate))
    if not isinstance(certificate, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] -- a caller's mistake
        raise BadFile(f"the certificate is {got(certificate)}, expected a path or a document.", "holdfast.certify(...)")
    return dict(cast("Mapping[str, Any]", certificate))


def _question(
    claim: Claim, task: Task | str | None, up_to: int | None, tolerance: float | None, axes: Mapping[str, object]
) -> Question | None:
    """The claim with the values that are given; None without any."""
    from holdfast.certification.check import Question
    from holdfast.verbs._request import task_request, tolerance_of

    if task is None and up_to is None and tolerance is None and not axes:
        return None
    tolerance = tolerance_of(tolerance)
    own, lengths = {"name": claim.task, **claim.axes}, claim.lengths
    asked = task_request(
        "check", task, axes, own, "this certificate", up_to=up_to, kind=lengths.kind, first=claim.least_steps
    )
    asked.refuse_unbounded("a certificate covers a bounded range", "Give the range that the certificate has to cover.")
    return Question(asked.task, asked.lengths, tolerance)
