"""One strict reader for every document that comes out of a file: JSON, typed, bounded, with one message for a mistake.

``parse_json`` reads the text: UTF-8, no key twice, no NaN or infinity, no number, nesting or size without bound.
``convert`` compares what was read with a type, a ``msgspec.Struct`` or a dataclass, and says which key holds what
instead of what. Nothing of a file is used before both have seen it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import msgspec

from holdfast.core.errors import BadFile, Problem

MOST_BYTES = 2**24
"""Of one document. A certificate of 100,000 pieces has a twentieth of it."""
DEEPEST = 64
"""Lists and objects in one another."""
MOST_DIGITS = 18
"""Of a whole number: it fits into 64 bits."""
MOST_BITS = 4096
"""Of the numerator and of the denominator of an exact rational."""
STEPS = 10**9
"""The longest row, in steps, that a document may speak of."""
SHOWN = 60
"""Characters of a wrong value that are shown."""

Read = TypeVar("Read")

RATIONAL = re.compile(r"-?[0-9]{1,1234}(/[0-9]{1,1234})?")
HEXADECIMAL = re.compile(r"-?0x[01](\.[0-9a-f]{1,13})?p[+-]?[0-9]{1,4}")

WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}
"""How JSON's types are called in messages."""


def read_json(path: Path | str, what: str, fix: str = "") -> Any:
    """The JSON document in ``path``, plain. ``what`` it should be stands in the messages.

    Raises ``BadFile`` where there is no such file, it is too large or it is no strict JSON.
    """
    return parse_json(read_bytes(path, what, fix=fix), str(path))


