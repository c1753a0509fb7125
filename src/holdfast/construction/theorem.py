"""What a theorem of impossibility consists of."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Theorem:
    """A theorem. ``rests_on`` is a result that is used and not proved here; empty if there is none. Where ``proof`` is
    empty, that result is the theorem itself. ``source`` is where the statement, or one like it, was published."""

    name: str
    statement: str
    proof: str
    rests_on: str = ""
    source: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)
