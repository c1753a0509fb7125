"""The optimisers: one file each. ``OPTIMISERS.parse("sgd+momentum=0.5")`` is the one in ``sgd.py`` with an option."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.core.component import Component, Kind
from holdfast.core.registry import Folder

if TYPE_CHECKING:
    import jax
    import optax

EPSILON = 1e-7
"""The number added to the root of the second moment, as in Keras (PyTorch and Optax use 1e-8)."""


@dataclass(frozen=True)
class Optimiser(Component, abc.ABC):
    """How a gradient changes the weights. The class has the optimiser's usual name, which is printed with results."""

    @abc.abstractmethod
    def transformation(self, rate: float | jax.Array) -> optax.GradientTransformation:
        """The optimiser as an Optax transformation. ``rate`` is the learning rate. Gradients are already clipped."""

    @property
    def title(self) -> str:
        """The name with non-default options: ``Adam``, ``SGD (momentum=0.5)``."""
        options = str(self).partition("+")[2].replace("+", ", ")
        return type(self).__name__ + (f" ({options})" if options else "")


OPTIMISERS = Kind(Folder("optimiser", "holdfast.training.optimisers", Path(__file__).parent), Optimiser)