def read_bytes(path: Path | str, what: str, most: int = MOST_BYTES, fix: str = "") -> bytes:
    """The content of ``path``. Raises ``BadFile`` where it cannot be read or has more than ``most`` bytes."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadFile(f"there is no file {path}.", fix) from error
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.", fix) from error
    if len(content) > most:
        raise BadFile(f"{path} has more than {most:,} bytes, expected {what}.", fix)
    return content


def parse_json(text: str | bytes, where: str, *, non_finite: bool = False) -> Any:
    """The document in ``text``, plain. ``where`` names the file, and the place in it.

    ``non_finite`` allows NaN and infinities, which Python writes and JSON does not have. Raises ``BadFile``.

    >>> parse_json('{"a": [1, 2]}', "FILE")
    {'a': [1, 2]}
    """
    try:
        if len(text) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(
            decoded,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=float if non_finite else _finite,
            parse_constant=None if non_finite else _constant,
        )
        if _too_deep(value):
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        if "\\u" in decoded:  # half of a surrogate pair is no character, and cannot be printed or written
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError as error:
        _refuse(where, "it is no UTF-8 text", error)
    except RecursionError as error:
        _refuse(where, f"it is nested more than {DEEPEST} deep", error)
    except ValueError as error:
        _refuse(where, str(error), error)
    return value


def convert(value: object, kind: type[Read], where: str, problem: type[Problem] = BadFile) -> Read:
    """Convert ``value`` to a ``kind``, with a strict check of every type, range and field.

    ``kind`` is a ``msgspec.Struct``, a dataclass, or any type that msgspec knows; a ``Fraction`` is exact text,
    ``-1/3`` or ``0x1.8p-1``. ``where`` names the file. Raises ``problem`` with the key, what was got and expected.

    >>> convert([["x", 2]], list[list[str]], "FILE")
    Traceback (most recent call last):
    holdfast.core.errors.BadFile: FILE: [0][1] is 2, expected text.
    """
    try:
        if dataclasses.is_dataclass(kind) and isinstance(value, dict):
            known = {field.name for field in dataclasses.fields(kind)}
            if odd := sorted(set(cast("dict[str, object]", value)) - known):
                raise msgspec.ValidationError(f"Object contains unknown field `{odd[0]}`")
        return msgspec.convert(value, kind, strict=True, dec_hook=_other_types)
    except msgspec.ValidationError as error:
        raise problem(f"{where}: {_message(str(error), cast('object', value))}.") from error
    except (TypeError, NameError) as error:  # a fault of a plug-in's annotations
        raise problem(f"{where}: its fields have types that no document can hold: {error}.") from error


def exact(text: object) -> Fraction:
    """The number in ``text``: a rational or a hexadecimal float. Raises ``ValueError`` for other text.

    >>> exact("-1/3"), exact("0x1.8p-1")
    (Fraction(-1, 3), Fraction(3, 4))
    """
    if not isinstance(text, str):
        raise ValueError("expected exact numbers as text, such as '-1/3' or '0x1.8p-1'")
    if HEXADECIMAL.fullmatch(text):
        try:
            return Fraction(float.fromhex(text))
        except OverflowError:
            raise ValueError("expected a number that a float can hold") from None
    if not RATIONAL.fullmatch(text):
        raise ValueError(f"expected an exact number of at most {MOST_BITS} bits, such as '-1/3' or '0x1.8p-1'")
    top, _, bottom = text.partition("/")
    numerator, denominator = int(top), int(bottom or "1")
    if not denominator or max(numerator.bit_length(), denominator.bit_length()) > MOST_BITS:
        raise ValueError(f"expected numerator and denominator of at most {MOST_BITS} bits, the second not 0")
    return Fraction(numerator, denominator)


def shown(value: object) -> str:
    """A wrong value for a message, cut to one line."""
    if isinstance(value, dict | list) and (count := len(cast("list[object]", value))) > 8:
        return f"{WORDS['object' if isinstance(value, dict) else 'array']} of {count}"
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _refuse(where: str, why: str, error: Exception) -> NoReturn:
    raise BadFile(
        f"{where} cannot be read as JSON: {why}.", "The file may be truncated or of another format."
    ) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twice)} occurs twice in one object")
    return found


def _integer(digits: str) -> int:
    count = len(digits.removeprefix("-"))
    if count > MOST_DIGITS:
        raise ValueError(f"a whole number of {count} digits, expected at most {MOST_DIGITS}")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:SHOWN]} is too large for a number")
    return value


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _too_deep(value: object) -> bool:
    depth, level = 0, _inner([value])
    while level:
        depth += 1
        if depth > DEEPEST:
            return True
        level = _inner([part for parts in level for part in parts])
    return False


def _inner(parts: list[object]) -> list[list[object]]:
    """The contents of the objects and arrays among these values."""
    arrays = [cast("list[object]", part) for part in parts if isinstance(part, list)]
    return arrays + [list(cast("dict[str, object]", part).values()) for part in parts if isinstance(part, dict)]


def _other_types(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return exact(value)
    raise NotImplementedError(f"documents hold no {kind}")


def _message(message: str, document: object) -> str:
    """The message of msgspec in holdfast's words, with the value at the key that it names."""
    why, _, place = message.partition(" - at `")
    path = place.rstrip("`").replace("key in ", "").removeprefix("$").removeprefix(".")
    here = path or "the document"
    if found := re.match(r"Object contains unknown field `(.*)`", why, re.DOTALL):
        return f"{here} has the field {shown(found[1])}, which is not known"
    if found := re.match(r"Object missing required field `(.*)`", why):
        return f"{here} lacks the field '{found[1]}'"
    known, value = _at(path, document)
    got = f" is {shown(value)}" if known else ""
    if why.startswith("Invalid enum value"):
        return f"{here}{got or ' is a word'}, which is not known"
    if found := re.match(r"Expected (`[^`]*`)(.*?)(, got .*)?$", why, re.DOTALL):
        types = " or ".join(WORDS.get(word, word) for word in found[1].strip("`").split(" | "))
        return f"{here}{got}, expected {types}{found[2].replace('of length', 'with a length')}"
    return f"{here}{got}, {why[:1].lower()}{why[1:]}"


def _at(path: str, document: Any) -> tuple[bool, Any]:
    """Whether there is a value at a path such as ``claim.axes[0]``, and the value."""
    value = document
    for key, index in re.findall(r"([^.\[\]]+)(?!\])|\[(\d+|\.\.\.)\]", path):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            return False, None
    return True, value
