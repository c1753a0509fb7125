"""Find and load the compiled library, and report what it can do or why it is not available.

A file that is missing, truncated, built for another machine or of another version raises nothing: the ``Status`` has
the reason, and another engine does the work (``engine.engines``). An error is raised only for an explicit choice that
cannot be met (``demand``, ``refuse_bad_environment``).
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from holdfast.core.errors import BadValue, Problem
from holdfast.engine import compiled, native
from holdfast.engine.native import environment

ABI = 4
"""The version of the library's binary interface. A library that reports another number is not used."""

MOST_FRESH_BYTES, MOST_SAVED_BYTES = 1 << 25, 1 << 30
"""Above this many bytes, a network of few units saves only some states for the gradient and recomputes the others. The
GNU C library returns arrays of more than 32 MiB to the system, and mapping new pages takes longer than recomputing.
The larger limit applies if memory is kept (``compiled.keep_memory``)."""

FILES = ("libholdfast_native.so", "libholdfast_native.dylib")
HANDLERS = (
    *("holdfast_forward", "holdfast_backward", "holdfast_linear", "holdfast_linear_gradient"),
    *("holdfast_gated", "holdfast_gated_gradient", "holdfast_scanned", "holdfast_scanned_gradient"),
)
"""The functions that XLA calls, by these names."""

OTHERS = ("holdfast_set_threads", "holdfast_get_threads", "holdfast_saved_numbers", "holdfast_apply")
"""The functions that Python calls."""

REPAIR = (
    "Install g++ or clang++, then install holdfast again (pip install --force-reinstall --no-deps --no-cache-dir); "
    "in a checkout 'make native' is enough. Where JAX is too old for the library: pip install --upgrade jax."
)
if os.name == "nt":
    REPAIR = "The library is not built on Windows. The Linux wheel has it, in WSL."
"""Advice in messages: how to get a library that works on this machine."""


@dataclass(frozen=True)
class Status:
    """Whether the compiled library can be used, and its properties.

    ``reason`` says why it cannot be used, as a clause, and is empty if it can. ``cells`` has the digest of every cell
    in the library, to be compared with the digest of the cell's definition; ``gated`` has those of the cells whose
    gates depend only on the input, ``scanned`` those of the cells without a linear map from step to step. ``ffi`` is
    the version of XLA's foreign-function interface that the library was built for. Unknown properties are empty.
    """

    available: bool
    reason: str = ""
    path: Path | None = None
    instructions: str = ""
    instructions_built: tuple[str, ...] = ()
    instructions_supported: tuple[str, ...] = ()
    threads: int | None = None
    cells: Mapping[str, str] = field(default_factory=dict[str, str])
    gated: Mapping[str, str] = field(default_factory=dict[str, str])
    scanned: Mapping[str, str] = field(default_factory=dict[str, str])
    compiler: str = ""
    ffi: tuple[int, ...] = ()


class UnusableLibrary(Exception):  # noqa: N818 -- a reason, not an error
    """Why this file is not a library that can be used, as a clause."""


@dataclass(frozen=True)
class Library:
    """The loaded library and its own description, which contains ``error`` if it cannot run."""

    path: Path
    functions: ctypes.CDLL
    description: Mapping[str, Any]

    def status(self) -> Status:
        told = self.description
        return Status(
            available="error" not in told,
            reason=told.get("error", ""),
            path=self.path,
            instructions=told.get("instructions", ""),
            instructions_built=tuple(told.get("built", ())),
            instructions_supported=tuple(told.get("supported", ())),
            threads=self.functions.holdfast_get_threads(),
            cells=told.get("cells", {}),
            gated=told.get("gated", {}),
            scanned=told.get("scanned", {}),
            compiler=told.get("compiler", ""),
            ffi=tuple(told.get("ffi", ())),
        )


def find() -> Path | None:
    """The file of the library, beside this module or in another folder of the package; None if there is none."""
    places = [Path(folder) / name for folder in native.__path__ for name in FILES]
    return next((path for path in places if path.is_file()), None)


def load(path: Path) -> Library:
    """Load this file and read its description. Raises ``UnusableLibrary``."""
    try:
        if _is_cut_short(path):
            raise UnusableLibrary(f"{path} is cut short")
        functions = ctypes.CDLL(str(path))
    except OSError as error:
        raise UnusableLibrary(f"{path} does not load here: {error}") from error
    try:
        abi = functions.holdfast_abi()
        if abi != ABI:
            raise UnusableLibrary(
                f"{path} is of another version of holdfast: its functions are of form {abi}, not {ABI}"
            )
        functions.holdfast_describe.restype = ctypes.c_char_p
        functions.holdfast_set_threads.argtypes = [ctypes.c_int]
        for name in (*OTHERS, *HANDLERS):
            getattr(functions, name)
        functions.holdfast_saved_numbers.argtypes = [ctypes.c_char_p, ctypes.c_int, *[ctypes.c_int64] * 6]
        functions.holdfast_saved_numbers.restype = ctypes.c_int64
        description = json.loads(functions.holdfast_describe())
    except AttributeError as error:
        raise UnusableLibrary(f"{path} is not holdfast's library: {error}") from error
    except (TypeError, ValueError) as error:
        raise UnusableLibrary(f"{path} describes itself in words that are not understood: {error}") from error
    if not isinstance(description, dict):
        raise UnusableLibrary(f"{path} describes itself in words that are not understood: {description}")
    return Library(path, functions, cast("dict[str, Any]", description))


