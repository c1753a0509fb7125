"""Arguments of the verbs: keywords divided among records by the names of their fields, and checks of single values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from holdfast.core import values
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.fields import LARGEST_INTEGER, FieldInfo, field_infos

AUTO = "auto"
"""As a path to write to: the path that the command chooses where none is given."""
PathLike = str | Path


def divided(
    verb: str,
    named: Mapping[str, object],
    *records: Mapping[str, FieldInfo],
    own: Iterable[str] = (),
    any_length: str = "",
) -> tuple[dict[str, Any], ...]:
    """The keywords ``named`` of a verb, divided among ``records``, each the fields of a class by name.

    ``own`` are further arguments of the verb, for the message about an unknown name. The field ``any_length`` may be
    the word "any". Raises ``UnknownName`` for a keyword that is no field, ``BadValue`` for a value of another type.
    """
    parts: tuple[dict[str, Any], ...] = tuple({} for _ in records)
    for name, value in named.items():
        for part, fields in zip(parts, records, strict=True):
            if name in fields:
                whole = value == values.ANY if name == any_length else False
                part[name] = value if whole else taken(fields[name], value)
                break
        else:
            known = [*own, *(name for fields in records for name in fields)]
            raise UnknownName(f"argument of holdfast.{verb}", name, known)
    return parts


def taken(field: FieldInfo, value: object) -> Any:
    """The value, converted to the type of a field; a cell or block given as an object becomes its name. Raises
    ``BadValue`` as a flag does."""
    try:
        return field.taken(named(field.name, value))
    except ValueError as why:
        raise BadValue(f"{field.flag} {why}.") from None


def named(field: str, value: object) -> object:
    """The name of a cell or block that is given as an object; any other value as it is."""
    if isinstance(value, str) or field not in ("cell", "block"):
        return value
    from holdfast import blocks, cells

    if field == "cell":
        return cells.named(value) if isinstance(value, cells.Definition) else value
    return blocks.named(value) if isinstance(value, blocks.Definition) else value


def axes_of(kind: type) -> dict[str, FieldInfo]:
    """The axes of a task by name."""
    return field_infos(kind)


def whole(name: str, value: object, *, least: int | None = None, why: str = "", fix: str = "") -> int:
    """A whole number. Raises ``BadValue``, with the flag of this name, where it is none or less than ``least``; ``why``
    ends that message."""
    found = _of_type(name, int, value)
    if abs(found) > LARGEST_INTEGER:
        raise BadValue(f"--{name} is {values.got(found)}, expected at most {LARGEST_INTEGER:,}.")
    if least is not None and found < least:
        raise BadValue(f"--{name} is {found}, expected at least {least}{why}.", fix)
    return found


def number(name: str, value: object) -> float:
    """A number. Raises ``BadValue``, with the flag of this name, where it is none."""
    return _of_type(name, float, value)


def positive(name: str, value: object, kind: type = float) -> Any:
    """A number greater than 0. Raises ``BadValue``, with the flag of this name."""
    found = _of_type(name, kind, value)
    if not found > 0:
        raise BadValue(f"--{name} is {found:g}, expected a positive number.")
    return found


def one_of(name: str, value: object, choices: tuple[str, ...]) -> Any:
    """One of these words. Raises ``BadValue``, with the flag of this name."""
    if value not in choices:
        raise BadValue(f"--{name} is {values.got(value)}, expected one of {', '.join(choices)}.")
    return value


def threads_of(value: object) -> int | None:
    """Threads to use; None is every core. Raises ``BadValue``."""
    return None if value is None else whole("threads", value, least=1, fix="Leave it out to use every core.")


def names_in(name: str, given: object) -> list[str]:
    """The words of a list of names, given as ``"a,b"`` or as a sequence. Raises ``BadValue``."""
    words = values.listed(given) if isinstance(given, str) else given
    if not isinstance(words, Iterable):
        raise BadValue(f"--{name} is {values.got(given)}, expected names separated by commas.")
    return [str(word).strip() for word in words if str(word).strip()]


def _of_type(name: str, kind: Any, value: object) -> Any:
    try:
        return values.taken(kind, value)
    except ValueError as why:
        raise BadValue(f"--{name} {why}.") from None
