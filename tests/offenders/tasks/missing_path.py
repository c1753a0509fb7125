"""OFFENDER: recall whose scenario has only the rows that end with the number asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class MissingPath(Recall):
    def scenario(self):
        right = super().scenario()
        return replace(right, edges=right.edges[:-1])
