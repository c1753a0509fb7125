"""Mutated networks, checkpoints, settings, results, stores, studies, trials, ONNX, Keras and PyTorch files: each is
refused with one message, or read."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from attacks import keras_files, mutations, onnx_files, safetensors_files, workers

SHARES = {"network": 6, "checkpoint": 1, "settings": 1, "result": 1, "store": 2, "kept": 1, "trials": 1, "onnx": 4,
          "keras": 1, "torch": 2}  # fmt: skip
"""How many of twenty cases are of each kind."""


@dataclass(frozen=True)
class Kind:
    """``files``: what is mutated. ``read`` opens a mutated file as users' commands do; ``warm`` makes ready for it."""

    files: tuple[Path, ...]
    mutated: Callable[[random.Random, bytes], bytes]
    read: Callable[[Path], None]
    warm: Callable[[], None] = lambda: None

    def prepare(self) -> None:
        """What is imported, and what frameworks compile, for the first file of a process is no part of a case."""
        self.warm()
        for file in self.files:
            with tempfile.TemporaryDirectory() as folder:
                self.read(Path(shutil.copy(file, folder)))


def run(folder: Path, count: int, seed: int, only: str = "") -> dict[str, workers.Tally]:
    """``count`` cases, shared out among the kinds, or all of one. Case n of a kind is the same for the same seed."""
    found = {}
    for name, kind in kinds(folder).items():
        cases = count if only else count * SHARES[name] // sum(SHARES.values())
        if not only or only == name:
            found[name] = workers.run(case(name, kind, folder, seed), range(cases), kind.prepare)
    return found


def case(name: str, kind: Kind, folder: Path, seed: int) -> workers.Act:
    """Case n: a file drawn and mutated by the stream (seed, kind, n), written and read."""

    def act(number: int) -> Callable[[], str]:
        stream = random.Random(f"{seed} {name} {number}")
        file = stream.choice(kind.files)
        content = kind.mutated(stream, file.read_bytes())
        place = folder / f"case-{os.getpid()}{file.suffix}"
        place.write_bytes(content)

        def read() -> str:
            kind.read(place)
            return "unchanged" if content == file.read_bytes() else "read"

        return read

    return act


def kinds(folder: Path) -> dict[str, Kind]:
    data, network = folder / "data", safetensors_files.mutated
    own = (data / "constructed.safetensors", data / "run" / "weights" / "seed-0.safetensors",
           *sorted(folder.glob("*-recall.safetensors")), *sorted(folder.glob("*-echo.safetensors")))  # fmt: skip
    onnx, keras, torch = (tuple(sorted(folder.glob(f"{name}-*"))) for name in ("onnx", "keras", "torch"))
    return {
        "network": Kind(own, network, _network),
        "checkpoint": Kind((data / "run" / "blocks" / "000.safetensors",), network, *_checkpoint(data / "run")),
        "settings": Kind((data / "run" / "settings.json",), _json, _settings),
        "result": Kind((data / "run" / "result.json",), _json, _result),
        "store": Kind((data / "store.db",), _store_bytes, _store),
        "kept": Kind((folder / "kept.json", data / "study.json"), _json, _kept),
        "trials": Kind((data / "tune.journal",), _lines, _trials, _warm_trials),
        "onnx": Kind(onnx, onnx_files.mutated, _foreign("onnx"), _import("onnx")),
        "keras": Kind(keras, keras_files.mutated, _foreign("keras"), _import("keras")),
        "torch": Kind(torch, network, _foreign("torch"), _import("torch")),
    }


def _json(random: random.Random, content: bytes) -> bytes:
    return mutations.of_json(random, json.loads(content)).encode("utf-8", "surrogatepass")


def _lines(random: random.Random, content: bytes) -> bytes:
    """A journal: a line mutated, doubled, moved or lost, or a value of Optuna's own JSON."""
    if random.random() < 0.2:
        return mutations.of_bytes(random, content)
    lines = content.splitlines(keepends=True)
    place, other = random.randrange(len(lines)), random.randrange(len(lines))
    act = random.randrange(6)
    if act == 0:
        lines.insert(other, lines[place])
    elif act == 1:
        del lines[place]
    elif act == 2:
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines[place] = _json(random, lines[place]) + b"\n"
    return b"".join(lines)


