"""What this process has registered: a class, a module or an object, known by name as if it were a file of a folder.

What a class is called, where it is no file of the package, is kept here too: ``class_name``. A name that is registered
again stands for the new definition; results that were kept for the old one are forgotten (``forgotten_on_change``).
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from holdfast.core.errors import BadValue

MAIN = "__main__"
OURS = ("holdfast.", "holdfast_plugins.")
"""Packages in which the name of a file is the name of what it defines."""


@dataclass(frozen=True)
class Registered:
    """``thing`` as it was given; ``module`` has what a file would define; ``file`` is where it is written, and
    ``source`` its text, empty where Python does not know it."""

    thing: object
    module: ModuleType
    file: Path
    source: str


Reference = tuple[str, str, str, str]
"""The folder and the name of a registered class, its module, and its qualified name there."""


class Cached(Protocol):
    """A function with a cache, as ``functools`` makes it."""

    def cache_clear(self) -> None: ...


Function = TypeVar("Function", bound=Cached)

_found: dict[str, dict[str, Registered]] = {}
_names: WeakKeyDictionary[type, str] = WeakKeyDictionary()
_caches: list[Cached] = []


def in_folder(folder: str) -> Mapping[str, Registered]:
    """What is registered for a folder, by name."""
    return _found.get(folder, {})


def put(folder: str, name: str, entry: Registered | None) -> None:
    """Make ``entry`` known under ``name``; None removes it. Results that were kept for an earlier entry are
    forgotten."""
    known = _found.setdefault(folder, {})
    replaced = known.pop(name, None) is not None
    if entry is not None:
        known[name] = entry
        if isinstance(entry.thing, type):
            call_class(entry.thing, name)
    if replaced:
        forget()


def forgotten_on_change(function: Function) -> Function:
    """A decorator of a function with a cache whose results depend on names: the cache is emptied where a name gets
    another definition."""
    _caches.append(function)
    return function


def forget() -> None:
    """Empty every cache whose results depend on names, and JAX's compiled programs."""
    for function in _caches:
        function.cache_clear()
    if (jax := sys.modules.get("jax")) is not None:
        jax.clear_caches()


def call_class(kind: type, name: str) -> None:
    """Let ``name`` be what the class is called."""
    _names[kind] = name


def is_named(kind: type) -> bool:
    """Whether the class has a name: it was registered, or found by a name."""
    return kind in _names or kind.__module__.startswith(OURS)


def class_name(kind: type) -> str:
    """What a class is called: the name that it was registered or found with, the name of its file in the package, or
    its own name as a file would have it.

    >>> class_name(type("LeakyUnit", (), {"__module__": "__main__"}))
    'leaky_unit'
    """
    if kind in _names:
        return _names[kind]
    if kind.__module__.startswith(OURS):
        return kind.__module__.rsplit(".", 1)[-1]
    return snake_case(kind.__name__)


def snake_case(name: str) -> str:
    """``LeakyUnit`` as ``leaky_unit``, ``MyLSTM`` as ``my_lstm``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def registered(thing: object, name: str, words: Mapping[str, object] | None = None) -> Registered:
    """The entry of a class, a module, or of an object that stands for ``words``."""
    module = thing if isinstance(thing, ModuleType) else as_module(thing, name, words)
    return Registered(thing, module, _file(thing), _source(thing))


def as_module(thing: object, name: str, words: Mapping[str, object] | None = None) -> ModuleType:
    """A module that defines what a class or an object has as attributes, or ``words``."""
    own = {word: getattr(thing, word) for word in dir(thing) if not word.startswith("__")} if words is None else words
    doc = inspect.getdoc(thing) if isinstance(thing, type) else own.get("title")
    module = ModuleType(name, str(doc or ""))
    vars(module).update(own, __file__=f"class {thing.__qualname__}" if isinstance(thing, type) else name)
    return module


def definitions(settings: Mapping[str, Any]) -> dict[str, str]:
    """The source text of everything registered that ``settings``, a plain document, names: ``{"cells/leaky": "class
    ..."}``. Of what has none, the text is empty."""
    found = ((folder, name, in_folder(folder).get(name)) for folder, name in named(settings))
    return {f"{folder}/{name}": entry.source for folder, name, entry in found if entry}


def references(settings: Mapping[str, Any]) -> list[Reference]:
    """Where another process finds everything registered that ``settings``, a plain document, names.

    Raises ``BadValue`` for what another process cannot import.
    """
    return [_reference(folder, name) for folder, name in named(settings) if name in in_folder(folder)]


def restore(found: Iterable[Reference]) -> None:
    """Register, in another process, what ``references`` has found."""
    for folder, name, module, qualified in found:
        try:
            thing: object = importlib.import_module(module)
            for part in qualified.split(".") if qualified else ():
                thing = getattr(thing, part)
        except (ImportError, AttributeError) as error:
            raise _not_importable(name) from error
        if name not in in_folder(folder):
            put(folder, name, registered(thing, name))


def named(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The folder and the name of everything that a document of settings names."""
    text = {field: str(settings.get(field, "")) for field in ("cell", "block", "optimiser", "update", "stop")}
    words = re.findall(r"[a-z][a-z0-9_-]*", f"{text['block']} {text['cell']}")
    parts = [(folder, word) for word in dict.fromkeys(words) for folder in ("cells", "blocks")]
    kinds = {"optimiser": "optimisers", "update": "rules", "stop": "stops"}
    parts += [(folder, text[field].partition("+")[0]) for field, folder in kinds.items()]
    task: Mapping[str, object] = settings.get("task") or {}
    return [*parts, ("tasks", str(task.get("name", "")))]


def _reference(folder: str, name: str) -> Reference:
    thing = in_folder(folder)[name].thing
    module = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", "")
    qualified = "" if isinstance(thing, ModuleType) else getattr(thing, "__qualname__", "")
    owner = sys.modules.get(module)
    found: object = owner
    for part in qualified.split(".") if qualified else ():
        found = getattr(found, part, None)
    importable = owner is not None and (module != MAIN or getattr(owner, "__file__", None) is not None)
    if not importable or found is not thing:
        raise _not_importable(name)
    return folder, name, module, qualified


def _not_importable(name: str) -> BadValue:
    return BadValue(
        f"'{name}' was defined in this session, and other processes, which train it, cannot import it.",
        "Define it at the top level of a module, or put it into a folder that HOLDFAST_PLUGINS names.",
    )


def _file(thing: object) -> Path:
    """The file in which a thing is written; of a class of a session, that of its first function."""
    if isinstance(thing, type):
        for value in vars(thing).values():
            if inspect.isfunction(value):
                return Path(value.__code__.co_filename)
    try:
        return Path(inspect.getfile(thing))  # pyright: ignore[reportArgumentType] -- raises TypeError
    except (TypeError, OSError):
        return Path(f"<{getattr(thing, '__name__', type(thing).__name__)}>")


def _source(thing: object) -> str:
    try:
        return inspect.getsource(thing)  # pyright: ignore[reportArgumentType] -- raises TypeError
    except (TypeError, OSError):
        return ""
