"""The diagnostics: one file, one question of a network, with ``formula``, ``source``, ``caveat`` and ``measure``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder
from holdfast.explain.finding import Finding
from holdfast.explain.subject import Subject

FOLDER = Folder("diagnostic", "holdfast.explain.diagnostics", Path(__file__).parent)


@dataclass(frozen=True)
class Diagnostic:
    """One diagnostic, read from its file. ``title`` is the question that it answers."""

    name: str
    title: str
    formula: str
    source: str
    caveat: str
    measure: Callable[[Subject], Finding]


@cache
def get(name: str) -> Diagnostic:
    """The diagnostic of this name. Raises ``UnknownName``, or ``BadFile`` where its file lacks something."""
    module = FOLDER.load(name)
    wanted = ("formula", "source", "caveat", "measure")
    missing = [word for word in wanted if not hasattr(module, word)]
    if missing:
        raise BadFile(
            f"the diagnostic {module.__file__} lacks {', '.join(missing)}.",
            "explain/diagnostics/gates.py is a complete example.",
        )
    return Diagnostic(name, FOLDER.sentence(name), *(getattr(module, word) for word in wanted))
