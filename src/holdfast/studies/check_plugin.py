"""One plug-in file, judged by every law of its kind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from holdfast import blocks, cells, exchange, tasks
from holdfast.construction import backends, constructions
from holdfast.construction.evaluation import laws as construction_laws
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.files import refuse_absent
from holdfast.core.registered import forget
from holdfast.core.registry import NAME, Folder, added
from holdfast.core.results import Part, Table, Text
from holdfast.engine.resolve import resolve
from holdfast.exchange import adapters
from holdfast.explanation import diagnostics
from holdfast.plugins import cells as cell_laws
from holdfast.plugins import tasks as task_laws
from holdfast.plugins.laws import LawResult, expect, judged
from holdfast.plugins.rows import MANY
from holdfast.studies import questions
from holdfast.studies.describe import COMPONENTS

HERE = Path(__file__).parent.parent
VERBS = Folder("verb", "holdfast.cli", HERE / "cli")
FOLDERS = {
    folder.kind: folder
    for folder in (
        *(cells.FOLDER, blocks.FOLDER, tasks.FOLDER, constructions.FOLDER, diagnostics.FOLDER, questions.FOLDER),
        *(exchange.FOLDER, adapters.FOLDER, backends.FOLDER, VERBS, *(kind.folder for kind in COMPONENTS)),
    )
}
"""Every kind of plug-in, by what it is called in messages."""
INSIDE = ("lstm", "mlstm")
"""The cells around which a block is judged: one with vectors and one with heads."""
NAMES: dict[str, tuple[str, ...]] = {
    "adapter": adapters.WORDS,
    "diagnostic": ("level", "formula", "source", "caveat", "measure"),
    "study": ("grids", "verdicts"),
    "format": exchange.WORDS,
    "backend": ("realise",),
    "verb": ("configure", "run"),
}
"""What a file has of which no more is asked here than that it is there."""
FUNCTIONS = (
    "measure",
    "grids",
    "verdicts",
    "write",
    "read",
    "runner",
    "realise",
    "configure",
    "run",
    "accepts",
    "model",
)


@dataclass(frozen=True)
class Report:
    """Every law that was applied to ``file``, with its verdict."""

    file: str
    kind: str
    name: str
    checks: tuple[LawResult, ...]

    @property
    def passes(self) -> bool:
        return not any(check.fails for check in self.checks)

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.file,
            "kind": self.kind,
            "name": self.name,
            "passes": self.passes,
            "checks": [check.as_json() for check in self.checks],
        }

    def parts(self) -> list[Part]:
        rows = tuple((check.check, check.verdict, check.found) for check in self.checks)
        failed = sum(check.fails for check in self.checks)
        words = "every check passes" if self.passes else f"{failed} of {len(self.checks)} checks fail"
        return [
            Table(("check", "verdict", "found"), rows, f"the {self.kind} '{self.name}'"),
            Text(f"{self.file}: {words}."),
        ]


def check_plugin(file: Path, kind: str | None = None, *, seed: int = 0, many: int = MANY) -> Report:
    """Apply every law of its kind to a file, which need not lie in ``HOLDFAST_PLUGINS``.

    ``kind`` is one of ``FOLDERS``; without it the folder that the file lies in says it. A task is met with ``many``
    rows of each split. Raises ``BadFile`` where the file is no plug-in or does not import, ``BadValue`` where its kind
    is unknown.
    """
    refuse_absent(file)
    file, folder = file.absolute(), FOLDERS[_kind(file, kind)]
    if not file.is_file() or file.suffix != ".py":
        raise BadFile(f"{file} is not a Python file.", "Give the file of one cell, task, construction, ...: mine.py.")
    if not NAME.fullmatch(file.stem):
        raise BadFile(f"{file} is not found: the name of a plug-in starts with a lower-case letter.", "Rename it.")
    with added(folder.path.name, file):
        if not folder.is_plugin(file.stem):
            raise BadFile(f"the package already has a {folder.kind} '{file.stem}'.", "Rename the file.")
        _forget(folder, file)
        try:
            module = folder.load(file.stem)
            return Report(str(file), folder.kind, file.stem, tuple(_checked(folder, file, module, seed, many)))
        finally:
            _forget(folder, file)


def faults() -> dict[str, str]:
    """Every plug-in that is found, by its file, with why it does not import or what it lacks; empty where nothing."""
    found = {}
    for folder in FOLDERS.values():
        for name, file in folder.plugins().items():
            try:
                definition = _definition(folder, file, folder.load(name))
                found[str(file)] = definition.found if definition.fails else ""
            except BadFile as problem:
                found[str(file)] = problem.message
    return found


def _forget(folder: Folder, file: Path) -> None:
    """The file is read as it is now. Modules, cells, tasks, diagnostics and what was compiled are kept by name, and
    another file may have had this one."""
    sys.modules.pop(f"holdfast_plugins.{folder.path.name}.{file.stem}", None)
    forget()


def _kind(file: Path, kind: str | None) -> str:
    if kind is not None:
        if kind not in FOLDERS:
            raise BadValue(f"--kind is '{kind}', expected one of {', '.join(FOLDERS)}.")
        return kind
    for name, folder in FOLDERS.items():
        if folder.path.name == file.parent.name:
            return name
    raise BadValue(
        f"the folder of {file} does not give its kind.",
        f"Put it into a folder {', '.join(folder.path.name for folder in FOLDERS.values())}, or give --kind.",
    )


def _checked(folder: Folder, file: Path, module: ModuleType, seed: int, many: int) -> list[LawResult]:
    described = judged("sentence", lambda: expect(bool(folder.sentence(file.stem)), "no docstring"), str(file))
    definition = _definition(folder, file, module)
    if definition.fails:
        return [described, definition]
    if folder.kind == "task":
        laws = task_laws.check(tasks.get(file.stem), str(file), seed, many)
    elif folder.kind == "cell":
        laws = cell_laws.check(file.stem, str(file))
    elif folder.kind == "block":
        several = hasattr(module, "joined")
        wrapped = [(cell, f"{file.stem}({','.join((cell, cell) if several else (cell,))})") for cell in INSIDE]
        laws = [
            replace(one, check=f"{one.check}, {cell}") for cell, n in wrapped for one in cell_laws.check(n, str(file))
        ]
    elif folder.kind == "construction":
        laws = construction_laws.check(file.stem, str(file), seed)
    else:
        laws = []
    return [described, definition, *laws]


def _definition(folder: Folder, file: Path, module: ModuleType) -> LawResult:
    """Whether the file has what a file of its kind has."""
    wholes: dict[str, Callable[[str], object]] = {
        "task": tasks.get,
        "cell": cells.get,
        "block": lambda name: resolve(blocks.example(name)),
        "construction": construction_laws.program_of,
        **{kind.folder.kind: kind.get for kind in COMPONENTS},
    }
    if folder.kind not in wholes:
        return judged("definition", lambda: _has_names(folder, module), str(file))

    def whole() -> None:
        wholes[folder.kind](file.stem)

    return judged("definition", whole, str(file))


def _has_names(folder: Folder, module: ModuleType) -> str:
    missing = [name for name in NAMES[folder.kind] if not hasattr(module, name)]
    expect(not missing, f"the file lacks {', '.join(missing)}")
    for name in set(NAMES[folder.kind]) & set(FUNCTIONS):
        expect(callable(getattr(module, name)), f"'{name}' is no function")
    return f"has {', '.join(NAMES[folder.kind])}"
