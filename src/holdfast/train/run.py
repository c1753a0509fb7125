"""A run's folder: its settings, a checkpoint per block, the history, the weights and the result.

    settings.json                what is trained; written once, compared on resume
    blocks/000.safetensors       everything that the next update of a block depends on, bit for bit
    history.csv                  what every check measured
    weights/seed-0.safetensors   the networks
    result.json                  the document that ``--json`` prints

Every file is written whole or not at all, and one process at a time may write: it holds ``lock``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.errors import BadRun
from holdfast.core.files import write_atomically
from holdfast.engine.files import save
from holdfast.engine.network import Network
from holdfast.train.block import Block, Outcome
from holdfast.train.folder import KILLED, LOCK, PARTS, SETTINGS, is_empty, trained
from holdfast.train.programs import Programs
from holdfast.train.settings import Settings
from holdfast.train.update import Learner

FORMAT = "holdfast-run-1"


class Run:
    """An open run folder. Raises ``BadRun`` where it is busy, foreign or cannot be written."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        _make(folder)
        self._lock = _lock(folder)
        document = json.dumps({"format": FORMAT, **settings.as_json()}, indent=1)
        if not (folder / SETTINGS).exists():
            # A kill may have come before they were written, but what was trained is written after them.
            if left := trained(folder):
                self.close()
                raise BadRun(f"{folder} has no settings, but {left}.", "Name another folder with --out.")
            write_atomically(folder / SETTINGS, document)
        elif (stored := read_settings(folder)) != settings:
            self.close()
            raise BadRun(
                f"the run in {folder} has other settings: {_difference(stored, settings)}.",
                "Go on with it as it is (--resume), or name another folder.",
            )

    def close(self) -> None:
        self._lock.release()

    def save_block(self, index: int, block: Block) -> None:
        from safetensors.numpy import save as to_bytes

        arrays = _arrays(block.learner)
        for number, network in block.solutions.items():
            arrays |= {f"solution.{number}.{i}": np.asarray(a) for i, a in enumerate(jax.tree.leaves(network))}
        plain = {
            "format": FORMAT,
            "numbers": json.dumps(block.numbers),
            "drawn": json.dumps(block.drawn),
            "history": json.dumps(block.history),
            "outcomes": json.dumps([asdict(o) for o in block.outcomes.values()]),
        }
        write_atomically(self.folder / "blocks" / f"{index:03}.safetensors", to_bytes(arrays, plain))

    def load_block(self, index: int, programs: Programs, numbers: list[int]) -> Block | None:
        """The block as it was saved, or None where it was not yet."""
        from safetensors import SafetensorError, safe_open

        path = self.folder / "blocks" / f"{index:03}.safetensors"
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                plain, arrays = file.metadata(), {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
            assert plain["format"] == FORMAT
            assert json.loads(plain["numbers"]) == numbers
            learner = _fill(programs.begin(numbers), arrays)
            block = Block(numbers, learner, json.loads(plain["drawn"]), json.loads(plain["history"]))
            block.outcomes = {o["seed"]: Outcome(**o) for o in json.loads(plain["outcomes"])}
            leaves, shape = jax.tree.flatten(learner.network)
            for number in block.outcomes:
                saved = [arrays[f"solution.{number}.{i}"] for i in range(len(leaves))]
                block.solutions[number] = jax.tree.unflatten(shape, saved)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError, AssertionError) as error:
            raise BadRun(
                f"the checkpoint {path} cannot be read: {error!r}.",
                "Delete this one file to train its networks again from the start; the others keep what they have.",
            ) from error
        return block

    def weights(self, number: int) -> Path:
        """Where network ``number`` is kept."""
        return self.folder / "weights" / f"seed-{number}.safetensors"

    def finish(
        self, networks: Mapping[int, Network], history: list[dict[str, Any]], document: Mapping[str, Any]
    ) -> None:
        """Write history, networks and, last, the result."""
        write_atomically(self.folder / "history.csv", _csv(history))
        for number, network in networks.items():
            origin = {"made_by": "train", "network": number, "settings": self.settings.as_json()}
            save(network, self.weights(number), origin)
        write_atomically(self.folder / "result.json", json.dumps(document, indent=1))


def read_settings(folder: Path) -> Settings:
    """The settings of the run in ``folder``. Raises ``BadRun`` where there is none."""
    if is_empty(folder):
        raise BadRun(
            f"{folder} holds no run that can be resumed: {KILLED}.",
            f"Delete it, or train into it: --out {folder}.",
        )
    try:
        document = json.loads((folder / SETTINGS).read_text())
        if document.pop("format") != FORMAT:
            raise BadRun(f"{folder} is a run of another version of holdfast.")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise BadRun(
            f"{folder} holds no run that can be resumed: {error}.", "'holdfast list runs' shows the runs there are."
        ) from error
    return Settings.from_json(document)


def _difference(stored: Settings, asked: Settings) -> str:
    one, other = stored.as_json(), asked.as_json()
    return ", ".join(f"{name} is {one[name]} there, not {other[name]}" for name in one if one[name] != other[name])


def _make(folder: Path) -> None:
    try:
        for part in PARTS:
            (folder / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRun(f"cannot make the run folder {folder}: {error.strerror}.", "Name another with --out.") from error


def _lock(folder: Path):
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BadRun(
            f"another process is writing the run {folder}.", "Wait for it, or name another folder with --out."
        ) from None
    except OSError as error:
        raise BadRun(f"cannot write the run folder {folder}: {error.strerror}.", "Name another with --out.") from error
    return lock


def _arrays(learner: Learner) -> dict[str, np.ndarray]:
    changing = (learner.network, learner.optimiser, learner.drawn)
    leaves = jax.tree_util.tree_flatten_with_path(changing)[0]
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def _fill(fresh: Learner, arrays: dict[str, np.ndarray]) -> Learner:
    changing = (fresh.network, fresh.optimiser, fresh.drawn)
    paths, shape = jax.tree_util.tree_flatten_with_path(changing)
    saved = [jnp.asarray(arrays[jax.tree_util.keystr(path)]) for path, _ in paths]
    assert all(a.shape == b.shape for a, (_, b) in zip(saved, paths, strict=True)), "shapes differ"
    network, optimiser, drawn = jax.tree.unflatten(shape, saved)
    return replace(fresh, network=network, optimiser=optimiser, drawn=drawn)


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["seed", "sequences", "loss", "error_sup", "accuracy"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["seed"], row["sequences"])))
    return text.getvalue()
