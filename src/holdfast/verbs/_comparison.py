"""The page of a comparison, with a folder of its networks, each as a file and a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from holdfast.core.text import argument

if TYPE_CHECKING:
    from holdfast.comparison.results.answer import Answer
    from holdfast.comparison.results.result import Result
    from holdfast.comparison.store.store import Store


def write_page(found: Answer, store: Store, path: Path, tell: Callable[[str], None]) -> None:
    """Write ``path`` and the folder ``path`` without its suffix. Raises ``BadRun`` where they cannot be written."""
    from holdfast import __version__
    from holdfast.comparison.results.page import document, file_name, representative
    from holdfast.core.errors import BadRun
    from holdfast.report import page

    folder = networks_folder(path)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise BadRun(f"cannot create the folder {folder}: {error.strerror}.", "Give another page.") from error
    lines, links = found.results.summary, {}
    for number, line in enumerate(lines):
        tell(f"writing page {number + 1} of {len(lines)}")
        place = folder / f"{file_name(line)}.html"
        _network(representative(line, found.results), store, place)
        links[line] = f"{quote(folder.name)}/{quote(place.name)}"
    page.write("compare", f"holdfast compare: {found.study.name}", document(found, links, __version__), path)


def networks_folder(page: Path) -> Path:
    """The folder of the networks, next to the page."""
    return page.with_name(page.stem + "-networks")


def _network(point: Result, store: Store, place: Path) -> None:
    """Write the network of a point as a file and as a page that runs it."""
    from holdfast import __version__, tasks
    from holdfast.core.files import write_atomically
    from holdfast.core.origin import task_of
    from holdfast.engine.files import load
    from holdfast.explanation.page.document import document
    from holdfast.explanation.roles import roles
    from holdfast.explanation.subject import examine
    from holdfast.report import page
    from holdfast.training.settings import task_from_json

    file = place.with_suffix(".safetensors")
    write_atomically(file, store.network_file(point))
    network, origin = load(file)
    task = task_from_json(task_of(origin), str(file))
    sentence = (
        f"{tasks.FOLDER.sentence(task.name)} Seed {point.seed} at learning rate {point['learning_rate']:g}, "
        f"{point.verdict} after {point.sequences:,} sequences; for more: 'holdfast explain {argument(file.name)}'."
    )
    subject = examine(network, task, rows=16)
    seen = subject.until(subject.finite_steps or subject.steps)
    measured = roles(seen) if subject.finite_steps else None
    data = document(
        seen, file=file.name, sentence=sentence, roles=measured, asked_steps=subject.steps, version=__version__
    )
    page.write("explain", f"{file.name} on {task.name}", data, place)
