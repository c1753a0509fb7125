"""The store of studies: one SQLite file that stores every finished point immediately, and never twice.

A configuration is stored under its key, so studies that overlap share points. One process at a time runs a study;
several may write different studies into one store.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from holdfast.comparison.executors.worker import FinishedNetwork
from holdfast.comparison.grid.grid import Grid, said
from holdfast.comparison.grid.place import AXES, Configuration
from holdfast.comparison.grid.version_0_1 import renamed
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.store.sqlite import connect, told
from holdfast.comparison.study import Study
from holdfast.core.documents import convert, parse_json, shown
from holdfast.core.errors import BadFile, BadRun, BadValue, UnknownName
from holdfast.core.fields import differences, field_infos
from holdfast.core.files import hold, write_atomically
from holdfast.engine.files import load
from holdfast.engine.network import Network
from holdfast.training.settings import Settings

FIGURES = ("verdict", "sequences", "loss", "error_sup", "accuracy", "slope_start", "slope_end", "seconds")


class Store:
    """An open store. Without ``write``, an existing store is only read. Raises the errors of ``sqlite.connect``."""

    def __init__(self, path: Path | str, write: bool = True) -> None:
        self.path = Path(path)
        self._connection = connect(self.path, write)
        self._lock: Any = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._lock:
            self._lock.release()
            self._lock = None
        self._connection.close()

    def work_folder(self, study: str) -> Path:
        """The folder of the checkpoints of running units."""
        return self.path.with_name(self.path.name + ".work") / study

    def studies(self) -> list[str]:
        names = [name for (name,) in self._read("SELECT name FROM studies ORDER BY name")]
        return convert(names, list[str], f"{self.path}, names of studies")

    def grids(self, study: str) -> tuple[Grid, ...]:
        """The grids of a stored study. Raises ``UnknownName``."""
        found = self._read("SELECT document FROM studies WHERE name = ?", (study,))
        if not found:
            raise UnknownName("study in this store", study, self.studies())
        where = f"{self.path}, study '{study}'"
        document = convert(self._parsed(found[0][0], where), dict[str, list[Any]], where)
        if document.keys() != {"grids"}:
            raise BadFile(f"{where}: it has {', '.join(map(shown, document)) or 'nothing'}, expected 'grids'.")
        return tuple(
            Grid.from_json(grid, f"{where}, grid {n}")
            for n, kept in enumerate(document["grids"], 1)
            for grid in renamed(kept)
        )

    def begin(self, study: Study) -> list[Configuration]:
        """Reserve ``study`` for this process and return its configurations. A study in the store is continued.

        Raises ``BadRun`` if another process runs the study, or if the store has it with other settings (which the
        message names).
        """
        _check_name(study.name)
        self._reserve(study.name)
        if study.name not in self.studies():
            self._write_study(study)
        elif (there := self.grids(study.name)) != study.grids:
            raise BadRun(
                f"the study '{study.name}' is in {self.path} with other settings: {_difference(there, study.grids)}.",
                "Give another name with --study, leave those settings out, or give another file with --store.",
            )
        return self.configurations(study.name)

    def _reserve(self, study: str) -> None:
        folder = self.work_folder(study)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadRun(f"cannot write beside the store {self.path}: {error.strerror}.", "Give another.") from error
        fix = "Wait for it; without --workers or settings its results so far can be read at any time."
        busy = BadRun(f"another process is running the study '{study}' in {self.path}.", fix)
        self._lock = hold(folder / "lock", busy)

    def _write_study(self, study: Study) -> None:
        made = [configuration for grid in study.grids for configuration in grid.configurations()]
        document = json.dumps({"grids": [grid.as_json() for grid in study.grids]})
        settings = {c.key: json.dumps(c.settings.as_json()) for c in made}
        with told(self.path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("INSERT INTO studies VALUES (?, ?)", (study.name, document))
            self._connection.executemany("INSERT OR IGNORE INTO configurations VALUES (?, ?)", settings.items())
            places = [(study.name, ordinal, key) for ordinal, key in enumerate(settings)]
            self._connection.executemany("INSERT INTO places VALUES (?, ?, ?)", places)

    def configurations(self, study: str) -> list[Configuration]:
        """All configurations of a stored study, in the grid's order, without repetition."""
        swept = tuple(dict.fromkeys(name for grid in self.grids(study) for name in grid.over if name not in AXES))
        rows = self._read(
            "SELECT key, settings FROM places JOIN configurations ON key = configuration WHERE study = ? "
            "ORDER BY ordinal",
            (study,),
        )
        found = []
        for key, text in rows:
            where = f"{self.path}, configuration {shown(key)}"
            if not isinstance(key, str):
                raise BadFile(f"{where}: its key is not text.")
            found.append(Configuration(Settings.from_json(self._parsed(text, where), where), key, swept))
        return found

    def done(self, study: str) -> dict[tuple[str, int], str]:
        """The verdict of every stored point, by (configuration, seed)."""
        query = "SELECT p.configuration, seed, verdict FROM places JOIN points p USING (configuration) WHERE study = ?"
        return {(key, seed): verdict for key, seed, verdict in self._read(query, (study,))}

    def keep(self, finished: Iterable[FinishedNetwork]) -> None:
        """Store points with their networks. They are on the disk when this returns. Existing points do not change."""
        points, networks = [], []
        for f in finished:
            kept = f.result.as_json()
            points.append((*f.result.point, *(kept[name] for name in FIGURES)))
            networks.append((*f.result.point, f.network))
        with told(self.path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", points)
            self._connection.executemany("INSERT OR IGNORE INTO networks VALUES (?, ?, ?)", networks)

    def results(self, study: str) -> Results:
        """The results of a stored study. Raises ``UnknownName`` if there is no study of this name."""
        grids, configurations = self.grids(study), self.configurations(study)
        places = {c.key: c.place for c in configurations}
        rows = self._read(
            f"SELECT p.configuration, seed, {', '.join(FIGURES)} FROM places JOIN points p USING (configuration) "
            "WHERE study = ? ORDER BY ordinal, seed",
            (study,),
        )
        if unknown := sorted({key for key, *_ in rows} - places.keys()):
            raise BadFile(f"{self.path}: points of the configuration {shown(unknown[0])}, which does not exist.")
        points = tuple(
            Result.of(
                places[key],
                {"seed": seed, **dict(zip(FIGURES, figures, strict=True))},
                f"{self.path}, point {shown(seed)} of configuration {key}",
            )
            for key, seed, *figures in rows
        )
        return Results(study, grids, points, sum(c.settings.seeds for c in configurations), self.network)

    def network_file(self, result: Result) -> bytes:
        """The bytes of the file of a point's network. Raises ``BadFile`` if it is not stored."""
        rows = self._read(
            "SELECT file FROM networks WHERE configuration = ? AND seed = ?", (result.place.configuration, result.seed)
        )
        if not rows:
            raise BadFile(f"{self.path} does not have the network of seed {result.seed}.")
        if not isinstance(rows[0][0], bytes):
            raise BadFile(f"{self.path}: the network of seed {result.seed} is no file.")
        return rows[0][0]

    def network(self, result: Result) -> Network:
        """The network of a point. Raises ``BadFile`` if it is not stored."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.safetensors"
            write_atomically(path, self.network_file(result))
            return load(path)[0]

    def _read(self, query: str, values: tuple = ()) -> list[Any]:
        with told(self.path):
            return self._connection.execute(query, values).fetchall()

    def _parsed(self, text: object, where: str) -> Any:
        if not isinstance(text, str):
            raise BadFile(f"{where}: its document is {shown(text)}, expected text.")
        return parse_json(text, where)


def _check_name(study: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", study):
        raise BadValue(f"--study is '{study}', expected letters, digits, '.', '_' and '-'.", "Try recall-by-lag.")


def _difference(there: tuple[Grid, ...], asked: tuple[Grid, ...]) -> str:
    if len(there) != len(asked):
        return f"it has {len(there)} grids there, not {len(asked)}"
    words = []
    for number, (old, new) in enumerate(zip(there, asked, strict=True)):
        where = f" (grid {number + 1})" if len(there) > 1 else ""
        one, other = (
            {n: ",".join(map(said, grid.values(n))) for n in ("task", *field_infos(Settings))} for grid in (old, new)
        )
        words += [differences(one, other) + where] if one != other else []
    return ", ".join(words)
