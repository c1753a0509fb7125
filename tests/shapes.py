"""The checker behind ``--shapes``: beartype, to which an int is a float where a float is asked for (PEP 484).

What builds a record is left alone: JAX rebuilds networks and batches with whatever it maps over them (shapes,
axis numbers, marks), and a record's own checks have to be met by wrong values, to refuse them in words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beartype import BeartypeConf, beartype

SOURCE = Path(__file__).parent.parent / "src"

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))


def checked(function: Any) -> Any:
    return function if getattr(function, "__name__", "") == "__init__" else _beartype(function)


def modules() -> list[str]:
    """Those that speak of shapes. Every call of a checked function takes longer, and most of the others have none."""
    speaking = [path for path in SOURCE.rglob("*.py") if "from holdfast.core.arrays import" in path.read_text()]
    return [".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") for path in speaking]
