"""OFFENDER: an Elman network with a letter for a gate that it has not"""

from __future__ import annotations

from holdfast.cells.elman import Gates, State, keep, maps, source, step, write  # noqa: F401

letters = {"candidate": "n", "forget": "f"}
