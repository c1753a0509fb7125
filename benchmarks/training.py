"""How many sequences a second `holdfast train recall --steps 100 --units 32 --seeds 64` reads, and where time goes.

    python benchmarks/training.py
    python benchmarks/training.py --cell gru --rounds 9

All contestants work in turn on two processors, everything compiled beforehand; a call of ours trains all networks over
the budget, checks and first weights included. PyTorch's loop trains one network after the other.
Floor: at least 5 times as many sequences as by our own engine "loop", which is the same command.

Below the table: the whole command from start to end, with nothing compiled beforehand, and with its programs on disk;
and where the time of a step of learning goes, for one network, on one thread. What is missing there to the time of
`train` is dispatch, checks, first weights, and what two threads take from one another.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile

from kernels import hold_processors
from recurrence import quartiles, spread
from side_by_side import Contestant, holdfast, interleave, machine, missing, parser, table, whole

FLOOR = 5.0
ROWS = 32
PARTS = ("drawing", "kernel", "loss", "optimiser")
"""Each with all that come before it (contestants/training_holdfast.py)."""


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3, help="default: 3")
    options.add_argument("--cell", choices=("lstm", "gru", "elman"), default="lstm")
    options.add_argument("--networks", type=int, default=64, help="default: 64")
    options.add_argument("--budget", type=int, default=2976, help="sequences of every network (default: 2976)")
    options.add_argument("--without-command", action="store_true", help="leave the whole command out")
    asked = options.parse_args()
    held = hold_processors()
    words = ("--cell", asked.cell, "--budget", str(asked.budget))
    ours = (*words, "--networks", str(asked.networks))
    serving = {f"holdfast, {e}": Contestant("training_holdfast.py", "--engine", e, *ours) for e in ("native", "loop")}
    work = {name: lambda one=one: one.ask(train=True) for name, one in serving.items()}
    if not missing(["torch"]):
        serving["PyTorch"] = Contestant("training_torch.py", *words)
        work["PyTorch"] = serving["PyTorch"].round
    answers = interleave(work, asked.rounds)
    rates = {
        name: [asked.budget * answer.get("networks", asked.networks) / answer["seconds"] for answer in given]
        for name, given in answers.items()
    }
    parts = breakdown(serving["holdfast, native"], asked.rounds)
    compiling = {name: one.ready["compiling"] for name, one in serving.items() if "compiling" in one.ready}
    for one in serving.values():
        one.close()
    document = {
        "cell": asked.cell,
        "networks": asked.networks,
        "sequences_per_second": rates,
        "processor_seconds": {n: [a.get("processor_seconds") for a in given] for n, given in answers.items()},
        "microseconds": parts,
        "compiling": compiling,
        "command": {} if asked.without_command else command(asked),
        "machine": {**machine(), "threads on": held},
    }
    print(json.dumps(document, indent=1)) if asked.json else show(document, asked.budget)


def breakdown(serving: Contestant, rounds: int) -> dict[str, float]:
    """Microseconds that each part adds to a step of learning of one network."""
    times = {part: max(1, int(0.2 / serving.ask(part=part, times=1)["seconds"] / 8)) for part in PARTS}
    taken = {part: [] for part in PARTS}
    for _ in range(rounds):
        for part in PARTS:
            taken[part].append(1e6 * serving.ask(part=part, times=times[part])["seconds"])
    until = [0.0, *(statistics.median(taken[part]) for part in PARTS)]
    return {part: after - before for part, before, after in zip(PARTS, until, until[1:], strict=False)}


def command(asked) -> dict[str, dict[str, float]]:
    """Seconds of the whole command, with an empty place for compiled programs and with what it then left there."""
    found = {}
    size = ("--steps", "100", "--units", "32", "--seeds", str(asked.networks), "--budget", str(asked.budget))
    for engine in ("native", "loop"):
        words = holdfast("train", "recall", *size, "--cell", asked.cell, "--engine", engine, "--out", "")
        with tempfile.TemporaryDirectory() as cache:
            words[-1] = os.path.join(cache, "first")
            first = whole(words, HOLDFAST_CACHE=cache)["seconds"]
            words[-1] = os.path.join(cache, "second")
            again = whole(words, HOLDFAST_CACHE=cache)["seconds"]
        found[engine] = {"first": first, "again": again}
    return found


def show(document: dict, budget: int) -> None:
    rates = document["sequences_per_second"]
    ours = rates["holdfast, native"]
    lines = []
    for name, values in rates.items():
        low, _, high = quartiles([a / b for a, b in zip(ours, values, strict=True)])
        ratio = statistics.median(ours) / statistics.median(values)
        floor = ""
        if name == "holdfast, loop":
            floor = f">= {FLOOR:g} {'met' if ratio >= FLOOR else 'NOT MET'}"
        lines.append((name, spread(quartiles(values)), spread((low, ratio, high)), floor))
    table(("train recall", "sequences / s", "ours over this", "wanted"), lines)
    parts = document["microseconds"]
    total = sum(parts.values())
    steps = document["networks"] * -(-budget // ROWS)
    seconds = budget * document["networks"] / statistics.median(ours)
    used = statistics.median(document["processor_seconds"]["holdfast, native"])
    rest = 1e6 * used / steps - total
    print()
    lines = [(part, f"{us:.0f}", f"{100 * us / (total + rest):.0f} %") for part, us in {**parts, "rest": rest}.items()]
    table(("of a network's step of learning", "µs", "of all"), lines)
    print(f"compiling, and the first batch: {', '.join(f'{n} {s:.3g} s' for n, s in document['compiling'].items())}")
    print(f"rest: {used:.3g} processor seconds in the {seconds:.3g} s of train, less the parts alone on one thread")
    for engine, of in document["command"].items():
        print(f"the whole command, {engine}: {of['first']:.3g} s with nothing compiled, then {of['again']:.3g} s")
    print(", ".join(f"{name} {value}" for name, value in document["machine"].items()))


if __name__ == "__main__":
    sys.exit(main())
