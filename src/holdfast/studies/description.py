"""What ``holdfast show`` says about one thing, as a document and as parts. It needs no JAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holdfast.core.results import Part
from holdfast.report.result_base import ResultBase


@dataclass(frozen=True, repr=False)
class Description(ResultBase):
    """A ``document``, and the same ``shown`` as parts."""

    document: dict[str, Any]
    shown: list[Part]

    def as_json(self) -> dict[str, Any]:
        """The document of ``holdfast show --json``."""
        return self.document

    def parts(self) -> list[Part]:
        """What ``holdfast show`` prints."""
        return self.shown
