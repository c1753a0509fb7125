"""Options of XLA for tests, which compile much and compute little: it optimises less, and emits code in its older way,
which takes half the time to compile."""

from __future__ import annotations

import mmap
from importlib.util import find_spec
from pathlib import Path

QUICK = {"xla_backend_optimization_level": "0", "xla_cpu_use_fusion_emitters": "false"}


def quick_to_compile(given: str) -> str:
    """XLA_FLAGS with the options before those that were given."""
    return " ".join((*(f"--{option}={value}" for option, value in QUICK.items() if known(option)), given)).strip()


def known(option: str) -> bool:
    """Whether jaxlib's library contains the option's name: XLA ends the process at a name that it does not know."""
    spec = find_spec("jaxlib")
    for library in Path(spec.origin).parent.glob("*jax_common*") if spec and spec.origin else ():
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(option.encode()) >= 0
    return False
