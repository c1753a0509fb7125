"""OFFENDER: a diagnostic that asks no question, and warns of nothing."""

from __future__ import annotations

from holdfast.explanation.finding import Finding

level = "opened"
formula, source, caveat = "sup |c|", "this test", ""


def measure(subject):
    return Finding({})
