"""Adapters from ``on_check`` to experiment trackers: W&B, TensorBoard and MLflow.

Each takes an object of the tracker and returns a function for ``on_check``. Nothing is imported: the object is yours.

    run = wandb.init(project="memory")
    holdfast.train("recall", steps=30, on_check=holdfast.tracking.wandb(run))

Every network is a series of its own, ``network 3/loss``, over the training sequences that it has read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

Metrics = Mapping[str, Any]
FIGURES = ("loss", "error_sup", "accuracy")
"""The entries that are logged; the others say which network it is."""


class WandbRun(Protocol):
    """A run of W&B, as ``wandb.init()`` returns it."""

    def log(self, data: dict[str, Any]) -> Any: ...


class SummaryWriter(Protocol):
    """A writer of TensorBoard, from ``torch.utils.tensorboard`` or ``tensorboardX``."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> Any: ...


class MlflowRun(Protocol):
    """The module ``mlflow`` with an active run, or any object with its ``log_metrics``."""

    def log_metrics(self, metrics: dict[str, float], step: int) -> Any: ...


def wandb(run: WandbRun) -> Callable[[Metrics], None]:
    """Log to a run of W&B. Networks are at different points at one time, so ``sequences`` is logged as a figure of its
    own, to be chosen as the x-axis."""

    def log(metrics: Metrics) -> None:
        run.log({**figures(metrics), f"{series(metrics)}/sequences": metrics["sequences"]})

    return log


def tensorboard(writer: SummaryWriter) -> Callable[[Metrics], None]:
    """Log to a writer of TensorBoard."""

    def log(metrics: Metrics) -> None:
        for name, value in figures(metrics).items():
            writer.add_scalar(name, value, metrics["sequences"])

    return log


def mlflow(run: MlflowRun) -> Callable[[Metrics], None]:
    """Log to MLflow."""

    def log(metrics: Metrics) -> None:
        run.log_metrics(figures(metrics), step=metrics["sequences"])

    return log


def figures(metrics: Metrics) -> dict[str, float]:
    """The figures that are finite numbers, by series and name."""
    known = {name: metrics[name] for name in FIGURES if metrics.get(name) is not None}
    return {f"{series(metrics)}/{name}": float(value) for name, value in known.items() if math.isfinite(value)}


def series(metrics: Metrics) -> str:
    """The network: ``network 3``, of a search ``trial 2/network 3``, of a comparison with its configuration's key."""
    if "configuration" in metrics:
        return f"{metrics['configuration']}/network {metrics['seed']}"
    trial = f"trial {metrics['trial']}/" if "trial" in metrics else ""
    return f"{trial}network {metrics['seed']}"