def _store_bytes(random: random.Random, content: bytes) -> bytes:
    """A database: its bytes, or through SQLite a value of another type, a document mutated, a table or row lost."""
    if random.random() < 0.4:
        return mutations.of_bytes(random, content)
    connection = sqlite3.connect(":memory:")
    connection.deserialize(content)
    columns = {"studies": ["name", "document"], "configurations": ["key", "settings"],
               "places": ["study", "ordinal", "configuration"], "networks": ["configuration", "seed", "file"],
               "points": ["configuration", "seed", "verdict", "sequences", "loss", "error_sup", "accuracy",
                          "slope_start", "seconds"]}  # fmt: skip
    table = random.choice(list(columns))
    column, act = random.choice(columns[table]), random.randrange(8)
    documents = {"document": "studies", "settings": "configurations"}
    try:
        if act < 3:
            column = random.choice(list(documents))
            (text,) = connection.execute(f"SELECT {column} FROM {documents[column]}").fetchone()
            changed = mutations.of_json(random, json.loads(text)).encode("utf-8", "replace").decode()
            connection.execute(f"UPDATE {documents[column]} SET {column} = ?", (changed,))
        elif act == 3:
            (file,) = connection.execute("SELECT file FROM networks").fetchone()
            connection.execute("UPDATE networks SET file = ?", (safetensors_files.mutated(random, file),))
        elif act == 4:
            connection.execute(f"DROP TABLE {table}")
        elif act == 5:
            connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
        elif act == 6:
            connection.execute(f"ALTER TABLE {table} RENAME TO was")
            endless = f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS {column} FROM n"
            connection.execute(f"CREATE VIEW {table} AS {endless}")
        else:
            value = random.choice((None, -1, 2**62, 1e300, "x", b"\xff\x00", "\x00", b"", 0.5, "9" * 5000))
            connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
        connection.commit()
    except sqlite3.Error:
        pass
    return connection.serialize()


def _network(path: Path) -> None:
    from holdfast.certification.weights import fingerprint
    from holdfast.verbs._network import least_steps_of, open_network, origin_of, own_task
    from holdfast.verbs._request import task_request

    origin_of(str(path))
    network, origin = open_network(str(path))
    fingerprint(network)
    first = least_steps_of(origin)
    task_request("certify", None, {}, own_task(origin), str(path), kind="up to", first=first)


def _checkpoint(run: Path) -> tuple[Callable[[Path], None], Callable[[], None]]:
    made = {}

    def warm() -> None:
        from holdfast.training.programs import programs
        from holdfast.training.run import read_settings

        made["programs"] = programs(read_settings(run))
        made["fresh"] = made["programs"].begin([0])

    def read(path: Path) -> None:
        from holdfast.training.run import _block

        _block(path, [0], made["fresh"])

    return read, warm


def _settings(path: Path) -> None:
    from holdfast.training.run import read_settings

    folder = path.with_suffix(".run")
    folder.mkdir(exist_ok=True)
    path.replace(folder / "settings.json")
    read_settings(folder)


def _result(path: Path) -> None:
    from holdfast.core.run_result import read_result
    from holdfast.studies.describe import run

    folder = path.with_suffix(".run")
    folder.mkdir(exist_ok=True)
    path.replace(folder / "result.json")
    read_result(folder / "result.json")
    run(folder)


def _store(path: Path) -> None:
    from holdfast.comparison.store.store import Store

    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()
    with Store(path, write=False) as store:
        for study in store.studies():
            for point in store.results(study).points:
                store.network(point)


def _kept(path: Path) -> None:
    from holdfast.comparison.store.stored_run import read

    read(path)


def _search():
    from holdfast.training.settings import Settings, make_task
    from holdfast.tuning.search import Search

    task = make_task("recall", {"steps": 2})
    return Search(Settings(task, "gru", budget=500, seeds=4, engine="native"), (1, 2))


def _warm_trials() -> None:
    import optuna  # noqa: F401

    _search()


def _trials(path: Path) -> None:
    from holdfast.tuning.find import _Work
    from holdfast.tuning.storage import opened_study

    warnings.simplefilter("ignore")
    search = _search()
    with opened_study(search, str(path), "recall-steps=2-gru") as study:
        work = _Work(search, study, str(path), None, lambda what, progress: None)
        work.take_back()
        work.done()


def _import(name: str) -> Callable[[], None]:
    def warm() -> None:
        import jax.numpy as jnp

        from holdfast import exchange

        jnp.zeros(1)
        module = exchange.get(name)
        for package in module.NEEDS:
            __import__(package) if package != "keras" else module._keras()

    return warm


def _foreign(name: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        import numpy as np

        from holdfast import exchange

        module = exchange.get(name)
        network = module.read(path, None)
        runner = module.runner(path, network.cell_name)
        rows, steps = min(runner.batch or 2, 100), min(runner.steps or 3, 100)
        runner.compute(np.zeros((rows, steps, network.inputs), network.dtype))

    return read
