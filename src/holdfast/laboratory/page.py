"""The page of the laboratory as one HTML text: its document, its interface and its engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast import cells
from holdfast.laboratory.document import document
from holdfast.laboratory.javascript import engine_script
from holdfast.report import page


def render(
    settings: Mapping[str, Any] | None = None,
    guide: Mapping[str, Any] | None = None,
    constructed: Mapping[str, Any] | None = None,
    version: str = "",
) -> str:
    """The page; see ``document`` for its parts. It has every cell of the package."""
    names = cells.FOLDER.names()
    whole = document(names, settings=settings, guide=guide, constructed=constructed, version=version)
    return page.render("lab", "holdfast lab", whole, engine=engine_script())
