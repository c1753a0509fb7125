"""What the adapters log is what W&B, TensorBoard and MLflow then have in their files."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest

import holdfast
from holdfast import tracking

ROW = {"seed": 3, "sequences": 500, "loss": 0.25, "error_sup": float("nan"), "accuracy": None}
LATER = {**ROW, "sequences": 1000, "loss": 0.125, "error_sup": 0.5}
OTHER = {**ROW, "seed": 4, "loss": 2.0}
SERIES = {
    "network 3/loss": [(500, 0.25), (1000, 0.125)],
    "network 3/error_sup": [(1000, 0.5)],
    "network 4/loss": [(500, 2.0)],
}


@pytest.fixture(scope="module")
def rows():
    """What a training hands out."""
    found = []
    holdfast.train("recall", steps=3, units=4, seeds=2, budget=3000, check_every=1000, on_check=found.append)
    return found


def series_of(rows) -> dict[str, list[tuple[int, float]]]:
    """The finite figures of ``rows`` by the name of their series, with the sequences read."""
    found: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name in ("loss", "error_sup", "accuracy"):
            if row.get(name) is not None and math.isfinite(row[name]):
                found.setdefault(f"network {row['seed']}/{name}", []).append((row["sequences"], row[name]))
    return found


def test_the_names_say_which_network_it_is():
    assert tracking.figures(ROW) == {"network 3/loss": 0.25}
    assert tracking.figures({**ROW, "trial": 2}) == {"trial 2/network 3/loss": 0.25}
    assert tracking.figures({**ROW, "configuration": "ab"}) == {"ab/network 3/loss": 0.25}
    assert series_of([ROW, LATER, OTHER]) == SERIES


def test_tensorboard_has_every_figure_of_a_training(tmp_path, rows):
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        for row in (*rows, ROW, LATER, OTHER):
            tracking.tensorboard(writer)(row)
    written: dict[str, list[tuple[int, float]]] = {}
    for event in events_of_tensorboard(tmp_path):
        for value in event.summary.value:
            written.setdefault(value.tag.replace("_", " ", 1), []).append((event.step, value.simple_value))
    expected = series_of((*rows, ROW, LATER, OTHER))
    assert {"network 0/loss", "network 1/loss", "network 4/loss"} <= expected.keys() == written.keys()
    for name, points in expected.items():
        assert written[name] == [(step, pytest.approx(value, rel=1e-6)) for step, value in points]


def events_of_tensorboard(folder):
    """The events in the one file of a folder: records of length, checksum, bytes, checksum."""
    from tensorboardX.proto.event_pb2 import Event

    (file,) = folder.iterdir()
    data, place = file.read_bytes(), 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 8], "little")
        yield Event.FromString(data[place + 12 : place + 12 + size])
        place += 16 + size


def test_wandb_has_every_figure_of_a_training(tmp_path, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        import wandb
    settings = wandb.Settings(console="off", silent=True, x_disable_stats=True, x_disable_meta=True)
    run = wandb.init(project="memory", mode="offline", dir=tmp_path, settings=settings)
    for row in (*rows, ROW, LATER, OTHER):
        tracking.wandb(run)(row)
    run.finish()
    wandb.teardown()  # its process has then written the file
    written: dict[str, list[tuple[int, float]]] = {}
    for logged in histories_of_wandb(tmp_path):
        (at,) = {name for name in logged if name.endswith("/sequences")}
        for name in logged.keys() - {at}:
            assert name.startswith(at.removesuffix("sequences"))
            written.setdefault(name, []).append((logged[at], logged[name]))
    assert written == series_of((*rows, ROW, LATER, OTHER))


def histories_of_wandb(folder) -> Iterator[dict[str, float]]:
    """What was logged, in the file of an offline run: a log of LevelDB, behind 7 bytes of its own."""
    import json

    from wandb.proto.wandb_internal_pb2 import Record

    (file,) = folder.glob("wandb/offline-run-*/*.wandb")
    data, place, record = file.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:  # no header fits into the rest of a block
            place += 32768 - place % 32768
            continue
        size, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        record += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # the whole record, or the last part of one
            found, record = Record.FromString(record), b""
            if found.WhichOneof("record_type") == "history":
                items = {
                    "".join(item.nested_key) or item.key: json.loads(item.value_json) for item in found.history.item
                }
                yield {name: value for name, value in items.items() if not name.startswith("_")}


def test_mlflow_has_every_figure_of_a_training(tmp_path, rows, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(tmp_path.as_uri())
    with mlflow.start_run(experiment_id=mlflow.create_experiment("memory")) as run:
        for row in (*rows, ROW, LATER, OTHER):
            tracking.mlflow(mlflow)(row)
    expected, client = series_of((*rows, ROW, LATER, OTHER)), mlflow.MlflowClient()
    assert expected.keys() == client.get_run(run.info.run_id).data.metrics.keys()
    for name, points in expected.items():
        assert [(one.step, one.value) for one in client.get_metric_history(run.info.run_id, name)] == points


def test_no_tracker_is_imported():
    code = (
        "import holdfast.tracking, sys; print({'wandb', 'mlflow', 'tensorboard', 'tensorboardX'} & sys.modules.keys())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
