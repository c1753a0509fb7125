"""The live pages of the site: what ``holdfast demo --page`` and ``holdfast explain --page`` write, in ``live/``."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import shown

STEPS = 50


def write(docs: Path) -> None:
    """Write the pages into ``_generated/site/live``, from where the build copies them."""
    folder = (docs / "_generated" / "site" / "live").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    commands = (
        f"holdfast demo --initialisations 0 --page {folder / 'demo.html'}",
        f"holdfast construct recall --units 8 --steps {STEPS} --tolerance 1e-2 --out net.safetensors",
        f"holdfast explain net.safetensors --page {folder / 'constructed.html'}",
    )
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        for command in commands:
            code, said = shown.printed(command)
            if code:
                raise RuntimeError(f"{command} ends with exit code {code}: {said}")
