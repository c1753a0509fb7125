"""The answer of a study: its results, and, when all points are finished, the verdicts on its claims."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.comparison.results.curves import pictures
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.comparison.study import Study
from holdfast.core.results import Part, Table, Text
from holdfast.report.result_base import ResultBase


@dataclass(frozen=True, repr=False)
class Answer(ResultBase):
    """The results and verdicts of a study. ``verdicts`` is None while points are missing, and empty for a study without
    claims."""

    TABLE = "summary"

    study: Study
    results: Results
    verdicts: tuple[Verdict, ...] | None
    interrupted: bool = False

    @property
    def refuted(self) -> bool:
        """Whether some claim does not hold."""
        return any(verdict.verdict == "does not hold" for verdict in self.verdicts or ())

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast compare --json``; "verdicts" is null while points are missing."""
        verdicts = None if self.verdicts is None else [verdict.as_json() for verdict in self.verdicts]
        return {**self.results.as_json(), "question": self.study.question, "verdicts": verdicts}

    def parts(self) -> list[Part]:
        """The parts of the report that ``holdfast compare`` prints."""
        parts: list[Part] = [Text(self.study.question)] if self.study.question else []
        parts += self.results.parts()
        parts += pictures(self.results.summary) if self.results.points else []
        if self.verdicts:
            parts.append(Table(("claim", "verdict", "why"), tuple((v.claim, v.verdict, v.why) for v in self.verdicts)))
            parts += [Text(_figures(v), title=v.claim) for v in self.verdicts if v.figures]
        return parts


def answer(study: Study, results: Results) -> Answer:
    """The answer from ``results``, with the verdicts of the study if they are complete."""
    if results.done < results.of:
        return Answer(study, results, None)
    return Answer(study, results, study.verdicts(results) if study.verdicts else ())


def _figures(verdict: Verdict) -> str:
    return "\n".join(f"{name}: {'-' if value is None else value}" for name, value in verdict.figures.items())
