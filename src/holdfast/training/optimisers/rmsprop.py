"""RMSprop: the gradient, divided by the root of the running mean of its square.

v = decay v + (1 - decay) g^2;  w = w - rate * g / (sqrt(v) + 1e-7).

Source: Hinton 2012, Neural Networks for Machine Learning, lecture 6e. (PyTorch's decay is 0.99.)
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.training.optimisers import EPSILON, Optimiser


@dataclass(frozen=True)
class RMSprop(Optimiser):
    decay: float = setting(0.9, "decay rate of the mean of the squared gradient", least=0, most=1)
    momentum: float = setting(0.0, "momentum", least=0, most=1)

    def transformation(self, rate):
        import optax

        # By default, Optax adds EPSILON under the root; the source and PyTorch add it to the root.
        momentum = self.momentum or None
        return optax.rmsprop(rate, self.decay, eps=EPSILON, eps_in_sqrt=False, momentum=momentum)
