"""``holdfast.refute``: search for a sequence on which a model's error exceeds a tolerance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import PathLike
from holdfast.verbs._network import given_network, least_steps_of, own_task

if TYPE_CHECKING:
    from holdfast.certification.refute import Refutation
    from holdfast.core.task import Task
    from holdfast.tasks import Dataset


def refute(
    network: PathLike | object,
    task: Task | type[Task] | Dataset | str | None = None,
    *,
    up_to: int | None = None,
    tolerance: float | None = None,
    tries: int = 20_000,
    seconds: float = 60.0,
    seed: int = 0,
    progress: bool = False,
    **axes: Any,
) -> Refutation:
    """Search for a sequence of a task on which the error of a model exceeds ``tolerance`` (None: the task's own).

    ``network`` is the path of a file, a ``Network``, or any object that ``as_model`` takes; ``task`` is a name or a
    ``Task`` (default: the one stored in the file); other keywords are axes of the task, of which ``range`` may be
    unbounded. Finding no such sequence proves nothing.
    Raises ``BadValue`` where the task has no scenario or the sizes do not fit.
    """
    from holdfast.certification import refute as search
    from holdfast.report.progress import ProgressPrinter
    from holdfast.verbs._request import task_request, tolerance_of

    tolerance = tolerance_of(tolerance)
    tries, seconds = arguments.positive("tries", tries, int), arguments.positive("seconds", seconds)
    seed = arguments.whole("seed", seed, least=0)
    given = given_network(network)
    first = least_steps_of(given.origin)
    asked = task_request("refute", task, axes, own_task(given.origin), given.name, up_to=up_to, first=first)
    model = given.model_for(asked.task.inputs)
    search.fit(model, asked.task)
    if tolerance is None:
        criterion = asked.task.criterion
        tolerance = criterion.bound if criterion.of_numbers else 0.0
    scenario, lengths = asked.task.scenario(), asked.lengths
    with ProgressPrinter(shown=progress) as printer:
        options = {"seed": seed, "tries": tries, "seconds": seconds, "watch": printer.say}
        if asked.unbounded is None:
            found = search.refute(model, scenario, lengths, tolerance, **options)
        else:
            found = search.refute_unbounded(model, scenario, lengths, asked.unbounded, tolerance, **options)
    return replace(found, task=asked.task)
