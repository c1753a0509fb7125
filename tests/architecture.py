"""The arrows between the folders of holdfast, read from its imports: which room may know of which.

``broken_rules`` looks at one package folder and gives every breach in words, so that the same checker judges
holdfast itself and the small fake packages under ``offenders/packages``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "holdfast"
LONGEST = 400
"""Lines in a file."""

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "core": (),
    "alphabet": ("core",),
    "report": ("core",),
    "tracking": (),
    "cells": ("core",),
    "blocks": ("core",),
    "tasks": ("core",),
    "engine": ("core", "alphabet", "cells", "blocks"),
    "models": ("core", "engine"),
    "plugins": ("core", "alphabet", "cells", "blocks", "tasks", "engine", "models"),
    "testing": ("core", "cells", "tasks", "engine", "models", "plugins", "exchange"),
    "training": ("core", "cells", "blocks", "tasks", "engine", "models", "plugins", "report.result_base"),
    "construction": ("core", "cells", "tasks", "engine.network", "engine.resolve"),
    "construction.evaluation": ("core", "tasks", "engine", "plugins", "construction", "report.result_base"),
    "certification": ("core", "alphabet", "tasks", "engine", "models", "plugins", "report.result_base"),
    "explanation": ("core", "alphabet", "cells", "engine", "models", "report.result_base"),
    "exchange": ("core", "cells", "engine", "models", "report.result_base"),
    "tuning": ("core", "engine", "training", "report.result_base"),
    "comparison": ("core", "cells", "tasks", "engine", "training", "report.result_base"),
    "demonstration": ("core", "tasks", "engine", "training"),
    "studies": (
        *("core", "cells", "blocks", "tasks", "engine", "models", "plugins", "training", "comparison", "construction"),
        *("construction.evaluation", "certification", "explanation", "exchange", "demonstration", "report.result_base"),
    ),
    "laboratory": ("core", "alphabet", "cells", "engine", "report"),
    "verbs": (
        *("core", "cells", "blocks", "tasks", "engine", "models", "plugins", "training", "construction.evaluation"),
        *("certification", "explanation", "exchange", "tuning", "comparison", "studies", "laboratory", "report"),
    ),
    "cli": ("everything",),
}
"""Every room, and what it may import besides itself. Nobody has ``cli``, which may import everything. A folder inside a
room that has a line of its own is a room of its own: a line that names the outer one does not open it."""

FRONT = ("__init__.py", "__main__.py")
"""The only files outside a room; ``__main__`` may import anything."""

LIGHT = (
    "core/component.py",
    "core/entry_points.py",
    "core/errors.py",
    "core/fields.py",
    "core/registered.py",
    "core/registry.py",
    "core/files.py",
    "core/progress.py",
    "core/rates.py",
    "core/requirements.py",
    "core/results.py",
    "core/sequences.py",
    "core/text.py",
    "core/values.py",
    "training/optimisers/__init__.py",
    "training/rules/__init__.py",
    "training/settings.py",
    "training/stops/__init__.py",
)
"""With every file of ``cli``, what has to answer before JAX is imported."""

LOOP = "engine/over_time.py"
"""The only file that loops over time: what padding, cuts and kept values mean is written there once."""


def broken_rules(folder: Path) -> list[str]:
    """Every breach, one line each, with its file."""
    files = sorted(folder.rglob("*.py"))
    return [*(breach for file in files for breach in _of_file(file, folder)), *_names_with_two_meanings(files, folder)]


def arrows(folder: Path) -> dict[str, tuple[str, ...]]:
    """Which rooms each room imports, as its files have it; rooms in the order of the table."""
    found: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("*.py")):
        place = file.relative_to(folder)
        room = room_of(".".join(place.with_suffix("").parts))
        if len(place.parts) > 1:
            names = (name.removeprefix(f"{PACKAGE}.") for name in _imports(ast.parse(file.read_text(encoding="utf-8"))))
            found.setdefault(room, set()).update(known for name in names if (known := room_of(name)) != room)
    return {room: tuple(known for known in MAY_IMPORT if known in found[room]) for room in MAY_IMPORT if room in found}


def _names_with_two_meanings(files: list[Path], folder: Path) -> Iterator[str]:
    """Public classes of one name in two files. Every cell and block has a ``State`` or ``Gates`` of its own, which are
    meant."""
    known: dict[str, str] = {}
    for file in files:
        place = file.relative_to(folder).as_posix()
        names = [
            node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)
        ]
        for name in names:
            if (
                not name.startswith("_")
                and not place.startswith(("cells/", "blocks/"))
                and known.setdefault(name, place) != place
            ):
                yield f"{place} has a class {name}, as {known[name]} has"


def _of_file(file: Path, folder: Path) -> Iterator[str]:
    place = file.relative_to(folder).as_posix()
    room = room_of(place.removesuffix(".py").replace("/", "."))
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    if (lines := len(text.splitlines())) > LONGEST:
        yield f"{place} has {lines} lines, expected at most {LONGEST}"
    if file.name == "utils.py":
        yield f"{place}: a file named utils says nothing"
    if place == "__init__.py":
        for name in _at_import(tree):
            if name.split(".")[0] not in sys.stdlib_module_names:
                yield f"{place} imports {name} at import time"
    elif "/" not in place and place not in FRONT:
        yield f"{place} is in no room"
    elif "/" in place and room not in MAY_IMPORT:
        yield f"{place}: the room {room} is not in the table"
    if room == "cli" or place in LIGHT:
        for name in _at_import(tree):
            if name.split(".")[0] in ("jax", "jaxlib", "jaxtyping", "optax"):
                yield f"{place} imports {name} at module level"
    if place != LOOP and _scans(tree):
        yield f"{place} calls lax.scan, expected over_time of {LOOP}"
    for name in _imports(tree):
        if name.startswith("."):
            yield f"{place} imports {name}, expected an absolute import"
        if name.split(".")[0] in ("pickle", "cPickle", "dill", "cloudpickle"):
            yield f"{place} imports {name}"
        if name.split(".")[0] == PACKAGE and place not in FRONT and not _allowed(room, name.split(".", 1)[1:]):
            yield f"{place} imports {name}"


def _allowed(room: str, rest: list[str]) -> bool:
    """Whether this room may import ``holdfast.<rest>``; the package itself (rest empty) is for its front and cli, its
    version for everyone."""
    wanted = rest[0] if rest else ""
    inner = len(room_of(wanted))
    return (
        room == "cli"
        or rest == ["__version__"]
        or any(_lies_in(wanted, known) and len(known) >= inner for known in (room, *MAY_IMPORT.get(room, ())))
    )


def room_of(module: str) -> str:
    """The room of a module such as ``engine.network``: the innermost folder that has a line in the table."""
    rooms = [room for room in MAY_IMPORT if _lies_in(module, room)]
    return max(rooms, key=len, default=module.split(".")[0])


def _lies_in(module: str, known: str) -> bool:
    return module == known or module.startswith(known + ".")


def _imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in the file, inside functions and for type checkers too."""
    for node in ast.walk(tree):
        yield from _names(node)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.args[0].value


