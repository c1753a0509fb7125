"""What the benchmarks share: contestants in processes of their own, interleaved rounds, one table or one document.

A contestant is a script that serves: it sets itself up, says ``{"ready": ...}``, and then answers every line on its
standard input with one line of JSON, ``{"seconds": ...}``, after having done the work once. One that can do several
things is asked with a JSON object instead. While one works, the others wait for input and use no processor, so that
all are measured on the same machine in the same minutes.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CONTESTANTS = Path(__file__).parent / "contestants"
EXTRA = "pip install 'pip>=25.1' && pip install -e . --group bench"


@dataclass(frozen=True)
class Line:
    """One line of the table: what was measured, by whom, in which unit, and the floor that it is held to, if any.

    ``met`` is whether the floor is reached, None where there is none.
    """

    what: str
    who: str
    values: tuple[float, ...]
    unit: str
    ratio: float | None = None
    floor: str = ""
    met: bool | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def missing(modules: Iterable[str]) -> list[str]:
    """Those of ``modules`` that cannot be imported here; one message to standard error names them and the remedy."""
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    if absent:
        print(f"{', '.join(absent)}: not installed, so its lines are left out. Try: {EXTRA}", file=sys.stderr)
    return absent


def holdfast(*arguments: str) -> list[str]:
    """The command line of ``holdfast``: the command beside this Python, or ``python -m holdfast``."""
    beside = Path(sys.executable).with_name("holdfast")
    return [str(beside), *arguments] if beside.exists() else [sys.executable, "-m", "holdfast", *arguments]


def environment(**more: str) -> dict[str, str]:
    """The environment of a contestant: this one, Keras on TensorFlow, and TensorFlow's chatter off."""
    return {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", **more}


class Contestant:
    """A serving script. ``round()`` has it do its one work, ``ask`` what the question says; both give its answer."""

    def __init__(self, script: str, *arguments: str, cwd: Path | None = None, **environ: str) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, str(CONTESTANTS / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(**environ),
            cwd=cwd,
        )
        self.ready = self._read()

    def round(self) -> dict[str, Any]:
        return self._send("go")

    def ask(self, **question: Any) -> dict[str, Any]:
        return self._send(json.dumps(question))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _send(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self._errors.seek(0)
        raise SystemExit(f"{self._process.args} ended early:\n{self._errors.read()[-2000:]}")


def serve(work: Callable[[], dict[str, Any]], **ready: Any) -> None:
    """The other end of ``Contestant.round``: do ``work`` once for every line that comes in."""
    answer(lambda _: work(), **ready)


def answer(work: Callable[[str], dict[str, Any]], **ready: Any) -> None:
    """The other end of ``Contestant``: ``work`` gets every line that comes in."""
    print(json.dumps({"ready": True, **ready}), flush=True)
    for line in sys.stdin:
        print(json.dumps(work(line)), flush=True)


def interleave(contestants: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Every contestant once, then every one again: a slow minute of the machine is everybody's."""
    answers: dict[str, list[Any]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, work in contestants.items():
            answers[name].append(work())
            print(f"round {number + 1} of {rounds}: {name}: {answers[name][-1]['seconds']:.4g} s", file=sys.stderr)
    return answers


def whole(command: list[str], **environ: str) -> dict[str, Any]:
    """How long ``command`` takes from start to end, and how many seconds of processors it uses on the way, which a
    busy machine does not stretch. An exit code of 1 is an honest no (not solved), not a failure; past that, exits
    with the command's error output."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment(**environ), check=False)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    processor = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"seconds": seconds, "processor_seconds": processor}


def parser(docstring: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    return made


def report(lines: list[Line], as_json: bool, **about: Any) -> None:
    """The table, or the document."""
    if as_json:
        document = {**about, "machine": machine(), "lines": [{**asdict(line), "median": line.median} for line in lines]}
        print(json.dumps(document, indent=1))
        return
    heads = ("measured", "by", "median", "least - most", "ratio", "floor", "verdict")
    rows = [
        (
            line.what,
            line.who,
            f"{line.median:.3g} {line.unit}",
            f"{min(line.values):.3g} - {max(line.values):.3g}" if len(line.values) > 1 else "once",
            f"{line.ratio:.3g} x" if line.ratio is not None else "",
            line.floor,
            {True: "met", False: "NOT MET", None: ""}[line.met],
        )
        for line in lines
    ]
    table(heads, rows)
    print(", ".join(f"{name} {value}" for name, value in {**about, **machine()}.items()))


def machine() -> dict[str, Any]:
    """Where this was measured."""
    return {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print ``rows`` under ``heads``, every column as wide as its widest text."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, tuple("-" * width for width in widths), *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
