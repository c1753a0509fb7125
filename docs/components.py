"""The table of the front page: everything in the registry by kind, with links."""

from __future__ import annotations

import pages

from holdfast.studies.folders import KINDS

PAGES = {
    "cells": "_generated/cells/{}.md",
    "blocks": "blocks.md",
    "tasks": "_generated/tasks/{}.md",
    "constructions": "weights.md#construct",
    "diagnostics": "_generated/diagnostics.md#{}",
    "studies": "_generated/studies/{}.md",
    "optimisers": "training.md#settings",
    "rules": "training.md#settings",
    "stops": "training.md#settings",
}
NAMES = {"rules": "update rules", "stops": "stopping rules"}


def table() -> str:
    rows = []
    for kind, folder in KINDS.items():
        links = [f"[`{name}`]({PAGES[kind].format(name)})" for name in folder.names()]
        rows.append((f"{len(links)} {NAMES.get(kind, kind)}", ", ".join(links)))
    return pages.table(("", ""), rows) + "\n"
