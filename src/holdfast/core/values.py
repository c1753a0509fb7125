"""Conversion of field values from and to text and JSON, and to their types.

The types are int, float, str, bool, and tuples of these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, cast, get_args, get_origin

LONGEST_TEXT = 200
"""Longest name or scheme, in characters."""
SHOWN = 60
"""At most this many characters of a wrong value are shown."""
SIZES = re.compile("[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}){0,99}")
NONE = "none"
"""The text of None."""
ANY = "any"
"""The value of a length that means every length."""
WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
PLURALS = {int: "whole numbers", float: "numbers", str: "texts"}


def read(kind: Any, word: str) -> Any:
    """Parse ``word`` as this type; commas separate the parts of a tuple.

    Raises ``ValueError`` with the end of a message, to follow the name of the field.

    >>> read(float, "1e-3"), read(tuple[int, ...], "8,32")
    (0.001, (8, 32))
    """
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(read(inner, part.strip()) for part in word.split(","))
    try:
        if kind is int:
            return int(word.replace("_", ""))
        if kind is float:
            value = float(word)
            if value != value:
                raise ValueError
            return value
        if kind is bool:
            return {"true": True, "false": False}[word.lower()]
    except (ValueError, KeyError):
        raise ValueError(f"is {got(word)}, expected {WORDS[kind]}") from None
    return word


def listed(text: str) -> list[str]:
    """Split ``text`` at its commas, except those inside brackets.

    >>> listed("lstm,stack(lstm,gru)")
    ['lstm', 'stack(lstm,gru)']
    """
    found, depth = [""], 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found


def sizes(text: str) -> tuple[int, ...]:
    """Sizes of layers, as settings and files write them. Raises ``ValueError`` with a message to be put after the name
    of the setting.

    >>> sizes("32,16"), sizes("none")
    ((32, 16), ())
    """
    if text == NONE:
        return ()
    if not SIZES.fullmatch(text):
        raise ValueError(f"is {got(text)}, expected {NONE} or whole numbers from 1 separated by commas: 32 or 32,16")
    return tuple(map(int, text.split(",")))


def text(value: object) -> str:
    """The text that ``read`` parses to the same value; the parts of a range are separated by spaces.

    >>> text(1e-3), text(None), text((8, 32)), text((-1.0, 1.0))
    ('0.001', 'none', '8,32', '-1 1')
    """
    if value is None:
        return NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return short if float(short := f"{value:g}") == value else repr(value)
    if isinstance(value, tuple | list):
        parts = cast("Sequence[object]", value)
        spaced = any(isinstance(part, tuple | list | float) for part in parts)
        return (" " if spaced else ",").join(map(text, parts))
    return str(value)


def plain(value: object) -> object:
    """A value for a JSON document: tuples become lists, and other objects their text."""
    if isinstance(value, tuple | list):
        return [plain(part) for part in cast("Sequence[object]", value)]
    return value if value is None or isinstance(value, int | float) else str(value)


def taken(kind: Any, value: object) -> Any:
    """Convert ``value`` to this type: an integer to float, a list to a tuple.

    Raises ``ValueError`` with the end of a message, to follow the name of the field.

    >>> taken(float, 1), taken(tuple[float, float], [0, 1])
    (1.0, (0.0, 1.0))
    """
    try:
        return _taken(kind, value)
    except (ValueError, OverflowError):
        raise ValueError(f"is {got(value)}, expected {words(kind)}") from None


def words(kind: Any) -> str:
    """The name of this type in messages."""
    if get_origin(kind) is not tuple:
        return WORDS[kind] if kind is not str else f"text of at most {LONGEST_TEXT} characters"
    inner = get_args(kind)
    many = PLURALS.get(inner[0], "lists of texts")
    return f"a list of {many}" if inner[-1] is Ellipsis else f"{len(inner)} {many}"


def got(value: object) -> str:
    """A wrong value for a message, cut to one line."""
    shown = repr(value)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."


def _taken(kind: Any, value: object) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(value, tuple | list):
            raise ValueError
        inner, parts = get_args(kind), cast("Sequence[object]", value)
        if inner[-1] is Ellipsis:
            return tuple(_taken(inner[0], part) for part in parts)
        return tuple(_taken(one, part) for one, part in zip(inner, parts, strict=True))
    if kind not in WORDS:  # a plug-in's own type, which it checks itself
        return value
    if isinstance(value, bool):
        if kind is bool:
            return value
    elif kind is int and isinstance(value, Integral):
        return int(value)
    elif kind is float and isinstance(value, Real):
        return float(value)
    elif kind is str and isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value
    raise ValueError
