"""``holdfast.compare``: train a grid of cells, lags, sizes and learning rates, with many seeds for each point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.core import values
from holdfast.core.errors import BadValue
from holdfast.core.files import check_folder, check_writable
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import PathLike
from holdfast.verbs._study import chosen_study

if TYPE_CHECKING:
    from holdfast.comparison.results.answer import Answer
    from holdfast.comparison.results.results import Results
    from holdfast.comparison.store.store import Store
    from holdfast.comparison.study import Study
    from holdfast.core.task import Task
    from holdfast.tasks import Dataset

STORE = Path("runs") / "studies.sqlite"
Values = str | Sequence[object]
"""Several values of a setting: ``"lstm,gru"``, or a sequence."""


def compare(
    task: Task | type[Task] | Dataset | str | None = None,
    *,
    study: str | None = None,
    lags: Values | None = None,
    cells: Values | None = None,
    units: Values | None = None,
    initialisations: Values | None = None,
    updates: Values | None = None,
    orders: Values | None = None,
    rates: Values | None = None,
    over: Mapping[str, Values] | Sequence[str] | None = None,
    store: PathLike = STORE,
    workers: int | None = None,
    executor: str = "processes",
    address: str | None = None,
    report: bool = False,
    yes: bool = False,
    csv: PathLike | None = None,
    parquet: PathLike | None = None,
    figures: PathLike | None = None,
    page: PathLike | None = None,
    progress: bool = False,
    on_check: Callable[[Mapping[str, Any]], None] | None = None,
    **named: Any,
) -> Answer:
    """Train every point of a grid that ``store`` does not have yet, and summarise all of them.

    ``task`` is a name or a ``Task``; ``study`` is a built-in study, or a name for this grid. ``lags`` to ``rates``, and
    the settings in ``over`` (``{"optimiser": ["adam", "sgd"]}``), are swept; every other keyword is an axis of the task
    or a field of ``Settings``. ``on_check`` is called with the figures of every network that is finished. ``report``
    trains nothing, ``yes`` accepts a grid that takes more than a day; ``csv``, ``parquet``, ``figures`` and ``page``
    are written besides.
    Raises ``UnknownName`` for an unknown name, ``BadValue`` for an invalid value, ``BadRun`` where the store is busy or
    has the study with other settings.
    """
    from holdfast.comparison.results.answer import answer
    from holdfast.comparison.store.store import Store

    _check(executor, address, csv=csv, parquet=parquet, figures=figures, page=page)
    if workers is not None:
        arguments.whole("workers", workers, least=1, fix="Leave it out to use every core.")
    lists = {
        "cells": cells,
        "units": units,
        "initialisations": initialisations,
        "updates": updates,
        "orders": orders,
        "rates": rates,
    }
    asked = partial(chosen_study, task, study, lags, lists, over or (), named)
    if not Path(store).exists():
        asked(None)  # refuse a mistake before an empty store is created
    with Store(str(store), write=not report) as opened:
        chosen = asked(opened)
        if report:
            results, interrupted = opened.results(chosen.name), False
        else:
            results, interrupted = _run(chosen, opened, workers, address, yes, progress, on_check)
        found = replace(answer(chosen, results), interrupted=interrupted, page_writer=page_of)
        _write(found, opened, csv, parquet, figures, page, progress)
    return found


def page_of(found: Answer) -> str:
    """The page of a comparison, without links to its networks."""
    from holdfast import __version__
    from holdfast.comparison.results.page import document
    from holdfast.report import page

    return page.render("compare", f"holdfast compare: {found.study.name}", document(found, {}, __version__))


def _check(executor: str, address: str | None, **outputs: PathLike | None) -> None:
    if executor not in ("processes", "ray"):
        raise BadValue(
            f"--executor is {values.got(executor)}, expected processes or ray.",
            "The engine is a flag of its own: --engine native, parallel, loop or auto.",
        )
    if (executor == "ray") != (address is not None):
        raise BadValue(
            "--executor ray and --address need each other.", "For example: --executor ray --address 10.0.0.1:6379."
        )
    _check_outputs(**outputs)
    if executor == "ray":
        from holdfast.comparison.executors.cluster import check_installed

        check_installed()


def _check_outputs(
    csv: PathLike | None, parquet: PathLike | None, figures: PathLike | None, page: PathLike | None
) -> None:
    """Refuse at once what would fail only after the training."""
    for path in (csv, parquet, page):
        if path:
            check_writable(path)
    if page:
        from holdfast.verbs._comparison import networks_folder

        check_folder(networks_folder(Path(page)))
    if parquet:
        from holdfast.comparison.results.export import check_parquet

        check_parquet()
    if figures:
        from holdfast.report import figures as pictures

        pictures.check(figures)


def _run(
    study: Study,
    store: Store,
    workers: int | None,
    address: str | None,
    yes: bool,
    progress: bool,
    on_check: Callable[[Mapping[str, Any]], None] | None,
) -> tuple[Results, bool]:
    from holdfast.comparison.estimate import check_size
    from holdfast.comparison.run import run_study
    from holdfast.core.progress import cores
    from holdfast.report.progress import ProgressPrinter

    check_size(study, workers or cores(), yes)
    with ProgressPrinter(shown=progress) as printer:
        watch = partial(printer, study.name)
        return run_study(study, store, workers=workers, address=address, watch=watch, on_check=on_check)


def _write(
    found: Answer,
    store: Store,
    csv: PathLike | None,
    parquet: PathLike | None,
    figures: PathLike | None,
    page: PathLike | None,
    progress: bool,
) -> None:
    from holdfast.comparison.results import export
    from holdfast.report.progress import ProgressPrinter

    if csv:
        export.write_csv(found.results, Path(csv))
    if parquet:
        export.write_parquet(found.results, Path(parquet))
    if figures:
        from holdfast.report import figures as pictures

        pictures.write(found.parts(), figures)
    if page:
        from holdfast.verbs._comparison import write_page

        with ProgressPrinter(shown=progress) as printer:
            write_page(found, store, Path(page), printer.say)
