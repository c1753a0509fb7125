"""``holdfast.explain``: what a model remembers, in which units, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.core.files import check_writable
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import PathLike
from holdfast.verbs._network import given_network, own_task

if TYPE_CHECKING:
    from holdfast.core.task import Task
    from holdfast.explanation.explain import Explanation
    from holdfast.tasks import Dataset


def explain(
    network: PathLike | object,
    task: Task | type[Task] | Dataset | str | None = None,
    *,
    diagnostics: str | Sequence[str] | None = None,
    page: PathLike | None = None,
    figures: PathLike | None = None,
    rows: int = 64,
    seed: int = 0,
    progress: bool = False,
    **axes: Any,
) -> Explanation:
    """Explain a model on ``rows`` fresh sequences of a task, with every diagnostic that its level allows.

    ``network`` is the path of a file, a ``Network``, or any object that ``as_model`` takes; ``task`` is a name or a
    ``Task`` (default: the one stored in the file); other keywords are axes of the task. ``diagnostics`` names some of
    them; ``page`` is an HTML file and ``figures`` a folder to write to.
    Raises ``UnknownName`` for a diagnostic, ``BadValue`` if one needs a higher level or if the sizes do not fit.
    """
    from holdfast.explanation.explain import check_names
    from holdfast.explanation.explain import explain as explained
    from holdfast.models.levels import require
    from holdfast.report import figures as pictures
    from holdfast.report.progress import ProgressPrinter
    from holdfast.verbs._request import task_request

    why = ", since states are exchanged between sequences"
    rows = arguments.whole("rows", rows, least=2, why=why)
    seed = arguments.whole("seed", seed, least=0)
    if page:
        check_writable(page)
    if figures:
        pictures.check(figures)
    names = arguments.names_in("diagnostics", diagnostics) if diagnostics else None
    check_names(names)
    given = given_network(network)
    asked = task_request("explain", task, axes, own_task(given.origin), given.name)
    asked.refuse_unbounded("sequences are drawn from a bounded range", "Give the range of the network's inputs.")
    model = given.model_for(asked.task.inputs)
    if page:
        require(model, "opened", "--page")
    with ProgressPrinter(shown=progress) as printer:
        found = explained(model, asked.task, diagnostics=names, rows=rows, seed=seed, file=given.path, tell=printer.say)
        found = replace(found, page_writer=partial(page_of, origin=given.origin))
        if page and found.finite_steps:
            printer.say("writing the page")
            found = replace(found, page_file=str(found.page().save(page)))
        if figures:
            printer.say("drawing pictures")
            pictures.write(found.plots(), figures)
    return found


def page_of(found: Explanation, origin: dict[str, Any], tell: Callable[[str], None] = lambda what: None) -> str:
    """The interactive page of an explanation. Raises ``BadValue`` if no step has finite numbers, or if the model is not
    of level *opened*."""
    from holdfast import __version__
    from holdfast.explanation.page.words import script
    from holdfast.report import page
    from holdfast.studies.page import of

    document = of(found, origin, version=__version__, tell=tell)
    title = f"{found.file or 'a network'} on {found.subject.task.name}"
    return page.render("explain", title, document, script())
