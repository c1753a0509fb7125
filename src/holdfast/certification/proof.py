"""The result of a proof search: verdict, best bound, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from holdfast.certification.certificate import describe_lengths
from holdfast.certification.propagate import Bound
from holdfast.certification.refute import Refutation
from holdfast.core.claim import Semantics
from holdfast.core.results import Part, Text, finite, rounded_up
from holdfast.core.scenario import Lengths
from holdfast.core.task import Task
from holdfast.core.text import escaped
from holdfast.report.result_base import ResultBase

SEMANTICS = {
    "real": "exact real arithmetic on the stored weights",
    "ieee": "{} arithmetic with rounding, under the assumptions listed in the certificate",
}


@dataclass(frozen=True, repr=False)
class Proof(ResultBase):
    """``reached``: the best bound of a complete proof. ``lengths``: the lengths that it covers. ``exact_above``:
    numbers of at least this absolute value are recalled bit for bit. ``certificate``: the document, if the verdict is
    "proved"; ``path``: the file that it was written to."""

    verdict: Literal["proved", "unknown", "refuted"]
    task: Task
    tolerance: float | None
    reached: Bound
    lengths: Lengths
    semantics: Semantics
    dtype: str
    pieces: int
    symbols: int
    exact_above: float | None
    certificate: dict[str, Any] | None
    refutation: Refutation | None
    interrupted: bool
    wall_seconds: float
    path: str | None = None

    @property
    def error(self) -> float | None:
        """The bound on the error: 0 if all symbols are right, None if there is no bound."""
        if self.reached.error is not None:
            return finite(self.reached.error)
        return 0.0 if self.verdict == "proved" else None

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast certify --json``."""
        limits = getattr(self.task, "range", None)
        return {
            "verdict": self.verdict,
            "error": self.error,
            "lengths": self.lengths.kind,
            "steps": "any" if self.lengths.last is None else self.lengths.last,
            "least_steps": self.lengths.first,
            "range": None if limits is None else list(limits),
            "semantics": self.semantics,
            "certificate": self.path,
            "task": self.task.name,
            "exact_above": self.exact_above,
            "settled": self.reached.settled,
            "pieces": self.pieces,
            "counterexample": None if self.refutation is None else self.refutation.as_json(),
            "interrupted": self.interrupted,
            "wall_seconds": self.wall_seconds,
        }

    def parts(self) -> list[Part]:
        """What ``holdfast certify`` prints."""
        rows = describe_lengths(self.task, self.lengths)
        lines = [f"{self.verdict}: {self._bound()} on every row of {self.task.name} {rows}."]
        if self.verdict == "unknown":
            goal = "below the error of a constant output" if self.tolerance is None else f"{self.tolerance:g}"
            lines = [f"unknown: the required bound ({goal}) was not proved. Best bound: {self._bound()}."]
            if self.reached.unbounded:
                lines.append(f"why: {self.reached.unbounded}.")
        if self.refutation is not None:
            found = self.refutation
            lines = [f"refuted: on a sequence of {len(found.inputs)} steps the error is {found.error:.6g}."]
        if self.exact_above is not None:
            lines.append(
                "bit for bit: the output equals the number if that is "
                f"{rounded_up(self.exact_above, 3)} or more in absolute value."
            )
        lines.append(f"semantics: {SEMANTICS[self.semantics].format(self.dtype)}.")
        lines.append(f"how: {self._how()}, {self.wall_seconds:.1f} s" + (", interrupted." if self.interrupted else "."))
        if self.path is not None:
            lines.append(f"certificate: {escaped(self.path)}")
        return [Text("\n".join(lines))]

    def _bound(self) -> str:
        if self.reached.error is not None:
            return f"error at most {rounded_up(self.reached.error)}"
        return f"the right symbol is {'always the largest' if self.reached.right else 'not proved to be the largest'}"

    def _how(self) -> str:
        pieces = f"{self.pieces} pieces" if self.pieces != 1 else "one piece"
        symbols = f", {self.symbols} error terms" if self.symbols else ""
        settled = f", converged at step {self.reached.settled}" if self.reached.settled is not None else ""
        return pieces + symbols + settled
