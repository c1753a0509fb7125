"""Compiled programs are kept on disk between runs, in the user's cache folder (``HOLDFAST_CACHE`` moves it)."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def folder() -> Path:
    """Where they are kept: ``$HOLDFAST_CACHE``, or ``holdfast`` in the system's place for caches."""
    if moved := os.environ.get("HOLDFAST_CACHE"):
        return Path(moved)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "holdfast"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "holdfast"


def keep_compiled_programs() -> None:
    """Switch JAX's persistent compilation cache on, for this process. The command does; a library does not ask."""
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
