"""Which tests are slow: ``pytest --durations=0 | python tests/slow.py`` writes ``slow.txt``, test functions by name.

A function is slow whose cases take more than ``LIMIT_SECONDS`` each, on the mean, or more than ``ALL_SECONDS``
together.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

LIMIT_SECONDS, ALL_SECONDS = 1.0, 12.0


def slow(lines: list[str], limit: float = LIMIT_SECONDS, together: float = ALL_SECONDS) -> list[str]:
    """The slow functions among what ``pytest --durations=0`` printed."""
    seconds: dict[str, float] = defaultdict(float)
    cases: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if found := re.match(r"\s*([\d.]+)s (?:call|setup|teardown)\s+(\S+?)(\[.*)?$", line):
            seconds[found[2]] += float(found[1])
            cases[found[2]].add(found[3] or "")
    return sorted(name for name, all in seconds.items() if all > together or all / len(cases[name]) > limit)


if __name__ == "__main__":
    names = slow(sys.stdin.read().splitlines())
    (Path(__file__).parent / "slow.txt").write_text("".join(f"{name}\n" for name in names))
    print(f"{len(names)} slow tests")
