"""Fields that describe themselves: default, meaning, limits and choices are given once, where the field is.

The settings of a training, the axes of tasks, and the options of optimisers, update rules and stopping rules are made
of such fields. Flags, JSON documents, the axes of grids and every message about a wrong value follow from the field.
"""

from __future__ import annotations

import shlex
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Protocol, cast

from holdfast.core import values
from holdfast.core.errors import BadFile
from holdfast.core.formats import LARGEST


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()
"""In place of a value: documents without this field are refused."""
LARGEST_INTEGER = 2**63 - 1
"""A whole number as machines have it."""


class Components(Protocol):
    """The files of a folder as values of a field; see ``core/component.py``."""

    def names(self) -> list[str]:
        """All of them."""
        ...

    def normal(self, value: object) -> object:
        """The value as the field keeps it. Raises ``Problem``, or ``ValueError`` for a value of another type."""
        ...


@dataclass(frozen=True)
class FieldMetadata:
    """What a field says of itself besides its default; ``setting`` explains each."""

    help: str
    least: float | None = None
    most: float | None = None
    positive: bool = False
    choices: tuple[str, ...] = ()
    unset: str = values.NONE
    before: Any = REQUIRED
    formerly: tuple[tuple[Any, Any], ...] = ()
    compiled: bool = True
    components: Components | None = None


def setting(
    default: Any,
    help: str,
    *,
    least: float | None = None,
    most: float | None = None,
    positive: bool = False,
    choices: tuple[str, ...] | None = None,
    unset: str = values.NONE,
    before: Any = REQUIRED,
    formerly: Mapping[Any, Any] | None = None,
    compiled: bool = True,
    components: Components | None = None,
) -> Any:
    """A field with its default, and what it means in a few words, as a flag's help has them.

    ``least`` and ``most`` are its limits, ``positive`` numbers are greater than 0, ``choices`` are all its values,
    ``components`` the folder whose files are its values. ``unset`` says what None, or an empty tuple, means.
    ``before``: what documents mean that are older than the field (without it they are refused); ``formerly``: older
    values, and those of today.
    ``compiled`` is false where no compiled program depends on the value.
    """
    meta = FieldMetadata(
        help, least, most, positive, choices or (), unset, before, tuple((formerly or {}).items()), compiled, components
    )
    return field(default=default, metadata={"setting": meta})


@dataclass(frozen=True)
class FieldInfo:
    """One field of a record, with its type: ``kind`` is int, float, str, bool or a tuple type, or ``optional`` None."""

    name: str
    default: Any
    kind: Any
    optional: bool
    meta: FieldMetadata

    @property
    def flag(self) -> str:
        """Its name on a command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def meaning(self) -> str:
        """The help text, with the names of the components if it takes one."""
        return self.meta.help + (f": {', '.join(self.meta.components.names())}" if self.meta.components else "")

    def said(self, value: object) -> str:
        """The text of a value, or the meaning of None."""
        return self.meta.unset if value is None or value == () else values.text(value)

    def read(self, word: str) -> Any:
        """Parse ``word``, without a check of the limits. Raises ``ValueError``."""
        return None if self.optional and word == values.NONE else self.renewed(values.read(self.kind, word))

    def taken(self, value: object) -> Any:
        """Convert ``value`` to the type of the field. Raises ``ValueError`` with the end of a message, to follow the
        field's name, and ``Problem`` for an unknown component."""
        if value is None and self.optional:
            return None
        if self.meta.components is not None:
            return self.meta.components.normal(value)
        return values.taken(self.kind, value)

    def mistake(self, value: object) -> str:
        """Why a value of the right type is out of its limits, to follow the field's name; empty if it is within
        them."""
        m = self.meta
        if m.choices and value is not None and value not in m.choices:
            return f"is {values.got(value)}, expected one of {', '.join(m.choices)}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        if m.positive and not 0 < value <= LARGEST:
            return f"is {value:g}, expected a positive number of at most {LARGEST:.2g}"
        if m.least is not None and not value >= m.least:
            return f"is {value}, expected at least {m.least:g}"
        if isinstance(value, float) and not value <= (most := LARGEST if m.most is None else m.most):
            return f"is {value:g}, expected at most {most:.2g}"
        if isinstance(value, int) and value > (most := LARGEST_INTEGER if m.most is None else int(m.most)):
            return f"is {values.got(value)}, expected at most {most:,}"
        return ""

    def wrong(self, value: object) -> str:
        """Why ``value`` has the wrong type or is out of its limits, to follow the field's name; empty if it is right.
        Raises ``Problem`` for an unknown component."""
        try:
            return self.mistake(self.taken(value))
        except ValueError as wrong:
            return str(wrong)

    def renewed(self, value: object) -> object:
        """The current value for one of an earlier version."""
        return next((new for was, new in self.meta.formerly if type(was) is type(value) and was == value), value)

    def as_before(self, value: object) -> object:
        """The value that earlier versions wrote for this one; ``REQUIRED`` if they had no such field."""
        if value == self.meta.before:
            return REQUIRED
        return next((was for was, new in self.meta.formerly if new == value), value)