def status() -> Status:
    """The status, without starting JAX. Never raises. ``ready`` adds what only JAX can tell."""
    try:
        environment.instructions()
        environment.threads()
    except Problem as problem:
        return Status(available=False, reason=problem.message.rstrip("."), path=find())
    found = _library()
    return Status(available=False, reason=found[1], path=found[0]) if isinstance(found, tuple) else found.status()


def ready() -> Status:
    """The status after the library, if available, has been registered with JAX. Never raises."""
    found = status()
    refused = _register() if found.available else ""
    return replace(found, available=False, reason=refused) if refused else found


def demand() -> None:
    """Raise ``BadValue`` if the library is not available."""
    if reason := ready().reason:
        raise BadValue(f"the engine 'native' cannot be used: {reason}.", REPAIR)


def refuse_bad_environment() -> None:
    """Raise ``BadValue`` if a variable is invalid, or names an instruction set that the library or machine lacks."""
    environment.engine()
    environment.threads()
    forced, found = environment.instructions(), _library()
    if forced and isinstance(found, Library) and "error" in found.description:
        s = found.status()
        there = [name for name in s.instructions_supported if name in s.instructions_built]
        why = f"expected one of {', '.join(there)}" if there else s.reason.rstrip(".")
        raise BadValue(
            f"{environment.INSTRUCTIONS} is '{forced}', which cannot run here: {why}.",
            "Leave it out to use the fastest that this machine supports.",
        )


@contextmanager
def threads(count: int) -> Generator[None]:
    """A context in which the library uses ``count`` threads (fewer if the environment sets a lower limit)."""
    found = _library()
    if not isinstance(found, Library):
        yield
        return
    before = found.functions.holdfast_get_threads()
    set_threads(min(count, environment.threads() or count))
    try:
        yield
    finally:
        found.functions.holdfast_set_threads(before)


def set_threads(count: int) -> None:
    """Set the number of threads of the library. It has no effect if there is no library.

    Raises ``BadValue`` for a number outside 1 to ``MOST_THREADS``."""
    if not 1 <= count <= environment.MOST_THREADS:
        raise BadValue(f"the number of threads is {count}, expected from 1 to {environment.MOST_THREADS}.")
    if isinstance(found := _library(), Library):
        found.functions.holdfast_set_threads(count)


def saved_numbers(cell: str, number_size: int, sizes: Sequence[int], window: int) -> int:
    """How many numbers the forward pass saves for its gradient, at least one for every network. ``sizes`` are
    (networks, batch, steps, units); ``window`` is that of truncated backpropagation in steps, 0 for none."""
    found = _library()
    assert isinstance(found, Library)
    most = MOST_SAVED_BYTES if compiled.memory_is_kept() else MOST_FRESH_BYTES
    return max(sizes[0], found.functions.holdfast_saved_numbers(cell.encode(), number_size, *sizes, window, most))


@cache
def _library() -> Library | tuple[Path | None, str]:
    """The library, loaded at the first call; or the path that was tried and why there is none."""
    path = find()
    if path is None:
        return (
            None,
            "this install has no compiled library, since no C++ compiler that will do was found when it was made",
        )
    try:
        found = load(path)
    except UnusableLibrary as why:
        return path, str(why)
    if (count := environment.threads()) is not None:
        found.functions.holdfast_set_threads(count)
    return found


@cache
def _register() -> str:
    """Register the library's functions with XLA, once. Returns why XLA refuses them, or "".

    The CPU backend is started first. Otherwise XLA would check the functions only when the backend starts, and a
    library built for another version of the interface would leave the process without a CPU backend.
    """
    found = _library()
    assert isinstance(found, Library)
    try:
        import jax

        from holdfast.core.typed_jax import local_devices, pycapsule

        local_devices(backend="cpu")
        for name in HANDLERS:
            jax.ffi.register_ffi_target(name, pycapsule(getattr(found.functions, name)), platform="cpu")
    except Exception as error:  # any error of JAX, now or in a later version: another engine is used then
        return f"JAX does not take {found.path}: {str(error) or type(error).__name__}"
    return ""


def _is_cut_short(path: Path) -> bool:
    """Whether an ELF file ends before the end of its last table. Loading such a file would end the process (SIGBUS)."""
    with path.open("rb") as file:
        head = file.read(64)
    if len(head) < 64 or head[:5] != b"\x7fELF\x02":
        return False  # not ELF, or not 64-bit: the loader reports its own error
    order = "<" if head[5] == 1 else ">"
    (start,) = struct.unpack_from(order + "Q", head, 0x28)
    size, count = struct.unpack_from(order + "HH", head, 0x3A)
    return path.stat().st_size < start + size * count
