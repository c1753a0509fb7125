"""SIGKILL in the middle of writing: every file is complete or absent, and the same command goes on to the same bits.

A library (``killing_writes.c``, compiled here; Linux) is preloaded and counts what a command does to files: writes,
truncations, syncs, renames, removals, folders made. One undisturbed run tells how many such acts there are and what
comes out. Then the command is killed at random acts: before one, in the middle of one (half of a write is done), or
after it; alone, or with all the processes that it has started. After each kill every file is read, the command is
given once more, and what it leaves is compared with the undisturbed run, byte by byte.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import ctypes
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import forked

SHORT = ["--steps", "3", "--units", "2", "--seeds", "2", "--budget", "256", "--check-every", "64", "--batch", "4"]
GRID = ["--task", "recall", "--cells", "elman", "--lags", "2", "--units", "2", "--rates", "0.01", "--seeds", "2"]
COMMANDS = {
    "train": ["train", "recall", *SHORT, "--out", "run"],
    "compare": ["compare", *GRID, "--budget", "128", "--check-every", "64", "--study", "mine",
                "--store", "store.sqlite", "--workers", "1", "--csv", "points.csv", "--page", "page.html"],
    "tune": ["tune", "recall", "--steps", "2", "--trials", "3", "--seeds", "4", "--confirm", "4", "--budget", "64",
             "--units", "1", "4", "--storage", "trials.journal"],
    "construct": ["construct", "recall", "--cell", "gru", "--steps", "5", "--units", "4", "--out", "net.safetensors"],
    "certify": ["certify", "made.safetensors", "--seconds", "60"],
    "export": ["export", "made.safetensors", "--to", "torch", "--out", "torch.safetensors"],
    "explain": ["explain", "made.safetensors", "--rows", "2", "--diagnostics", "retention", "--page", "page.html",
                "--figures", "figures"],
}  # fmt: skip
SHARES = {"train": 5, "compare": 2, "tune": 3, "construct": 6, "certify": 5, "export": 3, "explain": 2}
"""How the moments are shared among the commands; the slow ones get fewer."""
MADE = ["construct", "recall", "--cell", "elman", "--steps", "3", "--units", "4", "--out", "made.safetensors"]
LIMIT_SECONDS = 600.0
BEFORE, MIDDLE, AFTER, GROUP = 0, 1, 2, 4


@dataclass(frozen=True)
class Moment:
    """Where a command is killed: at its ``nth`` act on files, ``mode`` as in ``killing_writes.c``."""

    nth: int
    mode: int
    replaces: bool
    """Whether the files that it writes are there already, with other content."""

    def __str__(self) -> str:
        when = ("before", "in the middle of", "after")[self.mode & 3]
        return f"{when} act {self.nth}{', with its group' if self.mode & GROUP else ''}{', replacing' * self.replaces}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=200, help="kills, shared among the commands (default: 200)")
    parser.add_argument("--verbs", default=",".join(COMMANDS), help="commands to kill (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="what moments are drawn from (default: 0)")
    asked = parser.parse_args()
    if "killing" not in os.environ.get("LD_PRELOAD", ""):
        return preloaded()
    forked.warm_up()
    verbs = asked.verbs.split(",")
    shares = sum(SHARES[verb] for verb in verbs)
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for verb in verbs:
            count = max(1, round(asked.moments * SHARES[verb] / shares))
            faults += len(judge(verb, count, asked.seed, Path(folder)))
    print(f"{faults} faults")
    return 1 if faults else 0


def preloaded() -> int:
    """This script again, with the library preloaded."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([sys.executable, *sys.argv], env=os.environ | preload(Path(folder))).returncode


