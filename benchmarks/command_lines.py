"""Random command lines, made of the verbs' own flags: each ends with exit code 0, 1 or 2 and says one clear thing.

Values are valid, out of range, missing, of the wrong type, odd text (control characters, bidirectional marks, bytes
that are no text) and files of every kind: networks, certificates, stores, cut short, empty, folders, missing. Flags
are given twice, misspelt or forgotten. A line runs in a forked child, in a folder with fresh copies of the files, and
its output in one of four encodings. What runs past its time is interrupted, and has to end well then, too.

A line depends on the seed and its number alone: ``--only N`` runs one again and shows what it says.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import forked

from holdfast import tasks
from holdfast.cli._exits import Exit
from holdfast.cli._main import VERBS
from holdfast.cli._parser import Parser
from holdfast.core.errors import Problem

LIMIT_SECONDS = 20.0
PROGRESS_SECONDS = 5.0
"""What runs longer may have told its progress before its message."""
VALID = 0.02
"""The share of lines that are meant to be right."""
RISK = 0.8
"""How often a value is one that should be refused, in the other lines."""
SELDOM = {"doctor": 0.05, "show": 0.2, "demo": 0.2, "explain": 0.4, "refute": 0.4}
"""Verbs of which most lines are right whatever is drawn, and then take seconds."""
ENCODINGS = ("utf-8",) * 5 + ("ascii", "latin-1", "cp1252")
TASKS = ("recall", "adding", "echo", "copy", "order", "bits")
CELLS = ("lstm", "gru", "elman", "feedforward", "irnn", "mingru")
ODD = (
    "", " ", "-", "--", "=", "0", "none", "nan", "any", "%s", "{}", "[red]", "a,b", ",", "é", "σ×", "名前", "~", "*",
    "\x1b[31mred", "\x07", "two\nlines", "\r", "\u202egnp.exe", "\u2028", "\x7f\x85", "\udcff\udc80", "x" * 300,
    "../" * 40 + "x",
)  # fmt: skip
INTS = ("1", "2", "3", "4")
BAD_INTS = (
    "0", "-1", "1.5", "1e3", "x", "", "٣", "+2", " 2 ", "1_0", "0x10", "9" * 30, "-" + "9" * 30, "nan", "1000000000",
)  # fmt: skip
FLOATS = ("0.5", "1e-3", "1", "2.5")
BAD_FLOATS = ("0", "-1", "nan", "inf", "-inf", "1e400", "1e-400", "1,5", "x", "", "-0", "0x1p-3", "infinity", "1e308")
QUICK = {
    "train": ["--budget", "64", "--check-every", "32", "--seeds", "1", "--units", "2", "--batch", "4"],
    "demo": ["--epochs", "2", "--initialisations", "0", "--units", "2"],
    "tune": ["--trials", "1", "--seeds", "1", "--confirm", "1", "--budget", "64", "--units", "1", "2"],
    "compare": ["--budget", "64", "--check-every", "32", "--seeds", "1", "--units", "2", "--rates", "0.01",
                "--store", "new.sqlite", "--workers", "1"],
    "certify": ["--seconds", "0.5"],
    "refute": ["--seconds", "0.5", "--tries", "50"],
    "explain": ["--rows", "2", "--diagnostics", "gates"],
    "test": ["--sequences-per-length", "4"],
}  # fmt: skip
"""Flags that come first, so that a line that is right is done soon; what is drawn after them counts."""


@dataclass(frozen=True)
class Line:
    """One command line, and how its output is encoded."""

    number: int
    words: tuple[str, ...]
    encoding: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="how many lines (default: 10000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first (default: 0)")
    parser.add_argument("--seed", type=int, default=0, help="what lines are drawn from (default: 0)")
    parser.add_argument("--light", action="store_true", help="no stores and files of other frameworks among the files")
    parser.add_argument("--only", type=int, help="run this one, and show what it says")
    asked = parser.parse_args()
    forked.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder) / "files", asked.light)
        if asked.only is not None:
            return show(drawn(asked.seed, asked.only), files, Path(folder))
        numbers = range(asked.first, asked.first + asked.count)
        return report([drawn(asked.seed, number) for number in numbers], files, Path(folder))


def report(lines: list[Line], files: Path, folder: Path) -> int:
    """Run the lines and print what came of them; Ctrl-C ends it early, and what was run until then is told."""
    began, codes, faults, cut = time.monotonic(), collections.Counter[tuple[str, int]](), 0, 0
    try:
        for line in lines:
            ended = run(line, files, folder)
            codes[line.words[0] if line.words[0] in VERBS.names() else "no verb", ended.code] += 1
            cut += ended.cut
            if wrong := faults_of(line, ended):
                faults += 1
                print(f"FAULT: line {line.number}, {'; '.join(wrong)}: {list(line.words)}", flush=True)
    except KeyboardInterrupt:
        print("interrupted")
    for verb in sorted({verb for verb, _ in codes}):
        told = sorted((code, count) for (of, code), count in codes.items() if of == verb)
        print(f"{verb:<10} " + ", ".join(f"exit {code}: {count:,}" for code, count in told))
    minutes = (time.monotonic() - began) / 60
    print(f"{codes.total():,} command lines in {minutes:.1f} minutes, {cut} interrupted as too long, {faults} faults")
    return 1 if faults else 0


def show(line: Line, files: Path, folder: Path) -> int:
    ended = run(line, files, folder)
    print(list(line.words), line.encoding, f"exit {ended.code}, {ended.seconds:.1f} s")
    print(ended.out, ended.err, sep="\n--- standard error\n")
    print("; ".join(faults_of(line, ended)) or "no fault")
    return 0


def run(line: Line, files: Path, folder: Path) -> forked.Ended:
    """Run it among fresh copies of ``files``."""
    place = folder / "place"
    shutil.copytree(files, place)
    os.mkfifo(place / "pipe")
    try:
        return forked.run(list(line.words), place, limit=LIMIT_SECONDS, encoding=line.encoding)
    finally:
        shutil.rmtree(place)


def faults_of(line: Line, ended: forked.Ended) -> list[str]:
    """What is wrong with how a line ended, in words."""
    wrong, allowed = [], {Exit.YES, Exit.NO, Exit.MISTAKE} | ({Exit.INTERRUPTED} if ended.cut else set())
    if ended.code not in allowed:
        wrong.append(f"exit code {ended.code}")
    if "Traceback" in ended.err + ended.out:
        wrong.append("a traceback")
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2066-\u2069]", ended.out + ended.err):
        wrong.append("a control character")
    said = ended.err.splitlines()
    messages = [number for number, text in enumerate(said) if text.startswith("holdfast: ")]
    if ended.code == Exit.MISTAKE:
        if len(messages) != 1 or len(said) - messages[0] > 2:
            wrong.append(f"{len(messages)} messages in {len(said)} lines")
        elif messages[0] and ended.seconds < PROGRESS_SECONDS:
            wrong.append(f"said before its message: {said[0]}")
        if ended.out and "--json" not in line.words:
            wrong.append("a mistake, but output")
    elif ended.code != Exit.INTERRUPTED and said and ended.seconds < PROGRESS_SECONDS:
        wrong.append(f"no mistake, but said: {said[0]}")
    if "--json" in line.words and ended.code in allowed and not asks_for_help(line):
        try:
            json.loads(ended.out, parse_constant=_refuse)
        except ValueError as error:
            wrong.append(f"not one JSON document: {error}")
    return wrong


def asks_for_help(line: Line) -> bool:
    return not line.words or line.words[0] in ("", "help", "--version") or bool({"-h", "--help"} & set(line.words))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def drawn(seed: int, number: int) -> Line:
    """The command line of this number."""
    draw = random.Random(f"{seed} {number}")
    names = VERBS.names()
    (verb,) = draw.choices(names, [SELDOM.get(name, 1.0) for name in names])
    if draw.random() < 0.01:
        verb = draw.choice(("trian", "", "--json", "\x1b[2J", "help", "--version"))
    words = [verb, *_words(verb, draw)] if verb in VERBS.names() else [verb, *draw.choices(ODD, k=draw.randint(0, 2))]
    # What no process can be given, and what would open a browser.
    words = [word.replace("\x00", "") for word in words if word != "--open"]
    return Line(number, tuple(words), draw.choice(ENCODINGS))


def _words(verb: str, draw: random.Random) -> list[str]:
    valid = draw.random() < VALID
    module, lead = VERBS.load(verb), _lead(verb, valid, draw)
    parser = Parser(verb, "", module.__doc__ or "")
    try:
        # Where a network comes first, flags are those of a task: the file is not opened here, before the fork.
        module.configure(parser, ["--task", draw.choice(TASKS)] if verb in OF_NETWORKS else lead)
    except Problem:
        parser = Parser(verb, "", module.__doc__ or "")
        parser.add_argument("--json", action="store_true")
    flags = [action for action in parser._actions if action.option_strings and action.dest != "help"]
    words = [*lead, *QUICK.get(verb, ())]
    if verb in (*QUICK, "construct") and (named := next((word for word in lead if word in TASKS), None)):
        words += [f"--{tasks.get(named).length_axis.replace('_', '-')}", "3"]
    if valid:
        flags = [action for action in flags if action.required or draw.random() < 0.15]
    else:
        flags = draw.choices(flags, k=draw.randint(1, 5)) + [a for a in flags if a.required and draw.random() < 0.8]
    if verb == "compare" and not valid and draw.random() < 0.9:
        words.append("--report")  # what trains, trains in processes of its own, which take seconds to start
    for action in flags:
        words += _flag(action, 0.0 if valid else RISK, draw)
    if not valid and draw.random() < 0.25:
        words.insert(draw.randint(0, len(words)), draw.choice((*ODD, "--nothing", "--sed", "--help", "-h", "-x")))
    if draw.random() < 0.3:
        words.append("--json")
    return words


def _flag(action: argparse.Action, risk: float, draw: random.Random) -> list[str]:
    name = action.option_strings[0]
    if action.nargs == 0:
        return [name]
    if draw.random() < risk * 0.1:
        return [name]  # its value is missing
    count = {None: 1, "?": draw.randint(0, 1), "+": draw.randint(1, 2)}.get(action.nargs, action.nargs)
    values = [_value(action, draw.random() < risk, draw) for _ in range(int(count or 0))]
    return [f"{name}={values[0]}"] if len(values) == 1 and draw.random() < 0.2 else [name, *values]


def _value(action: argparse.Action, bad: bool, draw: random.Random) -> str:
    kind = getattr(action.type, "__name__", "str")
    if bad and draw.random() < 0.3:
        return draw.choice(ODD)
    if action.choices and not bad:
        return str(draw.choice(list(action.choices)))
    if "int" in kind or kind == "at_least_zero":
        return draw.choice(BAD_INTS if bad else INTS)
    if "float" in kind:
        return draw.choice(BAD_FLOATS if bad else FLOATS)
    known = {
        "task": TASKS, "cell": CELLS, "cells": ("lstm", "gru,elman"), "network": NETWORKS, "to": ("torch", "onnx"),
        "format": ("torch", "onnx"), "out": ("new.safetensors", "new.json", "new.onnx", "new"),
        "resume": ("run", "empty"),
        "store": ("store.sqlite", "new.sqlite"), "storage": ("new.journal", "sqlite:///new.db"), "clip": ("none", "1"),
        "sequences": ("a,b", "b,a"), "lengths": ("2,3",), "units": ("2",), "lags": ("2",), "rates": ("0.01",),
        "updates": ("step", "batch"), "diagnostics": ("gates", "retention"), "initialisation": ("keras", "auto"),
        "initialisations": ("keras",), "engine": ("loop", "native", "auto", "processes"), "page": ("new.html",),
        "figures": ("pictures",), "csv": ("new.csv",), "parquet": ("new.parquet",), "study": ("mine", "new"),
        "orders": ("fixed",), "address": ("127.0.0.1:1",),
    }.get(action.dest, ("x",))  # fmt: skip
    return draw.choice((*ODD, *FILES) if bad else known)


OF_NETWORKS = ("certify", "check", "explain", "refute", "test")
NETWORKS = ("trained.safetensors", "made.safetensors", "run/weights/seed-0.safetensors")
FILES = (
    *NETWORKS, "made.certificate.json", "store.sqlite", "new.torch.safetensors", "net.onnx", "short.safetensors",
    "empty.safetensors", "text.json", "folder", "run", "empty", "missing", "missing/file", "trained.safetensors/x",
    "pipe",
)  # fmt: skip


def _lead(verb: str, valid: bool, draw: random.Random) -> list[str]:
    """The words that stand first: a task, a network, a certificate."""
    if not valid and draw.random() < 0.3:
        return draw.choices((*ODD, *FILES, *TASKS), k=draw.randint(0, 2))
    if verb in ("train", "tune", "construct"):
        return [draw.choice(TASKS)]
    if verb in ("certify", "explain", "export", "refute", "test"):
        return [draw.choice(NETWORKS)]
    if verb == "check":
        return ["made.certificate.json", draw.choice(NETWORKS)]
    if verb == "compare":
        return ["--task", draw.choice(TASKS)] if draw.random() < 0.5 else ["--study", "mine", "--report"]
    if verb == "import":
        return [draw.choice(("net.onnx", "net.torch.safetensors"))]
    if verb == "show":
        return [draw.choice((*TASKS, *CELLS, "run", "gates"))]
    return draw.choice(([], ["cells"], ["runs"])) if verb == "list" else []


def prepare(files: Path, light: bool) -> Path:
    """The folder whose copies lines run in. Made by the command itself."""
    files.mkdir()
    (files / "folder").mkdir()
    (files / "empty" / "blocks").mkdir(parents=True)
    quick = ["--steps", "3", "--units", "2", "--budget", "64", "--check-every", "32", "--seeds", "1", "--batch", "4"]
    grid = ["--task", "recall", "--cells", "elman", "--lags", "2", "--units", "2", "--rates", "0.01", "--seeds", "1"]
    commands = [
        ["train", "recall", "--cell", "lstm", *quick, "--out", "run"],
        ["construct", "recall", "--cell", "gru", "--steps", "4", "--units", "4", "--out", "made.safetensors"],
        ["certify", "made.safetensors", "--seconds", "5"],
    ]
    rest = [
        ["export", "made.safetensors", "--to", "onnx", "--out", "net.onnx"],
        ["export", "made.safetensors", "--to", "torch", "--out", "net.torch.safetensors"],
        ["compare", *grid, "--budget", "64", "--check-every", "32", "--study", "mine", "--store", "store.sqlite"],
    ]
    for words in commands if light else commands + rest:
        ended = forked.run(words, files, limit=300)
        if ended.code not in (Exit.YES, Exit.NO):
            raise SystemExit(f"{' '.join(words)}: exit {ended.code}\n{ended.err}")
    shutil.copy(files / "run" / "weights" / "seed-0.safetensors", files / "trained.safetensors")
    content = (files / "trained.safetensors").read_bytes()
    (files / "short.safetensors").write_bytes(content[: len(content) // 2])
    (files / "empty.safetensors").write_bytes(b"")
    (files / "text.json").write_text('{"a": 1}')
    return files


if __name__ == "__main__":
    sys.exit(main())
