"""Optional packages: asked for before the work that needs them, with the extra that brings them."""

from __future__ import annotations

import importlib.util

from holdfast.core.errors import BadValue

DISTRIBUTION = "holdfast-rnn"
"""What pip knows holdfast as."""


def require(*packages: str, what: str, extra: str = "") -> None:
    """Raise ``BadValue`` where a package is not installed: ``require("pyarrow", extra="parquet", what="--parquet")``.

    Without ``extra`` it is one that holdfast itself needs. Nothing is imported, so that asking costs nothing.
    """
    missing = [package for package in packages if not installed(package)]
    if missing:
        several = len(missing) > 1
        raise BadValue(
            f"{what} needs the package{'s' if several else ''} {', '.join(missing)}, "
            f"which {'are' if several else 'is'} not installed.",
            install(extra),
        )


def installed(package: str) -> bool:
    """Whether Python would find the package. One that is imported already, or shut out, needs no search."""
    return importlib.util.find_spec(package) is not None


def install(extra: str = "") -> str:
    """How to get what an extra brings, or what every installation has."""
    return f'Install it with: pip install "{DISTRIBUTION}{f"[{extra}]" if extra else ""}"'
