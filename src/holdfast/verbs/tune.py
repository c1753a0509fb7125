"""``holdfast.tune``: the smallest network and the smallest budget with which a cell learns a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadValue
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import PathLike

if TYPE_CHECKING:
    from holdfast.core.task import Task
    from holdfast.tasks import Dataset
    from holdfast.tuning.result import TuningResult

DEFAULTS: dict[str, Any] = {"budget": 30_000, "seeds": 8}
"""Settings whose defaults differ from those of 'train'."""


def tune(
    task: Task | type[Task] | Dataset | str,
    *,
    trials: int = 40,
    minutes: float | None = None,
    storage: PathLike | None = None,
    study: str | None = None,
    threads: int | None = None,
    progress: bool = False,
    on_check: Callable[[Mapping[str, Any]], None] | None = None,
    **named: Any,
) -> TuningResult:
    """Search for the smallest network with which a cell learns a task, and confirm it on new seeds.

    ``task`` is a name or a ``Task``; every other keyword is an axis of the task, a field of ``Search``
    (``units=(1, 16)``) or of ``Settings``. Trials are saved in ``storage`` (default: ``holdfast-tune.journal``), where
    the next call with the same arguments continues. ``on_check`` is called at every evaluation of every network with
    its figures and the number of its ``trial``.
    Raises ``UnknownName`` for an unknown task or keyword, ``BadValue`` for an invalid value.
    """
    from holdfast import tasks
    from holdfast.core.fields import field_infos
    from holdfast.report.progress import ProgressPrinter
    from holdfast.training.settings import Settings
    from holdfast.tuning.find import tune as search_with
    from holdfast.tuning.search import SEARCHED, Search
    from holdfast.tuning.storage import JOURNAL, need_packages
    from holdfast.verbs._request import choose_task, made_task

    threads = arguments.threads_of(threads)
    place = str(storage or JOURNAL)
    need_packages(place)
    if study == "":
        raise BadValue("--study is empty, expected a name.")
    choice = choose_task(task, {}, "")
    fields = {name: one for name, one in field_infos(Settings).items() if name not in SEARCHED}
    axes, bounds, fixed = arguments.divided(
        *("tune", named, arguments.axes_of(choice.kind), field_infos(Search), fields),
        own=("trials", "minutes", "storage", "study", "threads"),
    )
    search = Search(Settings(made_task(choice.kind, choice.axes | axes), **DEFAULTS | fixed), **bounds)
    known = field_infos(choice.kind)
    shown = {n: v for n, v in choice.axes.items() if v != known[n].default} | axes
    task_name = search.base.task.name
    if choice.kind is tasks.DatasetTask:
        shown = {"digest": choice.axes["digest"][:12]} | axes
    name = study or "-".join((task_name, *(f"{n}={_short(v)}" for n, v in shown.items()), search.base.cell))
    with ProgressPrinter(shown=progress) as printer:
        return search_with(
            search,
            storage=place,
            name=name,
            trials=arguments.whole("trials", trials),
            minutes=None if minutes is None else arguments.number("minutes", minutes),
            threads=threads,
            watch=printer,
            on_check=on_check,
        )


def _short(value: object) -> str:
    """The value of an axis in the name of a study."""
    if isinstance(value, list | tuple):
        return " ".join(",".join(part) if isinstance(part, tuple) else str(part) for part in value)
    return str(value)
