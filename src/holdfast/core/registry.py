"""The folder is the registry: one file is one cell, task or verb, and its name is the file's name.

``Folder`` finds files without importing them (so ``holdfast list`` answers at once) and imports one on demand.
Besides the package's own folder it looks into the folders that the environment variable ``HOLDFAST_PLUGINS``
names (separated as in PATH), each with sub-folders of the same names: ``$HOLDFAST_PLUGINS/cells/mine.py``; among the
entry points of installed distributions (``entry_points.py``); and among what this process has registered
(``registered.py``).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from holdfast.core import registered
from holdfast.core.entry_points import Entry, entries
from holdfast.core.errors import BadFile, BadValue, Problem, UnknownName

Thing = TypeVar("Thing")

PLUGINS = "HOLDFAST_PLUGINS"
NAME = re.compile(r"[a-z][a-z0-9_-]*")
"""What a file is called, without its ending, that is found."""
LONGEST = 100
"""Characters of a name for which a file is looked up."""
_ADDED: ContextVar[tuple[tuple[str, Path], ...]] = ContextVar("added plug-ins", default=())
"""Single files that are plug-ins for a while: the name of their kind's folder, and the file."""


@contextmanager
def added(folder: str, file: Path) -> Generator[None]:
    """While this lasts, ``file`` is a plug-in as if it lay in ``$HOLDFAST_PLUGINS/folder``, before all others there."""
    token = _ADDED.set((*_ADDED.get(), (folder, file)))
    try:
        yield
    finally:
        _ADDED.reset(token)


