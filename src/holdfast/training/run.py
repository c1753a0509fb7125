"""The folder of a run: its settings, a checkpoint for each block, the history, the weights and the result.

    settings.json                the settings; written once, compared when the run is resumed
    blocks/000.safetensors       everything that the next update of a block depends on, bit for bit
    history.csv                  the figures of every evaluation
    weights/seed-0.safetensors   the networks
    result.json                  the document that ``--json`` prints

Every file is written atomically. Only one process at a time may write; it holds ``lock``.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from holdfast.core import tensors
from holdfast.core.documents import convert, parse_json, read_json
from holdfast.core.errors import BadFile, BadRun
from holdfast.core.fields import differences
from holdfast.core.files import hold, write_atomically
from holdfast.core.text import argument
from holdfast.engine.files import save
from holdfast.engine.network import Network
from holdfast.training import block as blocks
from holdfast.training.block import Block, Outcome
from holdfast.training.folder import KILLED, LOCK, PARTS, SETTINGS, is_empty, trained
from holdfast.training.learner import Learner
from holdfast.training.programs import Programs
from holdfast.training.settings import Settings

FORMAT = "holdfast-run-1"

CHECKPOINT_SECONDS = 10.0

Count = Annotated[int, msgspec.Meta(ge=0)]


class _Words(msgspec.Struct, forbid_unknown_fields=True):
    """The metadata of a checkpoint; each entry is JSON."""

    format: Literal["holdfast-run-1"]
    numbers: str
    drawn: str
    history: str
    outcomes: str


class Run:
    """An open run folder. Raises ``BadRun`` if another process holds it for longer than ``wait_seconds``, if it belongs
    to another run, or if it cannot be written."""

    def __init__(self, folder: Path, settings: Settings, wait_seconds: float = 0.0) -> None:
        self.folder = folder
        self.settings = settings
        _make(folder)
        busy = BadRun(f"another process is writing the run {folder}.", "Wait, or name another folder with --out.")
        self._lock = hold(folder / LOCK, busy, wait_seconds)
        document = json.dumps({"format": FORMAT, **settings.as_json()}, indent=1)
        if not (folder / SETTINGS).exists():
            # A kill may have come before the settings were written, but trained files are written after them.
            if left := trained(folder):
                self.close()
                raise BadRun(f"{folder} has no settings, but {left}.", "Give another folder with --out.")
            write_atomically(folder / SETTINGS, document)
        elif (stored := read_settings(folder)) != settings:
            self.close()
            raise BadRun(
                f"the run in {folder} has other settings: {differences(stored.as_json(), settings.as_json())}.",
                "Continue it with --resume, or give another folder.",
            )

    def close(self) -> None:
        self._lock.release()

    def save_block(self, index: int, block: Block) -> None:
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
        write_atomically(self.folder / "blocks" / f"{index:03}.safetensors", tensors.as_bytes(arrays, plain))

    def load_block(self, index: int, programs: Programs, numbers: list[int]) -> Block | None:
        """The block from its checkpoint; None if there is none. Raises ``BadFile`` if it cannot be read."""
        path = self.folder / "blocks" / f"{index:03}.safetensors"
        if not path.exists():
            return None
        try:
            return _block(path, numbers, programs.begin(numbers))
        except BadFile as error:
            fix = "Delete this one file to train its networks again from the start; the others keep what they have."
            raise BadFile(f"the checkpoint {path} cannot be read: {error.message.removesuffix('.')}.", fix) from error

    def weights(self, number: int) -> Path:
        """The path of the file of network ``number``."""
        return self.folder / "weights" / f"seed-{number}.safetensors"

    def finish(
        self, networks: Mapping[int, Network], history: list[dict[str, object]], document: Mapping[str, object]
    ) -> None:
        """Write the history, the networks and, last, the result."""
        write_atomically(self.folder / "history.csv", _csv(history))
        for number, network in networks.items():
            save(network, self.weights(number), self.settings.origin("train", number))
        write_atomically(self.folder / "result.json", json.dumps(document, indent=1))


def train_block(
    block: Block,
    programs: Programs,
    stopped: Callable[[], bool],
    *,
    run: Run | None,
    index: int = 0,
    tell: Callable[[Block], None] = lambda block: None,
) -> None:
    """Train ``block`` until it is done or ``stopped()`` is true. Checkpoints are written to ``run``, if there is one,
    at intervals and at the end. ``tell`` is called after every piece."""
    saved_at = time.monotonic()

    def told(block: Block) -> None:
        nonlocal saved_at
        tell(block)
        if run and time.monotonic() - saved_at > CHECKPOINT_SECONDS:
            run.save_block(index, block)
            saved_at = time.monotonic()

    blocks.run(block, programs, stopped, told)
    if run:
        run.save_block(index, block)


def read_settings(folder: Path) -> Settings:
    """The settings of the run in ``folder``. Raises ``BadRun`` if the run was killed before they were written, and
    ``BadFile`` if they cannot be read."""
    if is_empty(folder):
        raise BadRun(
            f"{folder} has no run that can be resumed: {KILLED}.",
            f"Delete it, or train into it: --out {argument(folder)}.",
        )
    path = folder / SETTINGS
    try:
        document = read_json(path, "the settings of a run")
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise BadFile(f"{path} was written by another version of holdfast or by another program.")
        return Settings.from_json(document, str(path))
    except BadFile as error:
        raise BadFile(
            f"{folder} has no run that can be resumed: {error.message.removesuffix('.')}.",
            "'holdfast list runs' shows all runs.",
        ) from error


def _make(folder: Path) -> None:
    try:
        for part in PARTS:
            (folder / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRun(f"cannot create the run folder {folder}: {error.strerror}.", "Give another with --out.") from error


def _arrays(learner: Learner) -> dict[str, np.ndarray]:
    leaves = jax.tree_util.tree_flatten_with_path(_changing(learner))[0]
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def _changing(learner: Learner) -> tuple[Any, ...]:
    """The parts of a learner that training changes. A streak that is not counted is None, and has no array."""
    return learner.network, learner.optimiser, learner.drawn, learner.streak


class _Check(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the history. Values that are not finite are stored as they are."""

    seed: Count
    sequences: Count
    loss: float
    error_sup: float
    accuracy: float


