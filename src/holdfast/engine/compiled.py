"""Options for XLA and memory, and the cache of compiled programs on disk."""

from __future__ import annotations

import os

from holdfast.core import cache

_memory_is_kept = False

SMALL_LOOP_BYTES = 1_000_000
"""XLA calls the operations in a loop one by one, which costs about 0.1 microseconds a call. A loop whose data are
smaller than this is compiled as one function instead. Training a small network is then two to three times faster."""


def compile_small_loops_whole() -> None:
    """Set the XLA option for ``SMALL_LOOP_BYTES``, unless the user has set backend options. It has no effect once JAX
    has compiled anything in this process: loops are then slower, and results may differ in the last bit."""
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        option = f"--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold={SMALL_LOOP_BYTES}"
        os.environ["XLA_FLAGS"] = f"{flags} {option}".strip()


def keep_compiled_programs() -> None:
    """Switch on the cache on disk for this process: JAX's of compiled programs, and holdfast's own (``core/cache.py``).
    The command line calls this; importing the library does not."""
    from holdfast.core.typed_jax import update_config

    cache.enable()
    update_config("jax_compilation_cache_dir", str(cache.folder()))
    update_config("jax_persistent_cache_min_compile_time_secs", 0.02)
    update_config("jax_persistent_cache_min_entry_size_bytes", 0)


def keep_memory() -> None:
    """Keep freed memory for later calls instead of returning it to the system (GNU C library only; elsewhere this has
    no effect). Otherwise every call maps new pages for its large arrays, and on small networks this can take as long as
    the computation. Call it before JAX does anything. It applies to the whole process."""
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
    """Whether ``keep_memory`` was called and took effect."""
    return _memory_is_kept
