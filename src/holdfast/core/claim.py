"""What is said of a network, as plain data: a claim is made by whoever made the network, and judged by strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from holdfast.core.scenario import Lengths

Semantics = Literal["real", "ieee"]
"""Exact real arithmetic on the network's weights as they are; or IEEE arithmetic of its number format, as it runs."""


@dataclass(frozen=True)
class Claim:
    """On every row of ``task`` with these ``axes``, at every length from ``least_steps`` up to ``steps`` (None: at
    every longer length), the output is within ``error`` of the right answer; for a task of symbols, the right one is
    the largest (error 0). ``exactly``: only rows of exactly the task's own length are meant."""

    task: str
    axes: Mapping[str, Any]
    error: float
    steps: int | None
    semantics: tuple[Semantics, ...]
    dtype: str
    least_steps: int = 1
    exactly: bool = False

    @property
    def lengths(self) -> Lengths:
        """Which rows it speaks of."""
        kind = "any" if self.steps is None else "exactly" if self.exactly else "up to"
        return Lengths(kind, self.least_steps, self.steps)

    def as_json(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "lengths": self.lengths.kind,
            "steps": self.steps if self.steps is not None else "any",
            "range": list(self.axes["range"]) if "range" in self.axes else None,
            "semantics": " and ".join(self.semantics),
            "dtype": self.dtype,
            "least_steps": self.least_steps,
        }
