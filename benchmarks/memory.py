"""How much memory training 256 networks at once takes.

'holdfast train echo' and 'holdfast train recall' with 256 networks, each as a process of its own whose largest
resident memory is asked of the system when it has ended. Memory does not grow with the budget, so a short one is
enough: what a network needs is there from its first update on, and rows are drawn afresh, never stored.

Floor: less than 2 GiB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from side_by_side import Line, environment, holdfast, parser, report

FLOOR_GIB = 2.0
TASKS = {
    "echo": ("train", "echo", "--lag", "100"),
    "recall": ("train", "recall", "--steps", "100"),
}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--networks", type=int, default=256, help="networks at once (default: 256)")
    options.add_argument("--budget", type=int, default=320, help="sequences per network (default: 320)")
    asked = options.parse_args()
    lines = []
    for name, words in TASKS.items():
        print(f"training {asked.networks} networks on {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            sizes = ("--seeds", str(asked.networks), "--budget", str(asked.budget), "--out", f"{folder}/run")
            gib = peak_gib(holdfast(*words, *sizes, "--json"))
        what, floor = f"largest resident memory, {asked.networks} networks", f"< {FLOOR_GIB:g} GiB"
        who = " ".join(("holdfast", *words))
        lines.append(Line(what, who, (gib,), "GiB", floor=floor, met=gib < FLOOR_GIB))
    report(lines, asked.json, budget=asked.budget)


def peak_gib(command: list[str]) -> float:
    """The largest resident memory of this one process. Exit code 1, 'not solved', is expected of a short budget."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{errors.read()[-2000:]}")
    in_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return in_bytes / 2**30


if __name__ == "__main__":
    main()
