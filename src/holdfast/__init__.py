"""holdfast: a memory laboratory for recurrent neural networks.

The public names, few, written out. They are imported when they are first used, so that ``import holdfast``
and ``holdfast --help`` cost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.core.errors import Problem
    from holdfast.engine.files import load, save
    from holdfast.engine.initialise import build
    from holdfast.engine.network import Network
    from holdfast.engine.unroll import trace, unroll
    from holdfast.exchange.adapters import as_model
    from holdfast.models.steps import from_steps
    from holdfast.training.loop import train_networks
    from holdfast.training.settings import Settings, make_task

__version__ = "0.1.0"

_HOMES = {
    "Network": "holdfast.engine.network",
    "Problem": "holdfast.core.errors",
    "Settings": "holdfast.training.settings",
    "as_model": "holdfast.exchange.adapters",
    "build": "holdfast.engine.initialise",
    "from_steps": "holdfast.models.steps",
    "load": "holdfast.engine.files",
    "make_task": "holdfast.training.settings",
    "save": "holdfast.engine.files",
    "trace": "holdfast.engine.unroll",
    "train_networks": "holdfast.training.loop",
    "unroll": "holdfast.engine.unroll",
}

__all__ = [
    "Network",
    "Problem",
    "Settings",
    "as_model",
    "build",
    "from_steps",
    "load",
    "make_task",
    "save",
    "trace",
    "train_networks",
    "unroll",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'holdfast' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
