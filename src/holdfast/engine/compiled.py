"""How programs are compiled, and that they are kept on disk between runs (``HOLDFAST_CACHE`` moves the place)."""

from __future__ import annotations

import os
from pathlib import Path

_memory_is_kept = False

SMALL_LOOP_BYTES = 1_000_000
"""XLA runs a loop's operations one by one, each call costing about 0.1 microseconds; a loop whose data are
smaller than this it can compile into one piece. Training a small network is such a loop: two to three times faster."""


def compile_small_loops_whole() -> None:
    """Set the XLA option for it, unless the user has set such options. Once JAX has compiled anything in this
    process it has no effect: the same numbers come out, more slowly, and perhaps another last bit."""
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        option = f"--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold={SMALL_LOOP_BYTES}"
        os.environ["XLA_FLAGS"] = f"{flags} {option}".strip()


def folder() -> Path:
    """Where they are kept: ``$HOLDFAST_CACHE``, or ``holdfast`` in the system's place for caches."""
    if moved := os.environ.get("HOLDFAST_CACHE"):
        return Path(moved)
    from platformdirs import user_cache_path

    return user_cache_path("holdfast", appauthor=False)


def keep_compiled_programs() -> None:
    """Switch JAX's persistent compilation cache on, for this process. The command does; a library does not ask."""
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def keep_memory() -> None:
    """Keep memory that was given back for the next call, instead of returning it to the system (GNU C library only;
    elsewhere nothing happens). Large arrays are otherwise made of fresh pages at every call, which on small networks
    may take as long as computing with them. Call it before JAX does anything; it holds for the whole process."""
    import ctypes

    global _memory_is_kept
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    trim_threshold, mmap_max, arena_max = -1, -4, -8
    for option, value in ((mmap_max, 0), (trim_threshold, -1), (arena_max, 1)):
        mallopt(option, value)
    _memory_is_kept = True


def memory_is_kept() -> bool:
    """Whether ``keep_memory`` was called, and could do what it says."""
    return _memory_is_kept
