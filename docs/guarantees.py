"""The page *What a certificate guarantees*: its text, with the current number of lines of the trusted code."""

from __future__ import annotations

from pathlib import Path

import holdfast

PACKAGE = Path(holdfast.__file__).parent
TRUSTED = {
    "certification/check.py": "compares the claim with the network and the question; checks every piece",
    "certification/propagate.py": "propagates sets through the task's automaton",
    "certification/weights.py": "the weights as exact numbers, without units that do not affect the output",
    "certification/certificate.py": "reads the document and describes the claim in words",
    "engine/readings/bounds.py": "linear maps on sets, and elementwise words",
    "alphabet/*.py": "the words that cells are written in, each with its bounds",
    "alphabet/enclosures/arrays.py": "arrays of sets",
    "alphabet/enclosures/norms.py": "vectors divided by their norm",
    "alphabet/enclosures/convex.py": "linear bounds for exp, softplus and 1/z",
    "alphabet/enclosures/forms.py": "sets: affine forms with an interval",
    "alphabet/enclosures/curves.py": "linear bounds for tanh, sigmoid and relu",
    "alphabet/enclosures/rounding.py": "the rules of rounding, with their lemmas; semantics ieee only",
    "core/scenario.py": "the definition of a scenario (an automaton of rows), and of the lengths",
}
"""A verdict also relies on the cell's step, the task's scenario, and python-flint."""


def page() -> str:
    lines = {name: sum(map(_lines, PACKAGE.glob(name))) for name in TRUSTED}
    rows = [f"| `{name}` | {lines[name]} | {what} |" for name, what in TRUSTED.items()]
    text = (Path(__file__).parent / "guarantees.txt").read_text(encoding="utf-8")
    return text.replace("TRUSTED_ROWS", "\n".join(rows)).replace("TRUSTED_LINES", f"{sum(lines.values()):,}")


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())
