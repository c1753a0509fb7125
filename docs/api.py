"""The reference: every public name with its docstring, the results of the verbs, and the help of every command.

Names come from ``holdfast.__all__``, results from the annotations of the verbs, commands from their parsers. A name in
an annotation that has no entry is a warning of the build.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import types
import typing
from collections.abc import Iterator
from unittest import mock

import pages

import holdfast
from holdfast.cli._main import VERBS
from holdfast.cli._overview import by_purpose
from holdfast.cli._parser import Parser
from holdfast.core import arrays

HEADS = {
    "verbs": "Verbs",
    "engine": "Networks",
    "models": "Your own models",
    "exchange": "Your own models",
    "training": "Tasks and training",
    "core": "Errors",
}
"""The section of a public name, by the folder of its module."""
FOUNDATION = (
    "holdfast.report.result_base.ResultBase",
    "holdfast.report.page.Page",
    "holdfast.engine.network.Linear",
    "holdfast.engine.network.Perceptron",
    "holdfast.core.results",
    "holdfast.core.task",
    "holdfast.core.scenario",
    "holdfast.core.cell",
    "holdfast.models.answers.Answers",
    "holdfast.models.steps.Steps",
    "holdfast.plugins.laws.LawResult",
)
"""Modules and classes of which results, models, cells, blocks and tasks are made."""


def files() -> dict[str, str]:
    """The pages by file name."""
    return {"python.md": python_page(), "verbs.md": verbs_page()}


def python_page() -> str:
    sections: dict[str, list[str]] = {head: [] for head in HEADS.values()}
    for name in [*_verbs(), *(name for name in holdfast.__all__ if name not in _verbs())]:
        folder = _home(name).split(".")[1]
        sections.setdefault(HEADS.get(folder, "More"), []).append(_entry(f"holdfast.{name}", getattr(holdfast, name)))
    lines = ["# Python", "", "These names are imported when they are first used: `import holdfast` costs nothing.", ""]
    for head, entries in sections.items():
        lines += [f"## {head}", "", *entries] if entries else []
    for module in holdfast.MODULES:
        lines += [f"## holdfast.{module}", "", _directive("automodule", f"holdfast.{module}")]
    lines += ["## Results", "", "What the verbs return.", ""]
    lines += [_entry(_path(cls), cls) for cls in results()]
    lines += ["## Foundations", "", "What a cell, a block or a task of your own is made of.", ""]
    lines += [_entry(path, pages.found(path)) for path in FOUNDATION]
    lines += ["## Types", "", "The other types in the signatures and fields above.", ""]
    lines += [_entry(_path(cls), cls) for cls in sorted(referenced(), key=_path)]
    lines += ["(shapes)=", "## Shapes", "", pages.prose(arrays.__doc__ or ""), ""]
    lines += [pages.table(("name", "axes"), shapes()), ""]
    return "\n".join(lines)


def verbs_page() -> str:
    """The help of every command, in the order in which people use them."""
    told = "What `holdfast help VERB` prints. [The tour](../../tour.md) shows the output of each."
    lines = ["# Commands", "", told, ""]
    for purpose, verbs in by_purpose(VERBS.names()).items():
        lines += [f"## {purpose.capitalize()}", ""]
        for verb in verbs:
            parser = Parser(verb, VERBS.sentence(verb), VERBS.load(verb).__doc__ or "")
            with mock.patch.dict("os.environ", COLUMNS="100"):
                VERBS.load(verb).configure(parser, [])
                lines += [f"### {verb}", "", "```text", parser.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def results() -> Iterator[type]:
    """The classes that the verbs return, each once."""
    found: dict[type, None] = {}
    for verb in _verbs():
        returned = with_types(getattr(holdfast, verb))["return"]
        members = typing.get_args(returned) if isinstance(returned, types.UnionType) else (returned,)
        found |= dict.fromkeys(members)
    return iter(found)


def referenced() -> set[type]:
    """The classes of holdfast in the annotations of what is documented, and in those of these classes, and so on."""
    foundation = [pages.found(path) for path in FOUNDATION]
    public = [getattr(holdfast, name) for name in holdfast.__all__]
    classes = [thing for thing in (*public, *results(), *foundation) if inspect.isclass(thing)]
    for module in filter(inspect.ismodule, foundation):
        classes += [
            thing for _, thing in inspect.getmembers(module, inspect.isclass) if thing.__module__ == module.__name__
        ]
    documented = set(classes)
    found: set[type] = set()
    waiting: list[object] = [*classes, *(thing for thing in public if inspect.isfunction(thing))]
    while waiting:
        new = {cls for cls in _annotated(waiting.pop()) if cls not in documented and cls not in found}
        found |= new
        waiting += new
    return found


def _annotated(thing: object) -> set[type]:
    """The classes of holdfast in the annotations of a function, or of the fields and public methods of a class."""
    import_types(inspect.getmodule(thing))
    functions = [thing]
    if inspect.isclass(thing):
        members = [member for name, member in vars(thing).items() if not name.startswith("_")]
        for wrapped in ("fget", "func", "__func__"):  # of a property, a cached one, a method of the class
            members = [getattr(member, wrapped, member) for member in members]
        functions += members
    found: set[type] = set()
    for one in functions:
        with contextlib.suppress(
            NameError, TypeError, AttributeError
        ):  # an extra that is not installed; no annotations
            for hint in typing.get_type_hints(one).values():
                found |= set(_classes(hint))
    return {cls for cls in found if cls.__module__.startswith("holdfast.") and not cls.__name__.startswith("_")}


def _classes(hint: object) -> Iterator[type]:
    if inspect.isclass(hint) and not typing.get_args(hint):
        yield hint
    for inner in hint if isinstance(hint, list) else typing.get_args(hint):  # a list: the arguments of a Callable
        yield from _classes(inner)


def with_types(function: types.FunctionType) -> dict[str, typing.Any]:
    """The annotations of a function, with what its module imports for type checkers only."""
    import_types(inspect.getmodule(function))
    return typing.get_type_hints(function)


def import_types(module: types.ModuleType | None) -> None:
    """Import into a module what it imports for type checkers only, so that Sphinx can evaluate its annotations."""
    if module is None or not (module.__name__ + ".").startswith("holdfast."):
        return
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                with contextlib.suppress(ImportError):  # an extra that is not installed
                    exec(ast.unparse(statement), vars(module))


def shapes() -> list[tuple[str, ...]]:
    """Every name in the vocabulary of shapes, with its axes."""
    named = {name: getattr(arrays, name) for name in arrays.__all__}
    return [(f"`{name}`", f"[{alias.dim_str.strip()}]") for name, alias in named.items() if hasattr(alias, "dim_str")]


def _verbs() -> list[str]:
    """The verbs that are functions, in the order in which people use them."""
    ordered = [verb.replace("-", "_") for some in by_purpose(VERBS.names()).values() for verb in some]
    named = ["import_model" if verb == "import" else verb for verb in ordered]
    return [verb for verb in named if verb in holdfast.__all__]


def _home(name: str) -> str:
    return holdfast._HOMES[name]


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _entry(path: str, thing: object) -> str:
    """The directive for a function, class, exception or module."""
    if inspect.ismodule(thing):
        return _directive("automodule", path)
    import_types(inspect.getmodule(thing))
    if not inspect.isclass(thing):
        return _directive("autofunction", path)
    for base in thing.__mro__:
        import_types(inspect.getmodule(base))
    return _directive("autoexception" if issubclass(thing, Exception) else "autoclass", path)


def _directive(kind: str, path: str) -> str:
    if kind == "automodule":
        import_types(importlib.import_module(path))
    return f"```{{eval-rst}}\n.. {kind}:: {path}\n```\n"
