"""What a diagnostic finds: figures for programs, parts for readers, one sentence for the hurried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.core.results import Part


@dataclass(frozen=True)
class Finding:
    """``figures`` are plain numbers, texts, lists and None, ready for JSON, units in their names; ``parts`` are what is
    drawn of them; ``sentence`` is the finding in one line, empty where there is nothing to say."""

    figures: Mapping[str, Any]
    parts: tuple[Part, ...] = ()
    sentence: str = ""
