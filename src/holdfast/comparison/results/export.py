"""Export points for other programs as CSV or Parquet (extra ``parquet``): one row per point, one column per field."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from holdfast.comparison.results.results import Results
from holdfast.core.files import write_atomically
from holdfast.core.requirements import require


def write_csv(results: Results, path: Path) -> None:
    """Write the entries "points" of ``as_json`` as CSV, in the same order; null is an empty field. Raises ``BadRun`` if
    the file cannot be written."""
    text = io.StringIO()
    rows = [point.as_json() for point in results.points]
    writer = csv.DictWriter(text, _columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


def check_parquet() -> None:
    """Raise ``BadValue`` if pyarrow is not installed."""
    require("pyarrow", extra="parquet", what="--parquet")


def write_parquet(results: Results, path: Path) -> None:
    """Write the same table as Parquet, with types. Raises ``BadValue`` without pyarrow, and ``BadRun`` if the file
    cannot be written."""
    check_parquet()
    import pyarrow
    import pyarrow.parquet

    rows = [point.as_json() for point in results.points]
    table = pyarrow.Table.from_pydict({name: [row[name] for row in rows] for name in _columns(rows)})
    content = io.BytesIO()
    pyarrow.parquet.write_table(table, content)
    write_atomically(path, content.getvalue())


def _columns(rows: list[dict]) -> list[str]:
    return list(rows[0]) if rows else ["task", "cell", "lag_steps", "units", "learning_rate", "initialisation", "seed"]
