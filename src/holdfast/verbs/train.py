"""``holdfast.train``: train many networks at once on a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadRun, BadValue
from holdfast.core.text import argument
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import AUTO, PathLike

if TYPE_CHECKING:
    from holdfast.core.task import Task
    from holdfast.tasks import Dataset
    from holdfast.training.result import Training
    from holdfast.training.settings import Settings

RUNS = Path("runs")


def train(
    task: Task | type[Task] | Dataset | str | None = None,
    *,
    out: PathLike | None = None,
    resume: PathLike | None = None,
    threads: int | None = None,
    progress: bool = False,
    on_check: Callable[[Mapping[str, Any]], None] | None = None,
    **named: Any,
) -> Training:
    """Train ``seeds`` networks until each has solved the task or spent its budget of sequences.

    ``task`` is a name or a ``Task``; every other keyword is an axis of the task or a field of ``Settings``. ``out`` is
    a new run folder ("auto": one under ``runs/``; None: nothing is saved), ``resume`` a run folder to continue.
    ``on_check`` is called at every evaluation of every network with its figures: ``seed``, ``sequences``, ``loss``,
    ``error_sup``, ``accuracy`` (None for a task of numbers).
    Raises ``UnknownName`` for an unknown task or keyword, ``BadValue`` for an invalid value, ``BadRun`` where the
    folder cannot be used.

    >>> import holdfast
    >>> done = holdfast.train("echo", sequences=[["a", "b"], ["b", "a"]], units=4, budget=2000, seeds=2)
    >>> print(done.rate)
    2 of 2 (100 %, 95 % interval 34-100 %)
    """
    from holdfast.certification.attack import attack
    from holdfast.report.progress import ProgressPrinter
    from holdfast.training.loop import train_networks

    threads = arguments.threads_of(threads)
    settings, folder = _fresh(task, out, named) if resume is None else _resumed(resume, task, out, named)
    with ProgressPrinter(shown=progress) as printer:
        what = f"{settings.task.name}, {settings.cell_name}"
        return train_networks(
            settings,
            out=folder,
            threads=threads,
            watch=lambda now: printer(what, now),
            attack=attack,
            on_check=on_check,
        )


def _fresh(
    task: Task | type[Task] | Dataset | str | None, out: PathLike | None, named: Mapping[str, object]
) -> tuple[Settings, Path | None]:
    from holdfast.core.fields import field_infos
    from holdfast.engine.resolve import parts
    from holdfast.training.settings import Settings
    from holdfast.verbs._request import choose_task, made_task

    if task is None:
        raise BadValue("holdfast train needs a task.", "Try 'holdfast train recall --steps 30'.")
    choice = choose_task(task, {}, "")
    own = ("out", "resume", "threads")
    axes, given = arguments.divided("train", named, arguments.axes_of(choice.kind), field_infos(Settings), own=own)
    settings = Settings(made_task(choice.kind, choice.axes | axes), **given)
    if out is None:
        return settings, None
    if out == AUTO:
        cell = "-".join(parts(settings.cell_name))
        return settings, _next_folder(f"{settings.task.name}-{cell}-{settings.units}")
    folder = Path(out)
    if (folder / "settings.json").exists():
        raise BadRun(
            f"there is already a run in {folder}.",
            f"Continue it with --resume {argument(folder)}, or give another folder.",
        )
    return settings, folder


def _resumed(
    resume: PathLike, task: Task | type[Task] | Dataset | str | None, out: PathLike | None, named: Mapping[str, object]
) -> tuple[Settings, Path]:
    from holdfast.tasks import Dataset
    from holdfast.training.run import read_settings

    extra = sorted(named) + [name for name, value in (("task", task), ("out", out)) if value is not None]
    folder = Path(resume)
    if isinstance(task, Dataset) and extra == ["task"]:
        settings = read_settings(folder)
        if getattr(settings.task, "digest", "") != task.digest:
            raise BadValue(f"the run in {folder} was trained on other data than this dataset.", "Start a new run.")
        return settings, folder
    if extra:
        raise BadValue(
            f"a resumed run keeps its settings, but '{extra[0]}' was given.",
            "Leave it out, or start a new run without --resume.",
        )
    return read_settings(folder), folder


def _next_folder(name: str) -> Path:
    """Create runs/NAME-001, or the first free number; creating it at once keeps two processes apart."""
    for number in range(1, 1_000_000):
        folder = RUNS / f"{name}-{number:03}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise BadRun(f"cannot create {folder}: {error.strerror}.", "Give another folder with --out.") from error
        return folder
    raise BadRun(f"there are already a million runs named {name}.", "Give a folder with --out.")
