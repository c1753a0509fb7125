"""The built-in studies: one file, one question. ``compare/study.py`` says what such a file holds."""

from __future__ import annotations

from pathlib import Path

from holdfast.compare.study import Study
from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder

FOLDER = Folder("study", "holdfast.studies.questions", Path(__file__).parent)


def get(name: str) -> Study:
    """The study of this name. Raises ``UnknownName``, or ``BadFile`` where its file lacks something."""
    module = FOLDER.load(name)
    missing = [word for word in ("grids", "verdicts") if not hasattr(module, word)]
    if missing:
        raise BadFile(
            f"the study {module.__file__} lacks {', '.join(missing)}.", "compare/study.py says what it holds."
        )
    return Study(name, tuple(module.grids()), FOLDER.sentence(name), module.verdicts)
