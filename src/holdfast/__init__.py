"""holdfast: a memory laboratory for recurrent neural networks.

The public names, few, written out. They are imported when they are first used, so that ``import holdfast``
and ``holdfast --help`` cost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast import testing as testing
    from holdfast import tracking as tracking
    from holdfast.core.errors import Problem
    from holdfast.engine.files import load, save
    from holdfast.engine.initialise import build
    from holdfast.engine.network import Network
    from holdfast.engine.unroll import trace, unroll
    from holdfast.exchange.adapters import as_model
    from holdfast.models.steps import from_steps
    from holdfast.tasks import Dataset
    from holdfast.training.loop import train_networks
    from holdfast.training.settings import Settings, make_task
    from holdfast.verbs.certify import certify
    from holdfast.verbs.check import check
    from holdfast.verbs.compare import compare
    from holdfast.verbs.construct import construct
    from holdfast.verbs.explain import explain
    from holdfast.verbs.export import export
    from holdfast.verbs.import_model import import_model
    from holdfast.verbs.lab import lab
    from holdfast.verbs.refute import refute
    from holdfast.verbs.register import register
    from holdfast.verbs.show import show
    from holdfast.verbs.test import test
    from holdfast.verbs.train import train
    from holdfast.verbs.tune import tune

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "holdfast.tasks",
    "Network": "holdfast.engine.network",
    "Problem": "holdfast.core.errors",
    "Settings": "holdfast.training.settings",
    "as_model": "holdfast.exchange.adapters",
    "build": "holdfast.engine.initialise",
    "certify": "holdfast.verbs.certify",
    "check": "holdfast.verbs.check",
    "compare": "holdfast.verbs.compare",
    "construct": "holdfast.verbs.construct",
    "explain": "holdfast.verbs.explain",
    "export": "holdfast.verbs.export",
    "from_steps": "holdfast.models.steps",
    "import_model": "holdfast.verbs.import_model",
    "lab": "holdfast.verbs.lab",
    "load": "holdfast.engine.files",
    "make_task": "holdfast.training.settings",
    "refute": "holdfast.verbs.refute",
    "register": "holdfast.verbs.register",
    "save": "holdfast.engine.files",
    "show": "holdfast.verbs.show",
    "test": "holdfast.verbs.test",
    "trace": "holdfast.engine.unroll",
    "train": "holdfast.verbs.train",
    "train_networks": "holdfast.training.loop",
    "tune": "holdfast.verbs.tune",
    "unroll": "holdfast.engine.unroll",
}

MODULES = ("testing", "tracking")
"""Modules that are reached without an import of their own: ``holdfast.tracking``."""

__all__ = [
    "Dataset",
    "Network",
    "Problem",
    "Settings",
    "as_model",
    "build",
    "certify",
    "check",
    "compare",
    "construct",
    "explain",
    "export",
    "from_steps",
    "import_model",
    "lab",
    "load",
    "make_task",
    "refute",
    "register",
    "save",
    "show",
    "test",
    "trace",
    "train",
    "train_networks",
    "tune",
    "unroll",
]


def __getattr__(name: str) -> object:
    if name in MODULES:
        return importlib.import_module(f"holdfast.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'holdfast' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *MODULES, "__version__"])
