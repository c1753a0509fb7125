"""The part of the Ray executor that runs on the cluster: a worker that trains one unit, and the mailbox to the driver.

Points, progress and checkpoints are sent as soon as there are any. The driver keeps the checkpoints, so that a unit
continues on another machine, or on the driver's own, to the same bits.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from holdfast.core import registered

CHECKPOINT = ("settings.json", "blocks/000.safetensors")
"""The files of a run folder from which a unit continues, in the order in which they have to be written."""
TELL_SECONDS = 1.0
SEND_SECONDS = 20.0
"""How often progress and checkpoints are sent."""


class Mailbox:
    """The messages of all workers, in the order of arrival, and whether the driver asked them to stop. One actor.
    Contents are plain values, so that it imports nothing to receive them."""

    def __init__(self) -> None:
        self._messages: list[tuple[str, str, Any]] = []
        self._stopped = False

    def put(self, unit: str, kind: str, content: Any) -> bool:
        """Keep a message of a unit for the driver. Returns whether the unit has to stop."""
        self._messages.append((unit, kind, content))
        return self._stopped

    def take(self) -> list[tuple[str, str, Any]]:
        """The messages since the last call."""
        messages, self._messages = self._messages, []
        return messages

    def stop(self) -> None:
        self._stopped = True


def train_remotely(
    settings: str,
    needed: list[registered.Reference],
    key: str,
    numbers: tuple[int, ...],
    checkpoint: Mapping[str, bytes],
    mailbox: Any,
) -> bool:
    """Train one unit, after the definitions that it ``needed`` are imported, from its checkpoint if there is one.
    Returns whether it is done; it is not if the driver asked it to stop."""
    import ray

    from holdfast.comparison.executors.units import WorkUnit
    from holdfast.comparison.executors.worker import prepare, train
    from holdfast.comparison.grid.place import Configuration
    from holdfast.training.settings import Settings

    prepare(1)
    registered.restore(needed)
    unit = WorkUnit(Configuration(Settings.from_json(json.loads(settings)), key), tuple(numbers))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / unit.name
        write_checkpoint(folder, checkpoint)
        post = _Post(folder, lambda kind, content: ray.get(mailbox.put.remote(unit.name, kind, content)))
        done = train(
            unit,
            stopped=lambda: post.stopped,
            on_points=lambda finished: post.send("points", [(f.result.as_json(), f.network) for f in finished]),
            on_progress=post.tell,
            folder=folder,
        )
        if not done:
            post.send_checkpoint()
        return done


class _Post:
    """Sends what has to be sent, and not more often than that."""

    def __init__(self, folder: Path, put: Callable[[str, Any], bool]) -> None:
        self._folder, self._put = folder, put
        self._told = self._sent = time.monotonic()
        self._files = _read(folder)
        self.stopped = False

    def send(self, kind: str, content: Any) -> None:
        self.stopped = self._put(kind, content) or self.stopped

    def tell(self, share: float) -> None:
        """Send the progress, and the checkpoint if it is new."""
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self.send("at", share)
        if now - self._sent >= SEND_SECONDS:
            self._sent = now
            self.send_checkpoint()

    def send_checkpoint(self) -> None:
        files = _read(self._folder)
        if files != self._files and len(files) == len(CHECKPOINT):
            self._files = files
            self.send("checkpoint", files)


def _read(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in CHECKPOINT if (folder / name).exists()}


def read_checkpoint(folder: Path) -> dict[str, bytes]:
    """The checkpoint in the folder of a unit; empty if there is none that is complete."""
    files = _read(folder)
    return files if len(files) == len(CHECKPOINT) else {}


def write_checkpoint(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a checkpoint to the folder of a unit."""
    from holdfast.core.files import write_atomically

    for name in CHECKPOINT:
        if name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / name, files[name])