def _block(path: Path, numbers: list[int], fresh: Learner) -> Block:
    """The checkpoint in ``path``. Its header is compared with ``fresh``, a learner of these settings, before it is
    read."""
    header = tensors.read_header(path)
    words = convert(dict(header.metadata), _Words, str(path))

    def read(word: str, kind: Any) -> Any:
        where = f"{path}, {word}"
        return convert(parse_json(getattr(words, word), where, non_finite=True), kind, where)

    if read("numbers", list[int]) != numbers:
        raise BadFile(f"{path} has the networks {words.numbers[:60]}, expected {numbers}.")
    outcomes = {outcome.seed: outcome for outcome in read("outcomes", list[Outcome])}
    if not outcomes.keys() <= set(numbers):
        raise BadFile(f"{path} has results of networks that are not in it.")
    history = [msgspec.structs.asdict(check) for check in read("history", list[_Check])]

    paths, shape = jax.tree_util.tree_flatten_with_path(_changing(fresh))
    wanted = {jax.tree_util.keystr(place): leaf for place, leaf in paths}
    leaves, network_shape = jax.tree.flatten(fresh.network)
    wanted |= {f"solution.{number}.{i}": leaf[0] for number in outcomes for i, leaf in enumerate(leaves)}
    _compare(header, wanted, path)
    arrays = tensors.read_arrays(path)

    network, optimiser, drawn, streak = jax.tree.unflatten(
        shape, [jnp.asarray(arrays[jax.tree_util.keystr(place)]) for place, _ in paths]
    )
    learner = replace(fresh, network=network, optimiser=optimiser, drawn=drawn, streak=streak)
    block = Block(numbers, learner, read("drawn", Count), history, outcomes)
    for number in outcomes:
        saved = [arrays[f"solution.{number}.{i}"] for i in range(len(leaves))]
        block.solutions[number] = jax.tree.unflatten(network_shape, saved)
    return block


def _compare(header: tensors.Header, wanted: Mapping[str, Any], path: Path) -> None:
    """Raise ``BadFile`` unless the file has exactly these arrays, of these shapes and number formats."""
    got = {name: (stored.shape, stored.dtype) for name, stored in header.tensors.items()}
    due = {name: (tuple(leaf.shape), tensors.format_of(leaf.dtype)) for name, leaf in wanted.items()}
    if odd := sorted(name for name in got.keys() | due.keys() if got.get(name) != due.get(name)):
        raise BadFile(f"{path}: tensor '{odd[0]}' is {got.get(odd[0])}, expected {due.get(odd[0])}.")


def _csv(rows: list[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["seed", "sequences", "loss", "error_sup", "accuracy"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["seed"], row["sequences"])))
    return text.getvalue()
