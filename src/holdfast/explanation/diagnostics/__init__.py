"""The diagnostics: one file, one question of a model, with ``level``, ``formula``, ``source``, ``caveat``, ``measure``.

``level`` is that of the models which the question can be asked of: *answers*, *steps* or *opened*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from holdfast.core.errors import BadFile
from holdfast.core.registered import class_name, forgotten_on_change
from holdfast.core.registry import Folder
from holdfast.explanation.finding import Finding
from holdfast.explanation.subject import Subject
from holdfast.models.levels import LEVELS, Level, require

FOLDER = Folder("diagnostic", "holdfast.explanation.diagnostics", Path(__file__).parent)


@dataclass(frozen=True)
class Diagnostic:
    """One diagnostic, read from its file. ``title`` is the question that it answers. ``measure`` raises ``BadValue``
    where the model has a lower ``level`` than it needs."""

    name: str
    title: str
    level: Level
    formula: str
    source: str
    caveat: str
    measure: Callable[[Subject], Finding]


def register(diagnostic: type | ModuleType) -> str:
    """Make a diagnostic known by name in this process, and return the name. Raises ``BadValue`` where the name is
    taken, ``BadFile`` where the class lacks something."""
    name = class_name(diagnostic) if isinstance(diagnostic, type) else diagnostic.__name__.rsplit(".", 1)[-1]
    return FOLDER.register(diagnostic, name, get)


@forgotten_on_change
@cache
def get(name: str) -> Diagnostic:
    """The diagnostic of this name. Raises ``UnknownName``, or ``BadFile`` where its file lacks something."""
    module = FOLDER.load(name)
    wanted = ("level", "formula", "source", "caveat", "measure")
    missing = [word for word in wanted if not hasattr(module, word)]
    if missing:
        raise BadFile(
            f"the diagnostic {module.__file__} lacks {', '.join(missing)}.",
            "explanation/diagnostics/gates.py is a complete example.",
        )
    if module.level not in LEVELS:
        raise BadFile(f"the diagnostic {module.__file__} has the level {module.level!r}, expected {', '.join(LEVELS)}.")

    def measure(subject: Subject) -> Finding:
        require(subject.model, module.level, f"the diagnostic '{name}'")
        return module.measure(subject)

    return Diagnostic(name, FOLDER.sentence(name), module.level, module.formula, module.source, module.caveat, measure)
