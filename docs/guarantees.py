"""The page *What a certificate guarantees*: the code that has to be right, in lines as they are today, and the rest."""

from __future__ import annotations

from pathlib import Path

import holdfast

PACKAGE = Path(holdfast.__file__).parent
TRUSTED = {
    "certification/check.py": "compares the claim with the network and the question; judges every piece",
    "certification/propagate.py": "follows sets through the task's automaton",
    "certification/weights.py": "the weights as exact numbers, without units that nothing reads",
    "certification/certificate.py": "reads and words the document",
    "engine/readings/bounds.py": "linear maps on sets, and words applied unit by unit",
    "alphabet/*.py": "the words that cells are written in, each with its bounds",
    "alphabet/enclosures/arrays.py": "arrays of sets",
    "alphabet/enclosures/norms.py": "vectors over their norm",
    "alphabet/enclosures/convex.py": "lines along exp, softplus and 1/z",
    "alphabet/enclosures/forms.py": "sets: affine forms with an interval",
    "alphabet/enclosures/curves.py": "lines along tanh, sigmoid and relu",
    "alphabet/enclosures/rounding.py": "the rules of rounding, with their lemmas; semantics ieee only",
    "core/scenario.py": "what an automaton of rows is, and which lengths are meant",
}
"""Besides these: the cell's own step, the task's own scenario, and python-flint."""


def page() -> str:
    lines = {name: sum(map(_lines, PACKAGE.glob(name))) for name in TRUSTED}
    rows = [f"| `{name}` | {lines[name]} | {what} |" for name, what in TRUSTED.items()]
    text = (Path(__file__).parent / "guarantees.txt").read_text(encoding="utf-8")
    return text.replace("TRUSTED_ROWS", "\n".join(rows)).replace("TRUSTED_LINES", f"{sum(lines.values()):,}")


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())