def preload(folder: Path) -> dict[str, str]:
    """Compile the library into ``folder``; what the environment needs to have it preloaded."""
    library = folder / "killing.so"
    source = Path(__file__).with_name("killing_writes.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


def judge(verb: str, count: int, seed: int, folder: Path) -> list[str]:
    """Kill a command ``count`` times; every fault in words, which are also printed."""
    began, draw, faults, kills = time.monotonic(), random.Random(f"{verb} {seed}"), [], 0
    whole = Place(verb, folder / "whole")
    told = whole.run(Moment(0, 0, False))
    wanted, acts = whole.content(), whole.acts()
    whole.remove()
    if told.code not in (0, 1) or not acts:
        raise SystemExit(f"{verb}: exit {told.code} after {acts} acts\n{told.err}")
    for _ in range(count):
        mode = draw.choice((BEFORE, MIDDLE, AFTER)) + draw.choice((0, GROUP))
        moment = Moment(draw.randint(1, acts), mode, draw.random() < 0.5)
        place = Place(verb, folder / "cut")
        ended, wrong = place.run(moment), []
        kills += ended.code == -signal.SIGKILL
        if ended.code not in (-signal.SIGKILL, told.code):
            wrong.append(f"exit {ended.code}: {ended.err}")
        wrong += place.broken(wanted, moment)
        again = place.run(Moment(0, 0, False), resumed=True)
        if again.code != told.code or result(again.out) != result(told.out):
            wrong.append(f"the next run differs: exit {again.code}, {again.err}")
        wrong += differences(wanted, place.content())
        for fault in wrong:
            print(f"FAULT: {verb}, {moment}: {fault}", flush=True)
        faults += wrong
        place.remove()
    minutes = (time.monotonic() - began) / 60
    print(
        f"{verb:<10} {count} moments among {acts} acts, {kills} killed, {len(faults)} faults, {minutes:.1f} minutes",
        flush=True,
    )
    return faults


class Place:
    """A folder in which one command runs."""

    def __init__(self, verb: str, folder: Path) -> None:
        self.verb, self.folder, self.counter = verb, folder, folder.with_suffix(".counter")
        folder.mkdir()
        if "made.safetensors" in COMMANDS[verb]:
            done = forked.run(MADE, folder, limit=LIMIT_SECONDS)
            assert done.code == 0, done.err

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def run(self, moment: Moment, resumed: bool = False) -> forked.Ended:
        """The command, killed at ``moment``; ``resumed`` as a user would go on."""
        words = COMMANDS[self.verb]
        self.counter.write_bytes(bytes(8))
        if moment.replaces:
            for name in outputs(words):
                (self.folder / name).write_text("old")
        if resumed and self.verb == "train":
            words = self._resumed(words)

        def before() -> None:
            from holdfast.training import block, run

            block.PIECE_SECONDS, run.CHECKPOINT_SECONDS = 0.02, 0.0
            os.environ["HOLDFAST_KILL"] = f"{self.counter} {self.folder} {moment.nth} {moment.mode}"
            ctypes.CDLL(None).holdfast_arm()

        return forked.run([*words, "--json"], self.folder, limit=LIMIT_SECONDS, group=True, before=before)

    def _resumed(self, words: list[str]) -> list[str]:
        """--resume, unless the run says that there is nothing to resume; then the first command again."""
        asked = ["train", "--resume", "run"]
        if (self.folder / "run" / "settings.json").exists() or not (self.folder / "run").exists():
            return asked if (self.folder / "run").exists() else words
        refused = forked.run(asked, self.folder, limit=LIMIT_SECONDS)
        assert refused.code == 2, refused
        assert "killed before it had anything to keep" in refused.err, refused
        return words

    def acts(self) -> int:
        return int.from_bytes(self.counter.read_bytes(), sys.byteorder)

    def content(self) -> dict[str, Any]:
        """Every file that stays, with what of it has to be the same in every run."""
        return {str(path.relative_to(self.folder)): comparable(path) for path in kept(self.folder)}

    def broken(self, wanted: dict[str, Any], moment: Moment) -> Iterator[str]:
        """Files after a kill that are neither complete nor as they were."""
        old = outputs(COMMANDS[self.verb]) if moment.replaces else ()
        for path in kept(self.folder):
            name = str(path.relative_to(self.folder))
            if name in old and path.read_bytes() == b"old":
                continue
            try:
                found = comparable(path)
            except Exception as error:
                yield f"{name} is broken: {error!r}"
                continue
            steady = not name.startswith(("run/blocks", "store.", "trials."))  # the others grow
            if steady and found != wanted.get(name, found):
                yield f"{name} is not what an undisturbed run leaves"


def outputs(words: list[str]) -> list[str]:
    """The single files that a command writes at its end."""
    named = [words[place + 1] for place, word in enumerate(words) if word in ("--out", "--csv", "--page")]
    beside = ["made.certificate.json"] if words[0] == "certify" else []
    return [name for name in (*named, *beside) if "." in name]


def kept(folder: Path) -> list[Path]:
    """What is no lock, no temporary file and no part of a database's journal."""
    passing = ("lock", ".lock", "-journal", "-wal", "-shm", ".tmp")
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(passing))


def differences(wanted: dict[str, Any], got: dict[str, Any]) -> list[str]:
    return [f"{name} differs from an undisturbed run's" for name in sorted(wanted.keys() | got.keys())
            if wanted.get(name) != got.get(name)]  # fmt: skip


def comparable(path: Path) -> Any:
    """What a file says, without how long things took. Raises what reading it raises where it is not complete."""
    if path.suffix == ".json":
        return untimed(json.loads(path.read_text()))
    if path.suffix == ".safetensors":
        return network(path.read_bytes())
    if path.suffix == ".sqlite":
        with contextlib.closing(sqlite3.connect(path)) as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            if not store.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return []
            figures = "configuration, seed, verdict, sequences, loss, error_sup, accuracy"
            points = store.execute(f"SELECT {figures} FROM points ORDER BY 1, 2").fetchall()
            networks = store.execute("SELECT configuration, seed, file FROM networks ORDER BY 1, 2").fetchall()
            return points, [(key, seed, network(content)) for key, seed, content in networks]
    if path.suffix == ".journal":
        return None  # a log: what it says is compared as the command's result
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return untimed(list(csv.DictReader(file)))
    return path.read_bytes()


def network(content: bytes) -> Any:
    """Its metadata and its tensors, bit by bit, in the order of their names."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    data = content[8 + length :]
    told = sorted(header.pop("__metadata__").items())
    places = {name: tensor["data_offsets"] for name, tensor in header.items()}
    assert max(end for _, end in places.values()) == len(data), "cut short"
    return told, [(n, header[n]["dtype"], header[n]["shape"], data[a:b]) for n, (a, b) in sorted(places.items())]


def result(out: str) -> Any:
    return untimed(json.loads(out)) if out else None


def untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: untimed(part) for key, part in value.items() if "seconds" not in key}
    return [untimed(part) for part in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
