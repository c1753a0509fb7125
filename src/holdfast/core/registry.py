"""The folder is the registry: one file is one cell, task or verb, and its name is the file's name.

``Folder`` finds files without importing them (so ``holdfast list`` answers at once) and imports one on demand.
Besides the package's own folder it looks into the folders that the environment variable ``HOLDFAST_PLUGINS``
names (separated as in PATH), each with sub-folders of the same names: ``$HOLDFAST_PLUGINS/cells/mine.py``.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from holdfast.core.errors import BadFile, UnknownName

PLUGINS = "HOLDFAST_PLUGINS"


@dataclass(frozen=True)
class Folder:
    """One kind of thing, each in its own file: ``Folder("cell", "holdfast.cells", Path(...))``."""

    kind: str
    package: str
    path: Path

    def files(self) -> dict[str, Path]:
        """Every name with its file, in alphabetical order; a plug-in may not hide a file of ours."""
        found: dict[str, Path] = {}
        for folder in self._folders():
            for file in sorted(folder.glob("[a-z]*.py")):
                found.setdefault(file.stem, file)
        return dict(sorted(found.items()))

    def names(self) -> list[str]:
        return list(self.files())

    def sentence(self, name: str) -> str:
        """The first sentence of the file's docstring, read without importing it."""
        docstring = ast.get_docstring(_parse(self._file(name))) or ""
        return docstring.strip().split("\n\n")[0].replace("\n", " ")

    def load(self, name: str) -> ModuleType:
        """The module of this name. Raises ``UnknownName``, or ``BadFile`` where a plug-in does not import."""
        file = self._file(name)
        if file.parent == self.path:
            return importlib.import_module(f"{self.package}.{name}")
        return _load_plugin(f"holdfast_plugins.{self.path.name}.{name}", file)

    def _file(self, name: str) -> Path:
        files = self.files()
        if name not in files:
            raise UnknownName(self.kind, name, files)
        return files[name]

    def _folders(self) -> list[Path]:
        plugins = [Path(p) / self.path.name for p in os.environ.get(PLUGINS, "").split(os.pathsep) if p]
        return [self.path, *plugins]


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise BadFile(f"{file} is not Python: {error}.", "Mend the file, or take it out of the folder.") from error


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
    except Exception as error:
        del sys.modules[module_name]
        raise BadFile(f"the plug-in {file} does not import: {type(error).__name__}: {error}.") from error
    return module
