"""Stochastic gradient descent with momentum.

v = momentum v + g;  w = w - rate * v, and with Nesterov's form w = w - rate * (momentum v + g).

Source: Polyak 1964; Sutskever et al. 2013, whose v is this one times the learning rate.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.training.optimisers import Optimiser


@dataclass(frozen=True)
class SGD(Optimiser):
    momentum: float = setting(0.9, "momentum", least=0, most=1)
    nesterov: bool = setting(False, "Nesterov momentum")

    def transformation(self, rate):
        import optax

        return optax.sgd(rate, momentum=self.momentum or None, nesterov=self.nesterov)
