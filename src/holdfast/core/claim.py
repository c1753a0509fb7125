"""What is said of a network, as plain data: a claim is made by whoever made the network, and judged by strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Semantics = Literal["real", "ieee"]
"""Exact real arithmetic on the network's weights as they are; or IEEE arithmetic of its number format, as it runs."""


@dataclass(frozen=True)
class Claim:
    """On every row of ``task`` with these ``axes``, at every length from ``least_steps`` up to ``steps`` (None: at
    every longer length), the output is within ``error`` of the right answer; for a task of symbols, the right one is
    the largest (error 0)."""

    task: str
    axes: Mapping[str, Any]
    error: float
    steps: int | None
    semantics: tuple[Semantics, ...]
    dtype: str
    least_steps: int = 1

    def as_json(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "steps": self.steps if self.steps is not None else "any",
            "range": list(self.axes["range"]) if "range" in self.axes else None,
            "semantics": " and ".join(self.semantics),
            "dtype": self.dtype,
            "least_steps": self.least_steps,
        }
