"""The folders of everything that has a name, found without importing their packages, which import JAX."""

from __future__ import annotations

from pathlib import Path

from holdfast.core.registry import Folder
from holdfast.training.optimisers import OPTIMISERS
from holdfast.training.rules import RULES
from holdfast.training.stops import STOPS

PACKAGE = Path(__file__).parent.parent
KINDS = {
    "cells": Folder("cell", "holdfast.cells", PACKAGE / "cells"),
    "blocks": Folder("block", "holdfast.blocks", PACKAGE / "blocks"),
    "tasks": Folder("task", "holdfast.tasks", PACKAGE / "tasks"),
    "constructions": Folder(
        "construction", "holdfast.construction.constructions", PACKAGE / "construction" / "constructions"
    ),
    "diagnostics": Folder("diagnostic", "holdfast.explanation.diagnostics", PACKAGE / "explanation" / "diagnostics"),
    "studies": Folder("study", "holdfast.studies.questions", PACKAGE / "studies" / "questions"),
    "optimisers": OPTIMISERS.folder,
    "rules": RULES.folder,
    "stops": STOPS.folder,
}
"""The kinds of ``holdfast list``."""
SHOWN = tuple(kind for kind in KINDS if kind != "constructions")
"""The kinds that ``holdfast show`` describes."""
