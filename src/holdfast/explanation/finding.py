"""The result of a diagnostic: figures for programs, tables and plots for readers, and a summary in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.core.results import Part


@dataclass(frozen=True)
class Finding:
    """``figures`` are plain numbers, texts, lists and None, ready for JSON, units in their names; ``parts`` are
    tables and plots; ``sentence`` is the summary, empty if there is nothing to report."""

    figures: Mapping[str, Any]
    parts: tuple[Part, ...] = ()
    sentence: str = ""
