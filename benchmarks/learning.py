"""What is learned, how often, and in what time: two tasks, ten networks each, through the command.

echo     Lag 1000 by an LSTM of 16 units with time scales drawn for the lag (keras+chrono).
         Floor: solved by at least 9 of 10, within 10 minutes of wall time.
recall   The first of 100 real numbers, 32 units, by lstm, gru and elman.
         Floor: solved by at least 8 of 10 for lstm and gru. There is none for elman: it is not expected to solve
         it, and so would spend its whole budget, of which it gets a fifth (20 000 sequences for each network).

Solved means the task's own criterion, on fresh sequences of the test split. One run each: the wall time is that
of this machine as it was, the rest is decided by the settings and the seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from side_by_side import Line, environment, holdfast, parser, report


@dataclass(frozen=True)
class Row:
    """One training: its words, how many networks must solve it at least (None: no floor), and in how many seconds."""

    name: str
    words: tuple[str, ...]
    solved: int | None
    seconds: float = float("inf")


ECHO = ("echo", "--lag", "1000", "--cell", "lstm", "--initialisation", "keras+chrono", "--units", "16", "--batch", "8")
RECALL = ("recall", "--steps", "100", "--units", "32", "--cell")
ROWS = (
    Row("echo-lstm", (*ECHO, "--learning-rate", "0.01"), 9, 600.0),
    Row("recall-lstm", (*RECALL, "lstm"), 8),
    Row("recall-gru", (*RECALL, "gru"), 8),
    Row("recall-elman", (*RECALL, "elman", "--budget", "20000"), None),
)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rows", nargs="+", choices=[row.name for row in ROWS], help="what to train (default: all)")
    options.add_argument("--seeds", type=int, default=10, help="networks of each; floors are for 10 (default: 10)")
    asked = options.parse_args()
    lines: list[Line] = []
    for row in ROWS:
        if asked.rows is None or row.name in asked.rows:
            lines += trained(row, asked.seeds)
    report(lines, asked.json, seeds=asked.seeds)


def trained(row: Row, seeds: int) -> list[Line]:
    """Three lines: networks that solved it, sequences they took, and wall seconds."""
    print(f"training {row.name}", file=sys.stderr)
    what = " ".join(row.words)
    with tempfile.TemporaryDirectory() as folder:
        command = holdfast("train", *row.words, "--seeds", str(seeds), "--out", f"{folder}/run", "--json")
        began = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment(), check=False)
        seconds = time.perf_counter() - began
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}.")
    result = json.loads(done.stdout)
    floor, enough = "", None
    if row.solved is not None and seeds == 10:
        floor, enough = f">= {row.solved}", result["solved"] >= row.solved
    low, high = result["interval"]
    of = f"of {result['of']} ({100 * low:.0f}-{100 * high:.0f} %)"
    lines = [Line(what, "solved", (result["solved"],), of, floor=floor, met=enough, notes=result)]
    quartiles = result["sequences_to_success"]
    if quartiles:
        lines.append(Line("", "sequences to success, quartiles", tuple(quartiles), "sequences"))
    timed = row.seconds < float("inf") and seeds == 10
    limit, soon = (f"<= {row.seconds:g} s", seconds <= row.seconds) if timed else ("", None)
    lines.append(Line("", "wall time", (seconds,), "s", floor=limit, met=soon))
    return lines


if __name__ == "__main__":
    main()
