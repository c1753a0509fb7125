"""Report the engine that runs on this machine (compiled library or XLA loop), the reason, and all versions.

The library is compiled when holdfast is installed, if there is a C++ compiler. Without it everything works, but more
slowly. Environment variables: HOLDFAST_ENGINE (auto, native or loop), HOLDFAST_INSTRUCTIONS (baseline, avx2, avx512 or
neon; default: the fastest that this machine supports), HOLDFAST_THREADS (default: all cores).

examples:
  holdfast doctor
  holdfast doctor --json
  HOLDFAST_ENGINE=native holdfast doctor

exit code: 0 if the requested engine works, 1 if not.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json
from holdfast.cli._output import print_json
from holdfast.cli._parser import Parser

if TYPE_CHECKING:
    from holdfast.engine.native.library import Status

STALE = "its code changed after the library was compiled (in a checkout: make native)"
PACKAGES = ("holdfast", "jax", "jaxlib", "numpy")


def configure(parser: Parser, words: list[str]) -> None:
    add_json(parser)


def run(args: Namespace) -> int:
    from holdfast.core.results import Table, Text
    from holdfast.engine.native import environment, library
    from holdfast.report.terminal import draw

    library.refuse_bad_environment()
    asked = environment.engine()
    found = library.status() if asked == "loop" else library.ready()
    used = "native" if found.available and asked != "loop" else "loop"
    wrong = _disagreement() if used == "native" else ""
    works = not wrong and (asked != "native" or found.available)
    document = {
        "engine": {"asked": asked, "used": used, "why": _why(asked, found, wrong), "works": works},
        "library": _library(found),
        "versions": _versions(),
        "caches": _caches(),
        "plugins": _plugins(),
    }
    if args.json:
        print_json(document)
    else:
        advice = [] if found.available and not wrong else [Text(library.REPAIR)]
        draw([Table(("what", "found"), _rows(document)), *advice])
    return Exit.YES if works else Exit.NO


def _disagreement() -> str:
    """The error of the library in a small test computation, as a clause; empty if there is none."""
    from holdfast.engine.native.trial import disagreement

    return disagreement()


def _why(asked: str, found: Status, wrong: str) -> str:
    wish = "" if asked == "auto" else f"HOLDFAST_ENGINE is {asked}"
    if asked == "loop":
        return wish
    if wrong or not found.available:
        return f"{wish}, but {wrong or found.reason}" if wish else wrong or found.reason
    return wish or "the compiled library is installed and passes its test"


def _library(found: Status) -> dict[str, Any]:
    return {
        "available": found.available,
        "reason": found.reason,
        "path": None if found.path is None else str(found.path),
        "instructions": found.instructions,
        "instructions_built": found.instructions_built,
        "instructions_supported": found.instructions_supported,
        "threads": found.threads,
        "cells": dict(found.cells),
        "cells_over_all_steps": {**found.gated, **found.scanned},
        "compiler": found.compiler,
        "ffi": found.ffi,
        "cells_left_to_the_loop": _left_to_the_loop() if found.available else {},
    }


def _left_to_the_loop() -> dict[str, str]:
    """The cells of the package that the library cannot run, with the reason."""
    from holdfast import cells
    from holdfast.engine.engines import Request, native
    from holdfast.engine.native.program import record
    from holdfast.engine.native.suitable import digest_of

    made = {name: cells.get(name) for name in cells.FOLDER.files() if not cells.FOLDER.is_plugin(name)}
    left = {name: cell for name, cell in made.items() if native.unsuitable(Request(cell))}
    return {name: digest_of(cell, record)[1] or STALE for name, cell in left.items()}


def _plugins() -> dict[str, str]:
    """Every plug-in file with its fault; an empty text if it has none."""
    import os

    from holdfast.core.registry import PLUGINS

    if not os.environ.get(PLUGINS):
        return {}
    from holdfast.studies.check_plugin import faults

    return faults()


def _by_reason(left: dict[str, str]) -> list[str]:
    """One line for each reason, with its cells."""
    return [f"{', '.join(n for n, w in left.items() if w == why)}: {why}" for why in dict.fromkeys(left.values())]


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import holdfast

    def installed(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    return {package: installed(package) for package in PACKAGES} | {
        "holdfast": holdfast.__version__,  # of the running code, which may be a checkout
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _caches() -> str:
    from holdfast.core.cache import folder

    return str(folder())


def _rows(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    engine, library = document["engine"], document["library"]
    rows = [("engine", f"{engine['used']}: {engine['why']}"), ("library", library["path"] or "none")]
    if library["instructions_built"]:
        rows.append(("instructions", _instructions(library)))
    if library["available"]:
        rows += [
            ("threads", str(library["threads"])),
            ("cells", ", ".join(library["cells"]) or "none"),
            *(("over all steps", ", ".join(sorted(over))) for over in [library["cells_over_all_steps"]] if over),
            *(("run by the loop", line) for line in _by_reason(library["cells_left_to_the_loop"])),
            ("built with", f"{library['compiler']}, XLA FFI {'.'.join(map(str, library['ffi']))}"),
        ]
    rows += [(package, version) for package, version in document["versions"].items()]
    rows += [("caches", document["caches"])]
    return (*rows, *((f"plug-in {file}", wrong or "imports") for file, wrong in document["plugins"].items()))


def _instructions(library: dict[str, Any]) -> str:
    built, supported = library["instructions_built"], library["instructions_supported"]
    chosen = library["instructions"] or "none"
    return f"{chosen} (built: {', '.join(built)}; supported: {', '.join(supported) or 'none'})"
