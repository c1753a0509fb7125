"""The live pages of the site: what ``demo --page``, ``explain --page`` and ``lab --save`` write, in ``live/``."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import lab_pictures
import shown

STEPS = 50


def site(docs: Path) -> Path:
    """The folder of files that the build copies as they are. Sphinx asks for it before any page is written."""
    folder = docs.resolve() / "_generated" / "site"
    (folder / "live").mkdir(parents=True, exist_ok=True)
    return folder


def write(docs: Path) -> None:
    """Write the pages into ``live/`` of the site."""
    folder = site(docs) / "live"
    commands = (
        f"holdfast demo --initialisations 0 --page {folder / 'demo.html'}",
        f"holdfast construct recall --units 8 --steps {STEPS} --tolerance 1e-2 --out net.safetensors",
        f"holdfast explain net.safetensors --page {folder / 'constructed.html'}",
        f"holdfast lab --save {folder / 'lab.html'}",
    )
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        for command in commands:
            code, said = shown.printed(command)
            if code:
                raise RuntimeError(f"{command} ends with exit code {code}: {said}")
    lab_pictures.take(folder / "lab.html", folder / "lab")
