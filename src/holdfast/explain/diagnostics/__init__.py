"""The diagnostics: one file, one question of a network, with ``formula``, ``source``, ``caveat`` and ``measure``."""

from __future__ import annotations

from pathlib import Path

from holdfast.core.registry import Folder

FOLDER = Folder("diagnostic", "holdfast.explain.diagnostics", Path(__file__).parent)