@dataclass(frozen=True)
class Folder:
    """One kind of thing, each in its own file: ``Folder("cell", "holdfast.cells", Path(...))``."""

    kind: str
    package: str
    path: Path

    def files(self) -> dict[str, Path]:
        """Every name with its file, in alphabetical order; a plug-in may not hide a file of ours."""
        ours, *others = [sorted(folder.glob("[a-z]*.py")) for folder in self._folders()]
        single = [file for folder, file in _ADDED.get() if folder == self.path.name]
        found: dict[str, Path] = {}
        for file in (*ours, *single, *(file for files in others for file in files)):
            found.setdefault(file.stem, file)
        for name, entry in entries(self.path.name).items():
            found.setdefault(name, entry.file)
        found |= {name: one.file for name, one in registered.in_folder(self.path.name).items()}
        return dict(sorted(found.items()))

    def register(
        self, thing: object, name: str, check: Callable[[str], object], words: Mapping[str, object] | None = None
    ) -> str:
        """Make a class, a module or an object known under ``name``, for the life of this process; ``words`` are what a
        file would define, where they are not its attributes. Another definition under the name is replaced.

        ``check`` is called with the name, and raises what is wrong with the definition. Raises ``BadValue`` for a name
        that no file may have, or that a file, a plug-in or an entry point has.
        """
        folder = self.path.name
        known = registered.in_folder(folder).get(name)
        ours = isinstance(thing, type) and thing.__module__ == f"{self.package}.{name}"
        if ours or (known is not None and known.thing is thing):
            return name
        if not NAME.fullmatch(name) or len(name) >= LONGEST:
            raise BadValue(
                f"the {self.kind} would be named {name!r}, expected small letters, digits and _, a letter first.",
                "Rename the class: LeakyUnit is registered as leaky_unit.",
            )
        entry = self._entry(name)
        if known is None and name in self.files() and not (entry and entry.thing() is thing):
            whose = "holdfast has" if self._ours(name) else f"{self.files()[name]} defines"
            raise BadValue(f"{whose} a {self.kind} named '{name}' already.", "Give it another name.")
        registered.put(folder, name, registered.registered(thing, name, words))
        try:
            check(name)
        except Problem:
            registered.put(folder, name, known)
            raise
        return name

    def plugins(self) -> dict[str, Path]:
        """The names that plug-ins bring, with their files."""
        return {name: file for name, file in self.files().items() if file.parent != self.path}

    def is_plugin(self, name: str) -> bool:
        """Whether this name is a plug-in's. Raises ``UnknownName``."""
        return self._file(name).parent != self.path

    def names(self) -> list[str]:
        return list(self.files())

    def has(self, name: str) -> bool:
        """Whether something has this name."""
        return self._ours(name) is not None or name in self.files()

    def sentence(self, name: str) -> str:
        """The first sentence of the file's docstring, read without importing it."""
        return self.docstring(name).split("\n\n")[0].replace("\n", " ")

    def docstring(self, name: str) -> str:
        """The file's docstring, read without importing it."""
        if known := self._registered(name):
            return (known.module.__doc__ or "").strip()
        return (ast.get_docstring(self._definition(name)) or "").strip()

    def stated(self, name: str, word: str) -> str:
        """The text that the file of this name gives ``word``, read without importing it; "" where it gives none."""
        if known := self._registered(name):
            value = getattr(known.module, word, "")
            return value if isinstance(value, str) else ""
        for node in self._definition(name).body:
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [word]:
                value = node.value
                return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
        return ""

    def load(self, name: str) -> ModuleType:
        """The module of this name. Raises ``UnknownName``, or ``BadFile`` where a plug-in does not import."""
        if known := self._registered(name):
            return known.module
        if entry := self._entry(name):
            return entry.load()
        file = self._file(name)
        if file.parent == self.path:
            return importlib.import_module(f"{self.package}.{name}")
        return _load_plugin(f"holdfast_plugins.{self.path.name}.{name}", file)

    def load_class(self, name: str, base: type[Thing]) -> type[Thing]:
        """The one class in the file of this name that is derived from ``base``.

        Raises as ``load`` does, and ``BadFile`` where there is none or more than one.
        """
        known, entry = self._registered(name), self._entry(name)
        thing = known.thing if known else entry.thing() if entry and entry.attribute else None
        if isinstance(thing, type) and issubclass(thing, base):
            registered.call_class(thing, name)
            return thing
        module = self.load(name)
        found = [
            thing
            for thing in vars(module).values()
            if isinstance(thing, type) and issubclass(thing, base) and thing.__module__ == module.__name__
        ]
        if len(found) != 1:
            raise BadFile(
                f"{module.__file__} holds {len(found)} {self.kind}s, expected one class derived from {base.__name__}."
            )
        if entry:
            registered.call_class(found[0], name)
        return found[0]

    def entry_name(self, kind: type) -> str:
        """The name of the entry point that names this class or its module; "" where there is none."""
        targets = ((kind.__module__, kind.__qualname__), (kind.__module__, ""))
        found = (e.name for e in entries(self.path.name).values() if (e.module, e.attribute) in targets)
        return next(found, "")

    def is_imported_by_name(self, name: str) -> bool:
        """Whether the name is an entry point's or was registered: its file alone is no plug-in."""
        return self._registered(name) is not None or self._entry(name) is not None

    def _file(self, name: str) -> Path:
        if ours := self._ours(name):
            return ours
        files = self.files()
        if name not in files:
            raise UnknownName(self.kind, name, files)
        return files[name]

    def _registered(self, name: str) -> registered.Registered | None:
        return registered.in_folder(self.path.name).get(name)

    def _entry(self, name: str) -> Entry | None:
        """The entry point of this name, unless a file has the name."""
        if self._ours(name):  # without reading what is installed
            return None
        entry = entries(self.path.name).get(name)
        return entry if entry and self.files().get(name) == entry.file else None

    def _ours(self, name: str) -> Path | None:
        """The package's own file of this name, found without listing the folders."""
        file = self.path / f"{name}.py"
        return file if NAME.fullmatch(name) and len(name) < LONGEST and file.is_file() else None

    def _definition(self, name: str) -> ast.Module | ast.ClassDef:
        """The text of what has this name, read without importing it."""
        tree, entry = _parse(self._file(name)), self._entry(name)
        return entry.definition(tree) if entry else tree

    def _folders(self) -> list[Path]:
        plugins = [Path(p) / self.path.name for p in os.environ.get(PLUGINS, "").split(os.pathsep) if p]
        return [self.path, *plugins]


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError) as error:
        raise BadFile(f"{file} is not Python: {error}.", "Correct the file, or remove it from the folder.") from error


def _load_plugin(module_name: str, file: Path) -> ModuleType:
    known = sys.modules.get(module_name)
    if known is not None and known.__file__ == str(file):
        return known
    spec = importlib.util.spec_from_file_location(module_name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        said = f"{type(error).__name__}: {error}".rstrip(". ")
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        place = f"{file}, line {lines[-1]}," if lines else str(file)
        raise BadFile(f"the plug-in {place} does not import: {said}.") from error
    return module