def _scans(tree: ast.AST) -> bool:
    """Whether the file has ``lax.scan``, under whatever name it imports ``jax.lax`` or the function itself."""
    names = {"jax.lax"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            imported = {module + alias.name: alias.asname or alias.name for alias in node.names}
            names |= {known for full, known in imported.items() if full == "jax.lax"}
            names |= {f"{known}.lax" for full, known in imported.items() if full == "jax"}
            if "jax.lax.scan" in imported:
                return True
    return any(
        isinstance(node, ast.Attribute) and node.attr == "scan" and ast.unparse(node.value) in names
        for node in ast.walk(tree)
    )


def _at_import(node: ast.AST) -> Iterator[str]:
    """What is imported when the file is: not inside functions, not for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        yield from _names(child)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not typing_only and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _at_import(child)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        if node.level:
            yield "." * node.level + (node.module or "")
        elif node.module == PACKAGE:  # from holdfast import cells: a room, or a public name of the front
            yield from (f"{PACKAGE}.{alias.name}" for alias in node.names)
        else:
            module = node.module or ""
            yield module
            inside = (f"{module}.{alias.name}" for alias in node.names)  # from holdfast.construction import evaluation
            yield from (name for name in inside if name.removeprefix(f"{PACKAGE}.") in MAY_IMPORT)
