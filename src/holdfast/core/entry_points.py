"""The entry points of installed distributions, read without importing the distributions.

[project.entry-points."holdfast.cells"]
leaky = "their_package.leaky"            # a module, as a file of the folder
leaky = "their_package.cells:Leaky"      # a class
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from holdfast.core import registered
from holdfast.core.errors import BadFile

PREFIX = "holdfast."
FOLDERS = ("cells", "blocks", "tasks", "constructions", "diagnostics", "optimisers", "rules", "stops")
"""The folders to which distributions may add; for the others nothing is looked up."""


@dataclass(frozen=True)
class Entry:
    """One entry point: ``attribute`` of ``module``, or the module itself where it is empty."""

    folder: str
    name: str
    module: str
    attribute: str

    @property
    def words(self) -> str:
        """What messages call it."""
        target = self.module + (f":{self.attribute}" if self.attribute else "")
        return f"the entry point '{self.name}' of {PREFIX}{self.folder}, {target},"

    @property
    def file(self) -> Path:
        """The file of its module, found without importing its package; a path that does not exist where there is
        none."""
        return _file_of(self.module) or Path(f"<{self.module}>")

    def load(self) -> ModuleType:
        """What it names, as a module. Raises ``BadFile`` where that cannot be imported."""
        return _loaded(self)

    def thing(self) -> object:
        """What it names. Raises ``BadFile`` where that cannot be imported."""
        try:
            found: object = importlib.import_module(self.module)
            for part in self.attribute.split(".") if self.attribute else ():
                found = getattr(found, part)
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}".rstrip(". ")
            raise BadFile(
                f"{self.words} does not import: {said}.", "Correct its distribution, or uninstall it."
            ) from error
        return found

    def definition(self, tree: ast.Module) -> ast.Module | ast.ClassDef:
        """Where its names are in the text of its file: the module, or the class."""
        body: ast.Module | ast.ClassDef = tree
        for part in self.attribute.split(".") if self.attribute else ():
            inner = next((one for one in body.body if isinstance(one, ast.ClassDef) and one.name == part), None)
            if inner is None:
                return ast.Module([], [])
            body = inner
        return body


def entries(folder: str) -> dict[str, Entry]:
    """The entry points of a folder, by name."""
    return _all().get(folder, {}) if folder in FOLDERS else {}


@cache
def _all() -> dict[str, dict[str, Entry]]:
    if not _some_are_installed():
        return {}
    from importlib.metadata import entry_points

    installed, found = entry_points(), dict[str, dict[str, Entry]]()
    for folder in FOLDERS:
        for one in installed.select(group=f"{PREFIX}{folder}"):
            module, _, attribute = one.value.partition(":")
            found.setdefault(folder, {})[one.name] = Entry(folder, one.name, module.strip(), attribute.strip())
    return found


def _some_are_installed() -> bool:
    """Whether any distribution has entry points for us. The files are read directly: to import ``importlib.metadata``
    takes a fifth of the time of ``holdfast list``."""
    for folder in sys.path:
        for file in Path(folder or ".").glob("*-info/entry_points.txt"):
            with contextlib.suppress(OSError):
                if b"[" + PREFIX.encode() in file.read_bytes():
                    return True
    return False


@cache
def _loaded(entry: Entry) -> ModuleType:
    thing = entry.thing()
    if isinstance(thing, type):
        registered.call_class(thing, entry.name)
    return thing if isinstance(thing, ModuleType) else registered.as_module(thing, entry.name)


@cache
def _file_of(module: str) -> Path | None:
    """The file of a module, found without importing the packages around it."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
        name = first
        for part in rest:
            name = f"{name}.{part}"
            spec = spec and PathFinder.find_spec(name, list(spec.submodule_search_locations or ()))
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None
