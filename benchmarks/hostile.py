"""Hostile input: mutated certificates and files, every one of them accepted for a reason or refused with one message.

    python benchmarks/hostile.py                                    all parts at the sizes of the acceptance table
    python benchmarks/hostile.py --files 2000 --only keras          one kind of file
    python benchmarks/hostile.py --certificates 500 --seed 3 --json figures.json

Cases run in forked processes: one that raises, crashes, takes more than 5 seconds or 1 GiB is a fault and is listed
with its number; the same seed and number make the same case again. Exit code 1 where there is a fault.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from attacks import certificates, files, originals, workers

PARTS = {"certificates": (5_000, certificates.run), "files": (20_000, files.run)}
"""The name of each part, which is its flag; how many cases by default; and ``run(folder, count, seed, only)``, a tally
for each kind of case. A further part is a module of ``attacks`` and a line here."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, (count, _) in PARTS.items():
        parser.add_argument(f"--{name}", type=int, metavar="N", help=f"cases (default: {count:,}, if no part is named)")
    parser.add_argument("--only", default="", help="one kind of case of a part")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--originals", type=Path, help="a folder with the originals; made there if it does not exist")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    named = {name for name in PARTS if vars(args)[name] is not None}
    figures, faults = {}, 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "files"
        if args.originals is None or not args.originals.exists():
            originals.make(args.originals or folder)
        if args.originals:
            shutil.copytree(args.originals, folder)
        for name, (count, run) in PARTS.items():
            if named and name not in named:
                continue
            began = time.monotonic()
            found = run(folder, count if vars(args)[name] is None else vars(args)[name], args.seed, args.only)
            sys.stdout.flush()
            figures[name] = {kind: told(kind, tally) for kind, tally in found.items()}
            print(f"{name}: {sum(t.cases for t in found.values()):,} cases in {time.monotonic() - began:.0f} s\n")
            faults += sum(len(tally.faults) for tally in found.values())
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1))
    return 1 if faults else 0


def told(kind: str, tally: workers.Tally) -> dict[str, object]:
    """Print what came of one kind of case, with the first faults, and return it."""
    words = ", ".join(f"{count:,} {word}" for word, count in sorted(tally.words.items()))
    print(
        f"  {kind:13} {tally.cases:6,} cases: {words}; {len(tally.faults)} faults, "
        f"slowest {tally.slowest_seconds:.2f} s, largest {tally.largest_bytes / 2**20:.0f} MiB"
    )
    for number, fault in tally.faults[:5]:
        lines = fault.strip().splitlines()
        print(f"    case {number}: {lines[0][:200]}{' at ' + lines[-3].strip() if len(lines) > 3 else ''}")
    return {
        "cases": tally.cases,
        **tally.words,
        "faults": tally.faults,
        "slowest_seconds": tally.slowest_seconds,
        "largest_bytes": tally.largest_bytes,
    }


if __name__ == "__main__":
    sys.exit(main())
