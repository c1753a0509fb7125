"""One mutation of a file's bytes, or of a JSON document: drawn from a random stream, so that a number names a case."""

from __future__ import annotations

import copy
import json
import random
import re
from typing import Any

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 10**6, 10**9, 2**63, -(2**63), 10**30, 0.0, -0.0, 0.5, 1e-300, 1e300,
    float("nan"), float("inf"), float("-inf"), "", "x", "any", "0x1p+1023", "0x1p-1074", "1/3", "-1/3", "1/0", "1e999",
    "9" * 5000, "\ud800", "\x00\x1b[31m", "é" * 100, [], {}, [[]], [0, 1], [1, 0], [None], {"a": 1}, {"name": "recall"},
    {"task": {"name": 3}}, {"task": []}, ["any"] * 50,
)  # fmt: skip
"""What takes the place of a value: the wrong type, or one past its range."""


def of_bytes(random: random.Random, content: bytes) -> bytes:
    """Bits flipped, cut, a block filled, moved or doubled, or bytes put in."""
    data, act = bytearray(content), random.randrange(6)
    place = random.randrange(max(1, len(data)))
    size = min(random.choice((1, 2, 4, 8, 64, 512)), len(data) - place)
    if act == 0:
        for _ in range(random.choice((1, 1, 2, 8))):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif act == 1:
        del data[place:]
    elif act == 2:
        data[place : place + size] = bytes([random.choice((0, 255, 127, 128))]) * size
    elif act == 3:
        other = random.randrange(len(data))
        data[place : place + size] = data[other : other + size]
    elif act == 4:
        data[place:place] = data[place : place + size]
    else:
        data[place:place] = random.randbytes(size)
    return bytes(data)


def of_json(random: random.Random, document: Any) -> str:
    """One field raised, lowered, swapped, doubled, deleted or retyped; or the text itself changed."""
    document = copy.deepcopy(document)
    if random.random() < 0.1:
        return _of_text(random, json.dumps(document))
    parent, key = random.choice(list(_places(document)))
    value, act = parent[key], random.randrange(6)
    if act == 0:
        parent[key] = _other(random, value, up=True)
    elif act == 1:
        parent[key] = _other(random, value, up=False)
    elif act == 2:
        other, place = random.choice(list(_places(document)))
        parent[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(value)
    elif act == 3 and isinstance(parent, dict):
        text = json.dumps(document)
        twice = json.dumps(random.choice((value, _other(random, value, up=random.random() < 0.5))))
        return text.replace(f"{json.dumps(key)}:", f"{json.dumps(key)}: {twice}, {json.dumps(key)}:", 1)
    elif act == 4:
        del parent[key]
    else:
        parent[key] = copy.deepcopy(random.choice(VALUES))
    return json.dumps(document)


def of_number(random: random.Random, document: Any) -> str:
    """One or two numbers raised or lowered, a little or much: of the right type, and past what it should be."""
    document = copy.deepcopy(document)
    numbers = [(parent, key) for parent, key in _places(document) if _is_number(parent[key])]
    for parent, key in random.sample(numbers, random.choice((1, 1, 2))):
        if random.random() < 0.1:
            other, place = random.choice(numbers)
            parent[key], other[place] = other[place], parent[key]
        parent[key] = _other(random, parent[key], up=random.random() < 0.5)
    return json.dumps(document)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return bool(re.fullmatch(r"-?(0x[01][0-9a-f.]*p[+-]?[0-9]+|[0-9]+(/[0-9]+)?)", value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_text(random: random.Random, text: str) -> str:
    act = random.randrange(5)
    if act == 0:
        return text[: random.randrange(len(text))]
    if act == 1:
        deep = random.choice((70, 3000, 100_000))
        opening, closing = random.choice((("[", "]"), ('{"a":', "}")))
        return text.replace("null", opening * deep + "1" + closing * deep, 1)
    if act == 2:
        return opening_of(random, 3000)
    if act == 3:
        return text + random.choice(("}", "x", "\x00", "{}", " " * 10**6))
    return of_bytes(random, text.encode()).decode("utf-8", "replace")


def opening_of(random: random.Random, deep: int) -> str:
    """Nested lists or objects, closed or not."""
    opening, closing = random.choice((("[", "]"), ('{"a":', "}")))
    return opening * deep + "1" + closing * deep * random.randrange(2)


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every value by the object or list that holds it and its key there."""
    found, level = [], [document]
    for part in level:
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
        found += [(part, key) for key in keys]
        level += [part[key] for key in keys]
    return found or [([document], 0)]


def _other(random: random.Random, value: Any, up: bool) -> Any:
    """A little or much more, or less; of another value one from the list."""
    share = random.choice((1.01, 1.5, 2.0, 10.0, 1e6))
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + random.choice((1, 2, 10, 1000, 10**7)) * (1 if up else -1)
    if isinstance(value, float):
        return value * share if up else value / share
    if isinstance(value, str) and value.lower().startswith(("0x", "-0x")):
        number = float.fromhex(value)
        return (number * share if up else number / share).hex()
    if isinstance(value, str) and value.lstrip("-").replace("/", "").isdigit():
        return f"{value}{random.choice('0123456789')}" if up else value[:-1] or "0"
    if isinstance(value, str):
        return value + random.choice("ab0 ") if up else value[:-1]
    if isinstance(value, list):
        return [*value, *value[-1:]] if up else value[1:]
    return copy.deepcopy(random.choice(VALUES))
