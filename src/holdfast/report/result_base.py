"""What every result can do: show itself in a line, in a notebook, as a table, as pictures and as a page.

A result has ``as_json()``, its document, and ``parts()``, what a terminal shows. All else follows from these two.
"""

from __future__ import annotations

import abc
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from holdfast.core.errors import BadValue
from holdfast.core.requirements import require
from holdfast.core.results import Heatmap, LinePlot, Part

if TYPE_CHECKING:
    import pandas  # pyright: ignore[reportMissingImports] -- an extra
    from matplotlib.figure import Figure

    from holdfast.report.page import Page

LONGEST_VALUE = 60
"""Characters of a value in a ``repr``."""
MOST_VALUES = 16


@dataclass(frozen=True, repr=False)
class ResultBase(abc.ABC):
    """The base class of results. ``page_writer`` makes the text of the HTML page, if there is one besides the
    ``parts``."""

    TABLE: ClassVar[str] = ""
    """The entry of the document that is the table of ``to_pandas``: a list of rows, or rows by name. Without it there
    is one row, of the entries that are single values."""

    page_writer: Callable[[Any], str] | None = field(default=None, kw_only=True, compare=False)

    @abc.abstractmethod
    def as_json(self) -> Mapping[str, object]:
        """The document of ``--json``."""

    @abc.abstractmethod
    def parts(self) -> list[Part]:
        """What the command prints."""

    def __repr__(self) -> str:
        """The class with the single values of the document: a few hundred characters."""
        single = [
            (name, value) for name, value in self.as_json().items() if not _nested(value) and value not in (None, "")
        ]
        return f"{type(self).__name__}({', '.join(f'{name}={_short(value)}' for name, value in single[:MOST_VALUES])})"

    def _repr_html_(self) -> str:
        """The parts as HTML, for notebooks."""
        from holdfast.report.html import fragment

        return fragment(self.parts())

    def rows(self) -> list[dict[str, object]]:
        """The table of the result, one dictionary a row; what is nested has names such as ``chance.error_rms``."""
        document = self.as_json()
        table = document.get(self.TABLE)
        if isinstance(table, Mapping):
            named = cast("Mapping[str, object]", table)
            return [{"name": name, **_flat(values)} for name, values in named.items()]
        if isinstance(table, Sequence) and not isinstance(table, str):
            return [_flat(row) for row in cast("Sequence[object]", table)]
        return [_flat({name: value for name, value in document.items() if not isinstance(value, list | tuple)})]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame. Raises ``BadValue`` if pandas is not installed."""
        require("pandas", extra="pandas", what="to_pandas()")
        import pandas  # pyright: ignore[reportMissingImports] -- an extra

        return pandas.DataFrame(self.rows())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as an Arrow stream, which polars, DuckDB, pandas and others read. Raises ``BadValue`` if pyarrow is
        not installed."""
        require("pyarrow", extra="parquet", what="the Arrow stream of a result")
        import pyarrow

        rows = self.rows()
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = pyarrow.table({name: _column([row.get(name) for row in rows]) for name in names})
        return table.__arrow_c_stream__(requested_schema)

    def plots(self) -> list[Part]:
        """The curves and heat maps of the result."""
        return [part for part in self.parts() if isinstance(part, LinePlot | Heatmap)]

    def figure(self) -> Figure:
        """All plots of the result in one matplotlib figure. Raises ``BadValue`` if it has none, or if matplotlib is not
        installed."""
        from holdfast.report import figures

        plots = self.plots()
        if not plots:
            raise BadValue(
                f"this {type(self).__name__} has no plot.", "Its table is in .to_pandas(), its text in .parts()."
            )
        return figures.together(plots)

    def page(self) -> Page:
        """The result as an HTML page: shown inline in a notebook, and written with ``.save(path)``."""
        from holdfast.report import html
        from holdfast.report.page import Page

        title = f"holdfast: {type(self).__name__}"
        return Page(self.page_writer(self) if self.page_writer else html.page(title, [*self.parts(), *self._more()]))

    def _more(self) -> list[Part]:
        shown = self.parts()
        return [plot for plot in self.plots() if plot not in shown]


def _nested(value: object) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _flat(value: object) -> dict[str, object]:
    """One level: the entries of inner objects under joined names, lists as they are."""
    if not isinstance(value, Mapping):
        return {"value": value}
    found: dict[str, object] = {}
    for name, inner in cast("Mapping[str, object]", value).items():
        if isinstance(inner, Mapping):
            found |= {f"{name}.{key}": part for key, part in _flat(cast("Mapping[str, object]", inner)).items()}
        else:
            found[name] = inner
    return found


def _column(values: list[object]) -> list[object]:
    """Values of one Arrow type: lists, and values of several types, become their JSON text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or (len(kinds) <= 1 and not kinds & {list, tuple, dict}):
        return [float(value) if isinstance(value, int) and float in kinds else value for value in values]
    return [None if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]
