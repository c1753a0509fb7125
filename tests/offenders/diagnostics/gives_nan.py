"""How large is a state?

OFFENDER: see its name.
"""

from __future__ import annotations

from holdfast.core.results import Table
from holdfast.explanation.finding import Finding

level = "opened"
formula, source, caveat = "sup |c|", "this test", "none"


def measure(subject):
    return Finding({"size": float("nan")}, (Table(("size",), (("0",),)),), "All is well.")
