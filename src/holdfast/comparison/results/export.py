"""Points as tables for other programs: CSV, and Parquet (extra ``parquet``). One row per point, one column per word."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from holdfast.comparison.results.results import Results
from holdfast.core.files import write_atomically
from holdfast.core.requirements import require


def write_csv(results: Results, path: Path) -> None:
    """What ``as_json`` calls "points", in the same order; what is no number is empty. Raises ``BadRun``."""
    text = io.StringIO()
    rows = [point.as_json() for point in results.points]
    writer = csv.DictWriter(text, _columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


def check_parquet() -> None:
    """Raises ``BadValue`` where pyarrow is missing."""
    require("pyarrow", extra="parquet", what="--parquet")


def write_parquet(results: Results, path: Path) -> None:
    """The same as Parquet, with types. Raises ``BadValue`` without pyarrow, ``BadRun`` where it cannot be written."""
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
