"""Adam: the running mean of the gradient, divided by the root of the running mean of its square.

m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w = w - rate * m' / (sqrt(v') + 1e-7), with m' = m / (1 - b1^t) and
v' = v / (1 - b2^t).

Source: Kingma & Ba 2015, arXiv:1412.6980, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.training.optimisers import EPSILON, Optimiser


@dataclass(frozen=True)
class Adam(Optimiser):
    b1: float = setting(0.9, "decay rate of the mean of the gradient", least=0, most=1)
    b2: float = setting(0.999, "decay rate of the mean of its square", least=0, most=1)

    def transformation(self, rate):
        import optax

        return optax.adam(rate, self.b1, self.b2, eps=EPSILON)
