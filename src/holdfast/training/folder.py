"""Inspect a run folder without JAX: whether an early kill left it without results."""

from __future__ import annotations

from pathlib import Path

from holdfast.core.files import PREFIX

SETTINGS, LOCK = "settings.json", "lock"
PARTS = ("blocks", "weights")
KILLED = "it was killed before it had anything to keep"


def is_empty(folder: Path) -> bool:
    """Whether ``folder`` exists and has only the files that a run creates before it writes its settings."""
    if not folder.is_dir() or (folder / SETTINGS).exists():
        return False
    made = all(path.name in (*PARTS, LOCK) or path.name.startswith(PREFIX) for path in folder.iterdir())
    return made and trained(folder) is None


def trained(folder: Path) -> Path | None:
    """A file of a block or a network in the folder; None if there is none."""
    files = (path for part in PARTS for path in (folder / part).glob("*") if not path.name.startswith(PREFIX))
    return next(files, None)
