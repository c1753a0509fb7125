"""``holdfast.lab``: the live laboratory, a page that trains, shows and tests a network in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from holdfast.core.files import check_writable
from holdfast.core.results import Part, Text
from holdfast.report.result_base import ResultBase
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import PathLike

if TYPE_CHECKING:
    from holdfast.cells import Definition


@dataclass(frozen=True, repr=False)
class Laboratory(ResultBase):
    """The page of a laboratory: inline in a notebook, ``.page().save(path)`` writes it. ``file`` is where it was
    written, or empty; ``size`` its bytes."""

    cell: str
    tour: str
    stops: int
    size: int
    file: str = ""

    def as_json(self) -> Mapping[str, object]:
        return {
            "file": self.file or None,
            "bytes": self.size,
            "cell": self.cell,
            "tour": self.tour,
            "stops": self.stops,
        }

    def parts(self) -> list[Part]:
        where = f"{self.file} ({self.size / 1e6:.2f} MB)" if self.file else f"A page of {self.size / 1e6:.2f} MB"
        return [
            Text(
                f"{where}: one self-contained file, with the tour “{self.tour}” of {self.stops} "
                f"stop{'s' if self.stops > 1 else ''}."
            )
        ]

    def save(self, path: PathLike) -> Laboratory:
        """Write the page and return this result with its ``file``. Raises ``BadRun`` if it cannot be written."""
        return replace(self, file=str(self.page().save(path)))

    def _repr_html_(self) -> str:
        """The page itself, in a frame."""
        return self.page()._repr_html_()


def lab(
    *, cell: str | Definition = "lstm", tour: PathLike | Mapping[str, Any] | None = None, save: PathLike | None = None
) -> Laboratory:
    """The live laboratory: a page on which a network is trained, opened and tested in the browser.

    It opens on ``cell``; ``tour`` is a JSON file of a tour, or its contents (default: holdfast's own); ``save`` is an
    HTML file to write. Raises ``UnknownName`` for a cell that the package does not have, ``BadFile`` with every mistake
    of a tour.

    >>> import holdfast
    >>> holdfast.lab(cell="gru").as_json()["stops"]
    8
    """
    from holdfast import __version__, cells
    from holdfast.laboratory import page
    from holdfast.laboratory import tour as tours
    from holdfast.studies.written import written

    name = str(arguments.named("cell", cell))
    cells.FOLDER.load(name)
    if save:
        check_writable(save)
    guide = tours.own() if tour is None else tours.checked(tour) if isinstance(tour, Mapping) else tours.read(tour)
    text = page.render({"cell": name}, guide, written(), __version__)
    made = Laboratory(name, guide["title"], len(guide["stops"]), len(text.encode()), page_writer=lambda _: text)
    return made.save(save) if save else made