@cache
def field_infos(record: type) -> dict[str, FieldInfo]:
    """The fields of ``record`` that were made with ``setting``, by name and in their order."""
    found: dict[str, FieldInfo] = {}
    for one in fields(record):
        if (meta := one.metadata.get("setting")) is not None:
            kind, optional = _kind(record, one.name, one.default)
            found[one.name] = FieldInfo(one.name, one.default, kind, optional, meta)
    return found


def take(record: object) -> list[str]:
    """Convert every field to its type, in place; called in ``__post_init__`` of a frozen record.

    Returns the reasons for values of a wrong type, each with the field's flag.
    """
    reasons: list[str] = []
    for name, one in field_infos(type(record)).items():
        try:
            object.__setattr__(record, name, one.taken(getattr(record, name)))
        except ValueError as why:
            reasons.append(f"{one.flag} {why}")
    return reasons


def mistakes(record: object) -> list[str]:
    """The reasons for values out of their limits, each with the field's flag. Call ``take`` first, which checks
    types."""
    whys = {one.flag: one.mistake(getattr(record, name)) for name, one in field_infos(type(record)).items()}
    return [f"{flag} {why}" for flag, why in whys.items() if why]


def plain(record: object) -> dict[str, Any]:
    """The fields as values of a JSON document."""
    return {name: values.plain(getattr(record, name)) for name in field_infos(type(record))}


def given(record: type, document: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The fields in a document of ``plain``, of this or an earlier version; ``where`` names the file.

    The record checks their values. Raises ``BadFile`` for a field that is missing or unknown.
    """
    known, found = field_infos(record), dict[str, Any]()
    for name in document:
        if name not in known:
            raise BadFile(f"{where} has the unknown field {values.got(name)}.")
    for name, one in known.items():
        if name in document:
            found[name] = one.renewed(document[name])
        elif one.meta.before is not REQUIRED:
            found[name] = one.meta.before
        else:
            raise BadFile(f"{where} lacks the field '{name}'.")
    return found


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """The differences of two documents of settings, field by field, with the axes of the task."""
    one, other = _flat(there), _flat(here)
    names = [name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]
    shown = [(name, *(values.text(document.get(name)) for document in (one, other))) for name in names]
    return ", ".join(f"{name} is {was} there, not {now}" for name, was, now in shown)


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in document.items():
        nested = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None
        found |= {name: value} if nested is None else {f"{name} {key}": inner for key, inner in nested.items()}
    return found


def flags(record: object, left_out: Iterable[str] = ()) -> str:
    """The flags of a command line for the fields that have other values than their defaults, but for those left out.

    >>> from holdfast.tasks.recall import Recall
    >>> flags(Recall(steps=30, range=(-2.0, 2.0)))
    '--steps 30 --range -2 2'
    """
    said = list[str]()
    for name, one in field_infos(type(record)).items():
        value = getattr(record, name)
        if name not in left_out and value != one.default:
            parts = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
            said.append(" ".join((one.flag, *map(_word, parts))))
    return " ".join(said)


def _word(value: object) -> str:
    """A value as one word of a shell's command line."""
    return shlex.quote(values.text(value))


def lacking(record: type, how: str) -> list[str]:
    """Why a class is no whole record of fields that describe themselves, made with ``how``."""
    if "__dataclass_params__" not in vars(record):
        return ["is no frozen dataclass: write @dataclass(frozen=True) above the class"]
    missing = sorted(getattr(record, "__abstractmethods__", ()))
    reasons = [f"lacks {', '.join(missing)}"] if missing else []
    odd = [one.name for one in fields(record) if "setting" not in one.metadata]
    return reasons + [f"has the field '{name}', which is not made with {how}" for name in odd]


def _kind(record: type, name: str, default: Any) -> tuple[Any, bool]:
    """The type that the field's annotation says, without None, and whether None is allowed."""
    owner = next(base for base in record.__mro__ if name in vars(base).get("__annotations__", {}))
    said = vars(owner)["__annotations__"][name]
    try:
        hint: Any = eval(said, vars(sys.modules[owner.__module__])) if isinstance(said, str) else said
    except (NameError, KeyError, SyntaxError, TypeError):  # of a plug-in: its default has a type too
        hint = cast("Any", type(default))
    either = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    parts: tuple[Any, ...] = typing.get_args(hint) if either else (hint,)
    return next(part for part in parts if part is not type(None)), type(None) in parts
